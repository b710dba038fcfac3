"""What to try next after a result, each with its reason and one button that does it."""

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import EvaluationReport, Proposal, RunSummary
from pages.components.classes import ask_to_merge
from pages.components.escaping import md
from pages.components.evaluate_tabs import MISTAKES, MIXUPS, open_tab
from pages.components.heading import quiet, section
from pages.components.mixups import open_cell
from pages.components.pickers import remembered
from pages.components.runlist import go_to_run
from pages.components.ways_in import ask_for_pictures
from pages.components.words import times

_SOURCES = {
    "test": "seen in this test",
    "validation": "seen while it trained, on the validation pictures",
    "settings": "from its settings",
    "dataset": "from the dataset",
}
_OFTEN = 5


def show_next_step(bench: Workbench, run: RunSummary, proposal: Proposal | None) -> None:
    """Draw the most promising thing to do; nothing where nothing speaks for any."""
    if proposal is not None:
        _draw(bench, run, proposal, lead="Next: ")


def show_proposals(
    bench: Workbench, run: RunSummary, report: EvaluationReport, *, shown: Proposal | None = None
) -> None:
    """Draw the proposals for a run; nothing where there are none.

    Args:
        bench: the facade.
        run: the run.
        report: its result.
        shown: the one that stands on the page already.
    """
    known = (run.id, report.evaluated)
    proposals = remembered("evaluate_proposals", known, lambda: bench.evaluation.proposals(run.id))
    others = [proposal for proposal in proposals if shown is None or proposal.key != shown.key]
    if others:
        section("What else to try" if shown is not None else "What to try next")
    for proposal in others:
        _draw(bench, run, proposal)
    if any(proposal.source == "test" for proposal in proposals):
        quiet(_honesty(report))
    if proposals and st.button("Let the studio look for better settings", icon=":material/tune:", type="tertiary"):
        st.switch_page("tune.py", query_params={"dataset": run.dataset_id, "from": run.id, "new": "1"})


def _draw(bench: Workbench, run: RunSummary, proposal: Proposal, lead: str = "") -> None:
    with st.container(border=True):
        words, action = st.columns([4, 1], vertical_alignment="center")
        with words:
            source = _SOURCES[proposal.source]
            st.markdown(
                f"**{lead}{md(proposal.title, 200)}**  \n{md(proposal.why, 500)} :small[:gray[({source})]]",
                width="stretch",
            )
        with action:
            _action(bench, run, proposal)


def _action(bench: Workbench, run: RunSummary, proposal: Proposal) -> None:
    key = f"proposal_{run.id}_{proposal.key}"
    if proposal.config is not None:
        if st.button("Train with this", key=key, icon=":material/play_arrow:", width="stretch"):
            started = bench.runs.start(run.dataset_id, proposal.config)
            st.session_state["last_run"] = started.id
            go_to_run("train.py", started.id)
    elif proposal.key == "labels":
        st.button("See them", key=key, icon=":material/flag:", width="stretch", on_click=open_tab, args=(MISTAKES,))
    elif proposal.key == "pair":
        shown = (run.id, proposal.label, proposal.other)
        st.button("See them", key=key, icon=":material/grid_on:", width="stretch", on_click=_open_cell, args=shown)
    elif proposal.key == "merge":
        if st.button("Merge them", key=key, icon=":material/merge:", width="stretch"):
            ask_to_merge(bench.datasets.get(run.dataset_id), (proposal.label, proposal.other))
            st.switch_page("data.py", query_params={"dataset": run.dataset_id})
    elif st.button("Add pictures", key=key, icon=":material/add_photo_alternate:", width="stretch"):
        ask_for_pictures(run.dataset_id, proposal.label)
        st.switch_page("data.py", query_params={"dataset": run.dataset_id})


def _open_cell(run_id: str, true: str, said: str) -> None:
    open_cell(run_id, true, said)
    open_tab(MIXUPS)


def _honesty(report: EvaluationReport) -> str:
    """Say what choosing by the test pictures does to their figure."""
    looked = f"This result was looked at {times(report.looks)}; each look is noted."
    if report.looks >= _OFTEN:
        looked = f"This result was looked at {report.looks:,} times already, so its figure flatters by now."
    return (
        f"{looked} Whoever often chooses by the test pictures gets a figure that flatters: what was changed to please "
        "them looks better on them than on new ones. For the final word, test on pictures set aside since."
    )
