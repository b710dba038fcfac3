"""A run at work: read from the run's directory at every tick, so it is true in every tab and after any restart."""

from typing import Any, cast

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import TUNED_PRESETS, Preset, TrainConfig
from clf_core.results import FINAL_STATES, PanelAnswer, RunProgress, RunSummary, Stage, stages_of
from pages.components.curves import draw_epoch_curves, draw_head_curve
from pages.components.escaping import md, plain
from pages.components.heading import quiet, title
from pages.components.parts import panel, stages
from pages.components.problems import told_in_words
from pages.components.runqueue import draw_turn
from pages.components.serving import thumbnail_url
from pages.components.words import duration, percent, size

_TICK_SECONDS = 0.5
_PLACES = 8
_THUMBNAIL = 192
_ENDLESS = 100_000  # epochs beyond which a limit of time rules

STAGE_NAMES: dict[Stage, str] = {
    "prepare": "Get ready",
    "decode": "Open the pictures",
    "features": "Look at the pictures",
    "head": "Learn the classes",
    "rates": "Try learning rates",
    "tune": "Learn in epochs",
    "finish": "Make it quick",
    "test": "Test on unseen ones",
}


def watch(bench: Workbench, run: RunSummary) -> None:
    """Draw a run that waits or is at work, and follow it."""
    st.fragment(_draw, run_every=_TICK_SECONDS)(bench, run.id)


def _draw(bench: Workbench, run_id: str) -> None:
    with told_in_words():
        progress = bench.runs.progress(run_id)
        state = progress.run.state
        if state in FINAL_STATES or state == "paused":
            st.rerun()
        if state == "queued":
            _draw_queued(bench, progress.run)
            return
        config = bench.runs.config(run_id)
        title(f"Training {md(progress.run.name, 60)}")
        stages(stage_data(progress, config), key="stages")
        _draw_controls(bench, progress)
        if progress.run.preset in TUNED_PRESETS:
            draw_learning(progress)
        else:
            draw_head_curve(progress.curve)
        quiet("You can close this page or look at others: training goes on, and this page finds it again.")


def _draw_queued(bench: Workbench, run: RunSummary) -> None:
    title(f"{md(run.name, 60)} waits for its turn")
    draw_turn(run.place, first=lambda: bench.runs.move(run.id, 1), cancel=lambda: bench.runs.cancel(run.id))


def stage_data(progress: RunProgress, config: TrainConfig) -> dict[str, Any]:
    """Return what the ``stages`` part draws."""
    order = progress.stages or stages_of(cast(Preset, progress.run.preset))
    now = order.index(progress.stage) if progress.stage in order else 0
    names = stage_names(cast(Preset, progress.run.preset))
    return {
        "stages": [
            {"name": names[stage], "state": "done" if i < now else "now" if i == now else "todo"}
            for i, stage in enumerate(order)
        ],
        "step": f"Step {now + 1} of {len(order)}: {names[order[now]]}",
        "headline": _headline(progress),
        "share": _share(progress),
        "figures": _figures(progress, config),
        "label": f"Progress of the step: {names[order[now]]}",
    }


def _share(progress: RunProgress) -> float:
    """Share of this step that is done; of the time, where a limit of time rules."""
    if progress.total:
        return min(1.0, progress.done / progress.total)
    if progress.stage != "tune" or progress.eta_seconds is None:
        return 0.0
    return progress.run.seconds / max(1e-9, progress.run.seconds + progress.eta_seconds)


def stage_names(preset: Preset) -> dict[Stage, str]:
    """Return what the stages of a preset are called."""
    fitted_first = preset in TUNED_PRESETS and "head" in stages_of(preset)
    return STAGE_NAMES | ({"head": "Fit the last layer"} if fitted_first else {})


def _headline(progress: RunProgress) -> str:
    wish, eta = progress.run.wish, progress.eta_seconds
    if wish:
        return "Pausing" if wish == "pause" else "Finishing with the best so far"
    if eta is None:
        return "Getting ready"
    if eta < 1:
        return "Almost done"
    return f"{'Up to' if progress.at_most else 'About'} {duration(eta)} left"


def _figures(progress: RunProgress, config: TrainConfig) -> list[str]:
    so_far = f"{duration(progress.run.seconds)} so far"
    if progress.stage == "tune" and progress.step is not None:
        return [*_epoch_figures(progress), so_far]
    figures = [so_far]
    if progress.total:
        unit = unit_of(progress.stage, config)
        figures.insert(0, f"{progress.done:,} of {progress.total:,} {unit}")
    if progress.rate and progress.stage in ("decode", "features", "test"):
        figures.append(f"{progress.rate:,.0f} pictures per second")
    if progress.messages and progress.stage in ("prepare", "rates", "finish"):
        figures.append(plain(progress.messages[-1], 160))
    return figures


def _epoch_figures(progress: RunProgress) -> list[str]:
    step = progress.step
    if step is None:
        return []
    of = f" of {step.epochs:,}" if step.epochs < _ENDLESS else ""
    figures = [f"epoch {step.epoch:,}{of}", f"batch {step.batch:,} of {step.batches:,}"]
    speeds = [point.images_per_second for point in progress.epochs if point.images_per_second > 0]
    if speeds:
        figures.append(f"{speeds[-1]:,.0f} pictures per second")
    figures.append(f"learning rate {step.learning_rate:.2g}")
    if step.memory_bytes:
        figures.append(f"{size(step.memory_bytes)} of memory")
    return figures


def unit_of(stage: Stage, config: TrainConfig) -> str:
    """Return what is counted in a stage."""
    if stage == "head":
        return "pictures and settings tried" if config.preset == "full" else "settings tried"
    if stage in ("rates", "tune"):
        return "batches"
    return "pictures and variants" if stage == "features" and config.varies else "pictures"


def _draw_controls(bench: Workbench, progress: RunProgress) -> None:
    """What can be done to it, and what is lost by each."""
    run, wished = progress.run, progress.run.wish
    if run.preset not in TUNED_PRESETS:
        if st.button("Cancel", icon=":material/close:", help="Stops within two seconds. Nothing of this run is kept."):
            bench.runs.cancel(run.id)
            st.rerun()
        return
    pause, stop, cancel = (column.container(gap="xsmall") for column in st.columns(3, gap="small"))
    with pause:
        if st.button("Pause", icon=":material/pause:", width="stretch", disabled=bool(wished)):
            bench.runs.pause(run.id)
            st.rerun()
        quiet("Nothing is lost: it goes on later from where it was.")
    with stop:
        label = "Stop and keep the best"
        if st.button(label, icon=":material/flag:", width="stretch", disabled=wished == "stop"):
            bench.runs.stop(run.id)
            st.rerun()
        quiet(lost_by_stopping(progress))
    with cancel:
        if st.button("Cancel", icon=":material/close:", width="stretch"):
            bench.runs.cancel(run.id)
            st.rerun()
        quiet("Everything of this run is lost, and no model is kept.")


def lost_by_stopping(progress: RunProgress) -> str:
    """Return what becomes of a run that is stopped now."""
    best = best_words(progress)
    return f"Only the epochs to come are lost; the best so far is kept{best and f': {best}'}."


def best_words(progress: RunProgress) -> str:
    """Return 'epoch 3, 94 % of the validation pictures right' for the best epoch so far; empty before there is one."""
    best = next((point for point in reversed(progress.epochs) if point.best), None)
    if best is None:
        return ""
    right = "" if best.val_accuracy is None else f", {percent(best.val_accuracy)} of the validation pictures right"
    return f"epoch {best.epoch}{right}"


def draw_learning(progress: RunProgress) -> None:
    """Curves at the left, what it says of a few pictures at the right, the coach under them; their places are kept."""
    step = progress.step
    curves, pictures = st.columns([3, 2], gap="medium")
    with curves:
        draw_epoch_curves(progress.epochs, step.epochs if step is not None else 0)
    with pictures:
        with st.container(border=True, gap="small"):
            st.markdown("**What it learns**: its answers on pictures it does not learn from")
            label = "Validation pictures and what the network says of them"
            panel(panel_items(progress.panel), key="panel", label=label)
        _draw_coach(progress)


def panel_items(answers: tuple[PanelAnswer, ...]) -> list[dict[str, str]]:
    """Return what the ``panel`` part draws; places without an answer yet stay empty."""
    items = []
    for answer in answers[:_PLACES]:
        right = answer.predicted == answer.true
        said, true = plain(answer.predicted, 60), plain(answer.true, 60)
        sure = percent(answer.probability)
        items.append(
            {
                "src": thumbnail_url(answer.sha256, _THUMBNAIL),
                "alt": f"A picture of {true}; it says {said}, {sure}",
                "tone": "right" if right else "wrong",
                "said": said,
                "sure": sure if right else f"{sure}; it is {true}",
                "share": f"{100 * answer.probability:.0f}%",
            }
        )
    empty = {"src": "", "alt": "", "tone": "", "said": "", "sure": "", "share": "0%"}
    return items + [dict(empty) for _ in range(_PLACES - len(items))]


def _draw_coach(progress: RunProgress) -> None:
    words = list(progress.coach[:2]) or ["After the first epochs, this line says how it goes."]
    with st.container(border=True, key="coach"):
        st.markdown(":material/school: **How it goes.** " + " ".join(md(line, 400) for line in words))
