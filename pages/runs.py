"""All runs: what is at work and what waits, how good the others are, the way to each, and two of them side by side."""

from collections.abc import Sequence

import streamlit as st

from clf_core.results import RunSummary
from pages.components.compare import show_comparison
from pages.components.escaping import md
from pages.components.heading import title
from pages.components.leaderboard import show_choice, show_leaderboard
from pages.components.runqueue import show_queue
from pages.components.starting import empty_page
from pages.components.words import count, interval, percent
from pages.components.workbench import workbench


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


bench = workbench()
runs = bench.runs.list()
first, second = st.query_params.get("first"), st.query_params.get("second")
if not runs:
    empty_page(bench, "No runs yet", "A run is one training. Each one stays here with its result and its settings.")
    show_queue(bench)  # a search may be at work before the first run
elif first and second:
    show_comparison(bench, first, second)
else:
    title(headline(runs))
    show_queue(bench)
    choice = st.container()
    ticked = show_leaderboard(bench, runs)
    with choice:
        comparing = show_choice(runs, ticked)
    if st.button("Train another", type="secondary" if comparing else "primary", icon=":material/add:"):
        st.switch_page("train.py", query_params={"new": "1"})
