"""All runs: what is at work and what waits, how the others ended, how good they are, and the way to each."""

from collections.abc import Callable, Sequence

import streamlit as st

from clf_core.results import RunSummary
from pages.components.escaping import md, plain
from pages.components.heading import quiet, title
from pages.components.runlist import show_runs
from pages.components.runqueue import show_queue
from pages.components.starting import empty_page
from pages.components.words import count, interval, percent
from pages.components.workbench import workbench

_SHOWN = 25
_ALL = ""

_ORDERS: dict[str, Callable[[RunSummary], float]] = {
    "Newest": lambda run: -run.created,
    "Most accurate": lambda run: -run.metrics.get("accuracy", -1.0),
    "Quickest": lambda run: run.seconds if run.state == "done" else float("inf"),
}


def headline(runs: Sequence[RunSummary]) -> str:
    """How many there are, and the newest result; Markdown."""
    said = count(len(runs), "run")
    newest = next((run for run in runs if "accuracy" in run.metrics), None)
    if newest is None:
        return said
    # Not 'the best': runs on different data cannot be ranked by their accuracy.
    which = "" if len(runs) == 1 else ", the newest result"
    metrics, name = newest.metrics, md(newest.name, 60)
    expected = interval(metrics["accuracy_low"], metrics["accuracy_high"])
    return f"{said}{which}: {percent(metrics['accuracy'], 1)} right with {name}, expect {expected}"


def choose_shown(runs: Sequence[RunSummary]) -> list[RunSummary]:
    """The runs of one dataset or of all, in the order asked for."""
    datasets = {run.dataset_id: plain(run.dataset, 60) for run in runs}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        order = st.segmented_control("Order", list(_ORDERS), default="Newest", required=True, key="runs_order")
        dataset = _ALL
        if len(datasets) > 1:
            names = {_ALL: "All datasets", **datasets}
            dataset = st.selectbox("Dataset", list(names), format_func=names.__getitem__, key="runs_dataset", width=260)
    shown = [run for run in runs if dataset in (_ALL, run.dataset_id)]
    return sorted(shown, key=_ORDERS[order or "Newest"])


bench = workbench()
runs = bench.runs.list()
if not runs:
    empty_page(bench, "No runs yet", "A run is one training. Each one stays here with its result and its settings.")
else:
    title(headline(runs))
    show_queue(bench)
    shown = choose_shown(runs) if len(runs) > 1 else list(runs)
    quiet(
        "Dot: share of test pictures answered right. Band: what to expect on new pictures (95 % interval). "
        "Where two bands overlap much, the difference may be chance; on different datasets they cannot be compared."
    )
    pages = -(-len(shown) // _SHOWN)
    number = st.pagination(pages, key="runs_page") if pages > 1 else 1
    show_runs(bench, shown[(number - 1) * _SHOWN : number * _SHOWN], key="runs")
    if st.button("Train another", type="primary", icon=":material/add:"):
        st.switch_page("train.py", query_params={"new": "1"})
