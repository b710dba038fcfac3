"""Runs as rows with their interval and the way onward; used on the first screen and on the runs page."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import Preset
from clf_core.results import FINAL_STATES, RunSummary
from pages.components.escaping import plain
from pages.components.parts import runboard
from pages.components.presets import PRESET_NAMES
from pages.components.words import STATE_WORDS, duration, score, size, when

_PAGES = {"evaluate": "evaluate.py", "predict": "predict.py", "train": "train.py"}


def show_runs(
    bench: Workbench,
    runs: Sequence[RunSummary],
    *,
    key: str,
    ticking: dict[str, Any] | None = None,
    tick: Callable[[], None] | None = None,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Draw runs; pressing a button opens that run's page.

    Args:
        bench, runs: what is drawn.
        key: unique on the page.
        ticking, tick: as of ``parts.runboard``.
        notes: identifier of a run -> what is said under its result.
    """
    rows = [{**_row(run, bench.runs.model_bytes(run.id)), "note": (notes or {}).get(run.id, "")} for run in runs]
    chosen = runboard(rows, key=key, scale_from=scale_from(runs), ticking=ticking, tick=tick)
    if chosen and chosen.get("page") in _PAGES and any(run.id == chosen.get("run") for run in runs):
        go_to_run(_PAGES[chosen["page"]], chosen["run"])


def scale_from(runs: Sequence[RunSummary]) -> float:
    """Where the lines of the results begin, 0..0.9: a full ten below all bands, so that good runs can be told apart."""
    lows = [run.metrics["accuracy_low"] for run in runs if score(run) is not None]
    return max(0, math.ceil(min(lows, default=0.0) * 10) - 1) / 10


def go_to_run(page: str, run_id: str) -> None:
    """Open a page on one run."""
    st.switch_page(page, query_params={"model" if page == "predict.py" else "run": run_id})


def comparable(run: RunSummary) -> bool:
    """True where a run was tested, so that it can be put beside another."""
    return run.state == "done" and score(run) is not None


def _row(run: RunSummary, model_bytes: int) -> dict[str, Any]:
    name = PRESET_NAMES.get(cast(Preset, run.preset), run.preset)
    facts = [when(run.created)]
    facts += [duration(run.seconds)] if run.seconds else []
    facts += [size(model_bytes)] if model_bytes else []
    return {
        "id": run.id,
        "name": plain(run.name, 80),
        "what": f"{plain(run.dataset, 60)}, version {run.version} · {plain(name, 40)}",
        "state": run.state,
        "stateText": _state_text(run),
        "time": " · ".join(facts),
        "score": score(run),
        "tickable": comparable(run),
        "actions": [{"text": text, "page": page} for text, page in _actions(run)],
    }


def _actions(run: RunSummary) -> list[tuple[str, str]]:
    if run.state == "done":
        return [("Evaluate", "evaluate"), ("Predict", "predict"), ("Training", "train")]
    if run.state == "paused" or run.resumable:
        return [("Go on", "train")]
    return [("What happened" if run.state in FINAL_STATES else "Watch", "train")]


def _state_text(run: RunSummary) -> str:
    if run.place:
        return f"{STATE_WORDS[run.state]}, number {run.place}"
    if run.epochs and run.state in ("paused", "interrupted", "running"):
        return f"{STATE_WORDS[run.state]}, epoch {run.epochs}"
    return STATE_WORDS[run.state]
