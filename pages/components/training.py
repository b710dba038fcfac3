"""A run in whatever state it is: watched while it works, then told: the verdict, or what happened and what now."""

from typing import cast

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import TUNED_PRESETS, Preset
from clf_core.errors import ConfigError
from clf_core.results import RESTING_STATES, RunProgress, RunSummary
from pages.components.curves import draw_epoch_curves, draw_head_curve
from pages.components.escaping import md
from pages.components.heading import quiet, title
from pages.components.preparation import in_words
from pages.components.presets import PRESET_NAMES
from pages.components.problems import show_error
from pages.components.runlist import go_to_run
from pages.components.settings import chosen_words
from pages.components.watching import best_words, draw_learning, lost_by_stopping, stage_names, unit_of, watch
from pages.components.words import count, duration, interval, percent, score, size

_MORE_EPOCHS = 5


def show_run(bench: Workbench, run: RunSummary) -> None:
    """Draw a run in whatever state it is."""
    if run.state not in RESTING_STATES:
        watch(bench, run)
    elif run.state == "done":
        _draw_done(bench, run)
    elif run.state == "paused":
        _draw_paused(bench, run)
    else:
        _draw_ended(bench, run)


def _draw_done(bench: Workbench, run: RunSummary) -> None:
    metrics, tested = run.metrics, score(run) is not None
    progress = bench.runs.progress(run.id)
    if tested:
        expected = interval(metrics["accuracy_low"], metrics["accuracy_high"])
        title(f"Done: {percent(metrics['accuracy'], 1)} of the test pictures right")
        st.markdown(f"On new pictures like these expect {expected}. {_effort(run)}")
    else:
        title("Done")
        st.markdown(f"There were no test pictures to check it with. {_effort(run)}")
    with st.container(horizontal=True):
        if tested and st.button("See how good it is", type="primary", icon=":material/fact_check:"):
            go_to_run("evaluate.py", run.id)
        kind = "secondary" if tested else "primary"
        if st.button("Try it on a picture", type=kind, icon=":material/image_search:"):
            go_to_run("predict.py", run.id)
        if run.epochs and run.kept_bytes:
            _extend(bench, run)
        _train_again(run)
    quiet(_made_how(bench, run, progress))
    _draw_curves(progress)


def _extend(bench: Workbench, run: RunSummary) -> None:
    if st.button(
        f"Train {_MORE_EPOCHS} more epochs",
        icon=":material/trending_up:",
        help="Goes on from where this one ended, as a new run beside it, so that both can be compared. "
        f"What it needs for that takes {size(run.kept_bytes)} on disk.",
    ):
        _watch_instead(bench.runs.extend(run.id, _MORE_EPOCHS))


def _made_how(bench: Workbench, run: RunSummary, progress: RunProgress) -> str:
    """How the pictures were prepared, which epoch was kept, what the studio chose itself; Markdown."""
    sentences = [f"Pictures: {in_words(bench.runs.config(run.id))}."]
    kept = best_words(progress)
    if kept:
        sentences.append(f"Kept: {kept}.")
    chosen = chosen_words(bench.runs.chosen(run.id))
    if chosen:
        sentences.append(f"Chosen by the studio: {', '.join(chosen)}.")
    return "  \n".join(sentences)


def _effort(run: RunSummary) -> str:
    name = PRESET_NAMES.get(cast(Preset, run.preset), run.preset)
    speed = f", {run.images_per_second:,.0f} pictures per second" if run.images_per_second else ""
    epochs = f" and {count(run.epochs, 'epoch')}" if run.epochs else ""
    return f"{name}, on {md(run.dataset)} (version {run.version}), in {duration(run.seconds)}{epochs}{speed}."


def _draw_curves(progress: RunProgress) -> None:
    if progress.epochs:
        draw_epoch_curves(progress.epochs, progress.epochs[-1].epoch)
    if progress.curve:  # none where there was nothing to compare strengths on
        draw_head_curve(progress.curve)


def _draw_paused(bench: Workbench, run: RunSummary) -> None:
    progress = bench.runs.progress(run.id)
    title(f"{md(run.name, 60)} is paused {_at_epoch(run)}")
    st.markdown(f"It was at work for {duration(run.seconds)}. Everything is saved, and it goes on from exactly there.")
    resume, stop, cancel = (column.container(gap="xsmall") for column in st.columns(3, gap="small"))
    with resume:
        _resume(bench, run)
        quiet("It waits for its turn if another run is at work.")
    with stop:
        if st.button("Stop and keep the best", icon=":material/flag:", width="stretch"):
            bench.runs.stop(run.id)
            st.rerun()
        quiet(lost_by_stopping(progress))
    with cancel:
        if st.button("Cancel", icon=":material/close:", width="stretch"):
            bench.runs.cancel(run.id)
            st.rerun()
        quiet(f"Everything of this run is lost, and {size(run.kept_bytes)} are freed.")
    draw_learning(progress)


def _at_epoch(run: RunSummary) -> str:
    return f"after epoch {run.epochs}" if run.epochs else "before its first epoch was done"


def _draw_ended(bench: Workbench, run: RunSummary) -> None:
    """Failed, cancelled or interrupted: what happened, what was lost, what now."""
    progress = bench.runs.progress(run.id)
    name = md(run.name, 60)
    if run.state == "cancelled":
        title(f"{name} was cancelled")
        st.markdown(f"You stopped it. {_reached(bench, progress)} No model was kept; the dataset is unchanged.")
    elif run.state == "interrupted":
        title(f"{name} was interrupted{f' at epoch {run.epochs}' if run.epochs else ''}")
        if run.error is not None:
            show_error(run.error)
        st.markdown(f"{_reached(bench, progress)} The dataset is unchanged.")
    else:
        title(f"{name} failed")
        if run.error is not None:
            show_error(run.error, ours=run.error.kind != "input")
        quiet(f"{_reached(bench, progress)} The dataset is unchanged.")
    _draw_ways_on(bench, run)
    _draw_curves(progress)


def _draw_ways_on(bench: Workbench, run: RunSummary) -> None:
    with st.container(horizontal=True):
        if run.resumable:
            _resume(bench, run)
        has_best = run.resumable and run.kept_bytes and run.preset in TUNED_PRESETS
        if has_best and st.button("Stop and keep the best", icon=":material/flag:"):
            bench.runs.stop(run.id)
            st.rerun()
        if run.state in ("failed", "interrupted") and run.preset in TUNED_PRESETS:
            _smaller_batch(bench, run)
        _train_again(run, primary=not run.resumable)


def _resume(bench: Workbench, run: RunSummary) -> None:
    where = f"Resume after epoch {run.epochs}" if run.epochs and run.kept_bytes else "Resume"
    if st.button(
        where, type="primary", icon=":material/play_arrow:", width="stretch" if run.state == "paused" else "content"
    ):
        bench.runs.resume(run.id)
        st.rerun()


def _smaller_batch(bench: Workbench, run: RunSummary) -> None:
    """Where memory ran out: the same with half the batch, in one press."""
    told = f"{run.error.what} {run.error.why} {run.error.remedy}" if run.error is not None else ""
    if "memory" not in told:
        return
    try:
        smaller = bench.runs.with_smaller_batch(run.id)
    except ConfigError:
        return
    if st.button(f"Train again with batches of {smaller.batch_size}", icon=":material/compress:"):
        _watch_instead(bench.runs.start(run.dataset_id, smaller))


def _reached(bench: Workbench, progress: RunProgress) -> str:
    run, config = progress.run, bench.runs.config(progress.run.id)
    name = stage_names(config.preset)[progress.stage]
    reached = f"It ran for {duration(run.seconds)} and had reached the step '{name}'"
    if not progress.total or progress.stage == "tune":
        done = f", {count(run.epochs, 'epoch')} done" if run.epochs else ""
        return f"{reached}{done}."
    return f"{reached} ({progress.done:,} of {progress.total:,} {unit_of(progress.stage, config)})."


def _train_again(run: RunSummary, *, primary: bool = False) -> None:
    if st.button("Train again", type="primary" if primary else "secondary", icon=":material/replay:"):
        st.switch_page("train.py", query_params={"dataset": run.dataset_id, "preset": run.preset, "new": "1"})


def _watch_instead(run: RunSummary) -> None:
    st.session_state["last_run"] = run.id
    st.query_params.from_dict({"run": run.id})
    st.rerun()
