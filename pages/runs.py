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
    scored = [run for run in runs if "accuracy" in run.metrics]
    best = max(scored, key=lambda run: run.metrics["accuracy_low"], default=None)
    headline = count(len(runs), "run")
    if best is not None:
        headline += f", the best {percent(best.metrics['accuracy'], 1)} right: {md(best.name, 60)}"
    title(headline)
    quiet(
        "Dot: share of test pictures answered right. Band: what to expect on new pictures (95 % interval). "
        "Where two bands overlap much, the difference may be chance."
    )
    show_runs(runs, key="runs")
    if st.button("Train another", type="primary", icon=":material/add:"):
        st.switch_page("train.py", query_params={"new": "1"})
