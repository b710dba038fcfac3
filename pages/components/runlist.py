"""Runs as rows with their interval and the way onward; used on the first screen and on the runs page."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from clf_core.results import FINAL_STATES, RunSummary
from pages.components.escaping import plain
from pages.components.parts import runboard
from pages.components.words import STATE_WORDS, duration, score, when

_PAGES = {"evaluate": "evaluate.py", "predict": "predict.py", "train": "train.py"}


def show_runs(runs: Sequence[RunSummary], *, key: str) -> None:
    """Draw runs; pressing a button opens that run's page."""
    chosen = runboard([_row(run) for run in runs], key=key)
    if chosen and chosen.get("page") in _PAGES and any(run.id == chosen.get("run") for run in runs):
        go_to_run(_PAGES[chosen["page"]], chosen["run"])


def go_to_run(page: str, run_id: str) -> None:
    """Open a page on one run."""
    st.switch_page(page, query_params={"model" if page == "predict.py" else "run": run_id})


def _row(run: RunSummary) -> dict[str, Any]:
    if run.state == "done":
        actions = [{"text": "Evaluate", "page": "evaluate"}, {"text": "Predict", "page": "predict"}]
    else:
        actions = [{"text": "What happened" if run.state in FINAL_STATES else "Watch", "page": "train"}]
    return {
        "id": run.id,
        "name": plain(run.name, 80),
        "what": f"{plain(run.dataset, 60)}, version {run.version} · {run.preset}",
        "state": run.state,
        "stateText": STATE_WORDS[run.state],
        "time": f"{when(run.created)} · {duration(run.seconds)}",
        "score": score(run),
        "actions": actions,
    }
