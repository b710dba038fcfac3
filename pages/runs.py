"""All runs: how they ended, how good they are with their uncertainty, and the way to each."""

import streamlit as st

from pages.components.escaping import md
from pages.components.heading import quiet, title
from pages.components.runlist import show_runs
from pages.components.starting import empty_page
from pages.components.words import count, percent
from pages.components.workbench import workbench

bench = workbench()
runs = bench.runs.list()
if not runs:
    empty_page(bench, "No runs yet", "A run is one training. Each one stays here with its result and its settings.")
else:
    newest = next((run for run in runs if "accuracy" in run.metrics), None)
    headline = count(len(runs), "run")
    if newest is not None:
        # Not 'the best': runs on different data cannot be ranked by their accuracy.
        which = "" if len(runs) == 1 else ", the newest result"
        headline += f"{which}: {percent(newest.metrics['accuracy'], 1)} right with {md(newest.name, 60)}"
    title(headline)
    quiet(
        "Dot: share of test pictures answered right. Band: what to expect on new pictures (95 % interval). "
        "Where two bands overlap much, the difference may be chance."
    )
    show_runs(runs, key="runs")
    if st.button("Train another", type="primary", icon=":material/add:"):
        st.switch_page("train.py", query_params={"new": "1"})
