"""Finding a learning rate: a range test in the background, plotted, and its suggestion taken in one press."""

from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import TUNED_PRESETS, TrainConfig
from clf_core.errors import NotFoundError
from clf_core.results import RESTING_STATES, RangeTestReport, RangeTestState
from pages.components.escaping import md
from pages.components.heading import quiet
from pages.components.palette import categorical, muted
from pages.components.problems import show_error, told_in_words
from pages.components.watching import STAGE_NAMES

RATE_KEY = "config_learning_rate"
"""Key of the form's field for the learning rate, into which the suggestion goes."""

_TEST = "rate_test"
_TICK_SECONDS = 0.5
_HEIGHT = 240
_HEADROOM = 1.6  # how far above the loss it began with the chart goes: beyond that it has exploded


def show_rate_finding(bench: Workbench, dataset_id: str, config: TrainConfig) -> None:
    """Draw the part, closed at first; only for presets that have a learning rate."""
    if config.preset not in TUNED_PRESETS:
        return
    with st.expander("Find a learning rate", icon=":material/show_chart:", key="rate_part", on_change="rerun") as part:
        if not part.open:
            return
        st.markdown(
            "A copy of the network is trained for a hundred steps at ever higher rates. Where the loss falls fast, the "
            "rate is good; where it rises, it is too high."
        )
        test = _known(bench, dataset_id, config)
        if test is None or test.state in RESTING_STATES:
            _offer(bench, dataset_id, config, again=test is not None)
        if test is not None and test.state not in RESTING_STATES:
            st.fragment(_follow, run_every=_TICK_SECONDS)(bench, test.id)
        elif test is not None:
            _show_end(test)


def _known(bench: Workbench, dataset_id: str, config: TrainConfig) -> RangeTestState | None:
    """The test made for these very settings in this session, if there is one."""
    kept = st.session_state.get(_TEST)
    if kept is None or kept[0] != _asked(dataset_id, config):
        return None
    try:
        return bench.runs.range_tests.get(kept[1])
    except NotFoundError:  # others were made since; only the latest few are kept
        return None


def _asked(dataset_id: str, config: TrainConfig) -> tuple[str, TrainConfig]:
    """What a test is about; the learning rate entered so far does not matter to it."""
    return dataset_id, config.model_copy(update={"learning_rate": None})


def _offer(bench: Workbench, dataset_id: str, config: TrainConfig, *, again: bool) -> None:
    words = "Find it once more" if again else "Find a learning rate"
    if st.button(words, icon=":material/search:", key="rate_find"):
        test = bench.runs.learning_rate_test(dataset_id, config)
        st.session_state[_TEST] = (_asked(dataset_id, config), test.id)
        st.rerun()


def _follow(bench: Workbench, identifier: str) -> None:
    with told_in_words():
        test = bench.runs.range_tests.get(identifier)
        if test.state in RESTING_STATES:
            st.rerun()
        step = "Trying rates" if test.stage == "tune" else STAGE_NAMES[test.stage]
        counted = f": {test.done:,} of {test.total:,}" if test.total else ""
        st.progress(min(1.0, test.done / test.total) if test.total else 0.0, text=f"{step}{counted}")
        if st.button("Cancel", icon=":material/close:", key="rate_cancel"):
            bench.runs.range_tests.cancel(identifier)
            st.rerun()


def _show_end(test: RangeTestState) -> None:
    if test.report is None:
        if test.error is not None:
            show_error(test.error)
        else:
            quiet("It was stopped before it found anything.")
        return
    report = test.report
    st.echarts_chart(
        rate_spec(report),
        height=_HEIGHT,
        key="rate_curve",
        alt="The loss as the learning rate rises, and the suggestion",
    )
    st.markdown(f"**Suggestion: {report.suggestion:.2g}.** {md(report.reason, 300)}")
    st.button(
        f"Use {report.suggestion:.2g}",
        icon=":material/check:",
        key="rate_use",
        on_click=_use,
        args=(report.suggestion,),
    )


def _use(rate: float) -> None:
    st.session_state[RATE_KEY] = rate


def rate_spec(report: RangeTestReport) -> dict[str, Any]:
    """Return the ECharts specification of a range test: loss over rate, the suggestion as a line."""
    first = report.points[0].loss if report.points else 1.0
    least = min((point.loss for point in report.points), default=0.0)
    top = first + _HEADROOM * max(first - least, 0.05)
    colour = categorical()[0]
    return {
        "animation": False,
        "grid": {"left": 8, "right": 24, "top": 24, "bottom": 36, "containLabel": True},
        "xAxis": {
            "type": "log",
            "name": "Learning rate",
            "nameLocation": "middle",
            "nameGap": 28,
            "splitLine": {"show": False},
        },
        "yAxis": {"type": "value", "name": "Loss", "max": round(top, 3), "scale": True},
        "series": [
            {
                "type": "line",
                "name": "loss",
                "showSymbol": False,
                "clip": True,
                "data": [[point.rate, round(point.loss, 4)] for point in report.points],
                "lineStyle": {"width": 3, "color": colour},
                "itemStyle": {"color": colour},
                "markLine": {
                    "silent": True,
                    "symbol": "none",
                    "data": [{"xAxis": report.suggestion}],
                    "lineStyle": {"type": "dashed", "width": 2, "color": muted()},
                    "label": {"formatter": f"{report.suggestion:.2g}", "color": muted(), "fontSize": 13},
                },
            }
        ],
    }
