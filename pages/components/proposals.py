"""What to try next after a result, each with its reason and one button that does it."""

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import EvaluationReport, Proposal, RunSummary
from pages.components.escaping import md
from pages.components.heading import quiet, section
from pages.components.runlist import go_to_run
from pages.components.words import count

_SOURCES = {
    "test": "seen in this test",
    "validation": "seen while it trained, on the validation pictures",
    "settings": "from its settings",
    "dataset": "from the dataset",
}
_OFTEN = 5


def show_proposals(bench: Workbench, run: RunSummary, report: EvaluationReport) -> None:
    """Draw the proposals for a run; nothing where there are none."""
    proposals = bench.evaluation.proposals(run.id)
    if not proposals:
        return
    section("What to try next")
    for proposal in proposals:
        with st.container(border=True):
            words, action = st.columns([4, 1], vertical_alignment="center")
            with words:
                _words(proposal)
            with action:
                _action(bench, run, proposal)
    if any(proposal.source == "test" for proposal in proposals):
        quiet(_honesty(report))
    if st.button("Let the studio look for better settings", icon=":material/tune:", type="tertiary"):
        st.switch_page("tune.py", query_params={"dataset": run.dataset_id, "from": run.id, "new": "1"})


def _words(proposal: Proposal) -> None:
    source = _SOURCES[proposal.source]
    st.markdown(f"**{md(proposal.title, 200)}**  \n{md(proposal.why, 500)} :small[:gray[({source})]]", width="stretch")


def _action(bench: Workbench, run: RunSummary, proposal: Proposal) -> None:
    key = f"proposal_{run.id}_{proposal.key}"
    if proposal.config is None:
        if st.button("Add pictures", key=key, icon=":material/add_photo_alternate:", width="stretch"):
            st.switch_page("data.py", query_params={"dataset": run.dataset_id})
        return
    if st.button("Train with this", key=key, icon=":material/play_arrow:", width="stretch"):
        started = bench.runs.start(run.dataset_id, proposal.config)
        st.session_state["last_run"] = started.id
        go_to_run("train.py", started.id)


def _honesty(report: EvaluationReport) -> str:
    """Say what choosing by the test pictures does to their figure."""
    looked = f"This test was looked at {count(report.looks, 'time')}; each look is noted."
    if report.looks >= _OFTEN:
        looked = f"This test was looked at {report.looks:,} times already, so its figure flatters by now."
    return (
        f"{looked} Whoever often chooses by the test pictures gets a figure that flatters: what was changed to please "
        "them looks better on them than on new ones. For the final word, test on pictures set aside since."
    )
