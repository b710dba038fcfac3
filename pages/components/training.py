"""The live view of a run: read from the run's directory at every tick, so it is true after any restart."""

from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import FINAL_STATES, STAGES, CurvePoint, RunProgress, RunSummary, Stage
from pages.components.escaping import md
from pages.components.heading import quiet, title
from pages.components.palette import categorical, muted
from pages.components.parts import stages
from pages.components.preparation import in_words
from pages.components.problems import show_error, told_in_words
from pages.components.runlist import go_to_run
from pages.components.words import duration, interval, percent, score

_TICK_SECONDS = 0.5
_CURVE_HEIGHT = 280
_STRENGTHS = (0.001, 1000.0)  # ends of the axis before the first point, so that it does not move later

_STAGE_NAMES: dict[Stage, str] = {
    "prepare": "Get ready",
    "features": "Look at the pictures",
    "head": "Learn the classes",
    "test": "Test on unseen ones",
}


def show_run(bench: Workbench, run: RunSummary) -> None:
    """Draw a run in whatever state it is."""
    if run.state not in FINAL_STATES:
        st.fragment(_draw_running, run_every=_TICK_SECONDS)(bench, run.id)
    elif run.state == "done":
        _draw_done(bench, run)
    else:
        _draw_ended(bench, run)


def _draw_running(bench: Workbench, run_id: str) -> None:
    with told_in_words():
        progress = bench.runs.progress(run_id)
        if progress.run.state in FINAL_STATES:
            st.rerun()
        title(f"Training {md(progress.run.name, 60)}")
        stages(stage_data(progress, variants=bench.runs.config(run_id).augment.active), key="stages")
        _draw_curve(progress.curve)
        if st.button("Cancel", icon=":material/close:", help="Stops within two seconds. Nothing of this run is kept."):
            bench.runs.cancel(run_id)
            st.rerun()
        quiet("You can close this page or look at others: training goes on, and this page finds it again.")


def stage_data(progress: RunProgress, *, variants: bool = False) -> dict[str, Any]:
    """Return what the ``stages`` part draws; ``variants`` tells whether it learns from changed copies, too."""
    now = STAGES.index(progress.stage)
    figures = [f"{duration(progress.run.seconds)} so far"]
    if progress.total:
        figures.insert(0, f"{progress.done:,} of {progress.total:,} {_unit(progress.stage, variants)}")
    if progress.rate and progress.stage in ("features", "test"):
        figures.append(f"{progress.rate:,.0f} pictures per second")
    if progress.messages and progress.stage == "prepare":
        figures.append(progress.messages[-1])
    return {
        "stages": [
            {"name": _STAGE_NAMES[stage], "state": "done" if i < now else "now" if i == now else "todo"}
            for i, stage in enumerate(STAGES)
        ],
        "headline": _headline(progress.eta_seconds),
        "share": min(1.0, progress.done / progress.total) if progress.total else 0.0,
        "figures": figures,
        "label": f"Progress of the step: {_STAGE_NAMES[progress.stage]}",
    }


def _headline(eta: float | None) -> str:
    if eta is None:
        return "Getting ready"
    return "Almost done" if eta < 1 else f"About {duration(eta)} left"


def _unit(stage: Stage, variants: bool = False) -> str:
    if stage == "head":
        return "settings tried"
    return "pictures and variants" if stage == "features" and variants else "pictures"


def _draw_curve(points: tuple[CurvePoint, ...]) -> None:
    """Accuracy for each strength tried, on a chart that is updated in place; its place is kept from the start."""
    with st.container(border=True):
        st.markdown(
            "**How freely may it learn?** Each point is one strength tried. The simplest one that does about as "
            "well as the best on pictures kept aside wins."
        )
        st.echarts_chart(
            curve_spec(points),
            height=_CURVE_HEIGHT,
            key="curve",
            alt="Accuracy on training pictures and on pictures kept aside, for each strength tried",
        )


def curve_spec(points: tuple[CurvePoint, ...]) -> dict[str, Any]:
    """Return the ECharts specification of the curve; with no points yet, the empty axes."""
    ordered = sorted(points, key=lambda point: point.strength)
    colours, strengths = categorical(), [point.strength for point in ordered]
    series = (
        ("pictures it learns from", colours[1], [point.train_accuracy for point in ordered], -9),
        ("pictures kept aside", colours[0], [point.val_accuracy for point in ordered], 9),
    )
    # Round down to a ten below the lowest point, so that differences between good classifiers can be seen.
    lowest = max(0, int(min((v for *_, values, _ in series for v in values), default=0.5) * 10 - 0.5) * 10)
    return {
        "animation": False,
        "grid": {"left": 8, "right": 160, "top": 20, "bottom": 36, "containLabel": True},
        "xAxis": {
            "type": "log",
            "min": min([_STRENGTHS[0], *strengths]),
            "max": max([_STRENGTHS[1], *strengths]),
            "name": "Strength C (further right: freer)",
            "nameLocation": "middle",
            "nameGap": 30,
            "splitLine": {"show": False},
        },
        "yAxis": {"type": "value", "max": 100, "min": lowest, "axisLabel": {"formatter": "{value} %"}},
        "series": [
            {
                "type": "line",
                "name": name,
                "data": [[c, round(value * 100, 2)] for c, value in zip(strengths, values, strict=True)],
                "symbolSize": 8,
                "lineStyle": {"width": 3, "color": colour},
                "itemStyle": {"color": colour},
                "endLabel": {
                    "show": bool(values),
                    "formatter": "{a}",
                    "color": muted(),
                    "fontSize": 13,
                    "offset": [0, shift],
                },
            }
            for name, colour, values, shift in series
        ],
    }


def _draw_done(bench: Workbench, run: RunSummary) -> None:
    metrics, tested = run.metrics, score(run) is not None
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
        _train_again(run)
    quiet(f"Pictures: {in_words(bench.runs.config(run.id))}.")
    curve = bench.runs.progress(run.id).curve
    if curve:  # none where there was nothing to compare strengths on
        _draw_curve(curve)


def _effort(run: RunSummary) -> str:
    speed = f", {run.images_per_second:,.0f} pictures per second" if run.images_per_second else ""
    return f"Trained on {md(run.dataset)} (version {run.version}) in {duration(run.seconds)}{speed}."


def _draw_ended(bench: Workbench, run: RunSummary) -> None:
    """Failed, cancelled or interrupted: what happened, what was lost, what now."""
    progress = bench.runs.progress(run.id)
    reached = f"It ran for {duration(run.seconds)} and had reached the step '{_STAGE_NAMES[progress.stage]}'"
    unit = _unit(progress.stage, bench.runs.config(run.id).augment.active)
    reached += f" ({progress.done:,} of {progress.total:,} {unit})." if progress.total else "."
    if run.state == "cancelled":
        title(f"{md(run.name, 60)} was cancelled")
        st.markdown(f"You stopped it. {reached} No model was kept; the dataset is unchanged.")
    elif run.state == "interrupted":
        title(f"{md(run.name, 60)} was interrupted")
        st.markdown(
            "Its process ended without a word, as after a power cut or when the machine ran out of memory. "
            f"{reached} The dataset is unchanged; train again to get a model."
        )
    else:
        title(f"{md(run.name, 60)} failed")
        if run.error is not None:
            show_error(run.error, ours=run.error.kind != "input")
        quiet(f"{reached} The dataset is unchanged.")
    _train_again(run, primary=True)


def _train_again(run: RunSummary, *, primary: bool = False) -> None:
    if st.button("Train again", type="primary" if primary else "secondary", icon=":material/replay:"):
        st.switch_page("train.py", query_params={"dataset": run.dataset_id, "new": "1"})
