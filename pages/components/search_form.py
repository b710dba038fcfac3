"""The form that starts a search: what is tried, how long, and what that means, said before it starts."""

from dataclasses import dataclass
from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import (
    PRESETS,
    SEARCHED_SETTINGS,
    Preset,
    SearchConfig,
    SearchedSetting,
    TrainConfig,
    search_config,
)
from clf_core.errors import ConfigError
from clf_core.results import DatasetSummary, SearchForecast
from pages.components.escaping import md, plain
from pages.components.forms import config_fields
from pages.components.heading import quiet, section
from pages.components.presets import PRESET_NAMES
from pages.components.problems import show_problem
from pages.components.search_words import SEARCHED, config_words
from pages.components.words import count, duration

_OWN = ""
_RUNS_OFFERED = 20
_ENOUGH_TO_COMPARE = 50
"""With fewer validation pictures, one more or less right is over 2 percent."""
_LABELS = {
    "slots": "Trials at once",
    "pruning": "Break off trials that lag behind",
    "judge": "Compare by",
    "seed": "Seed",
    "settings": "What to try",
    "presets": "Ways to train to choose from",
    "backbones": "Pretrained networks to choose from",
    "minutes": "Minutes",
    "trials": "Number of settings",
}


@dataclass(frozen=True)
class Kind:
    """A search one can start with one choice."""

    title: str
    words: str
    settings: tuple[SearchedSetting, ...]
    presets: tuple[Preset, ...]
    base: Preset
    minutes: int


KINDS: dict[str, Kind] = {
    "quick": Kind(
        "Quick look",
        "Networks on this machine, shape and variants of the pictures. Seconds for each try.",
        ("backbone", "augment", "fit"),
        ("quick",),
        "quick",
        3,
    ),
    "deeper": Kind(
        "Deeper",
        "The same, and whether the network itself should learn, and how fast. Up to minutes for each try.",
        ("preset", "backbone", "augment", "fit", "learning_rate"),
        ("quick", "balanced", "thorough"),
        "quick",
        20,
    ),
    "network": Kind(
        "A small network of its own",
        "Layers, filters, batch norm, dropout and learning rate of a network that begins knowing nothing.",
        ("network", "learning_rate", "augment"),
        ("scratch",),
        "scratch",
        10,
    ),
}


def search_form(bench: Workbench, dataset: DatasetSummary) -> SearchConfig | None:
    """Draw the form and return what was entered; None while it cannot be used, and the page says why."""
    with st.container(border=True):
        kind = KINDS[_choose_kind()]
        base = _choose_base(bench, dataset, kind)
        budget = _choose_budget(kind)
    return _checked(
        {
            "base": base.model_dump(),
            "settings": kind.settings,
            "presets": kind.presets,
            **budget,
            **_advanced(bench, kind),
        }
    )


def forecast_words(forecast: SearchForecast, config: SearchConfig) -> str:
    """Return what will happen, in a sentence."""
    at_once = "one at a time" if forecast.at_once == 1 else f"{forecast.at_once} at a time"
    settings = count(forecast.trials, "set of settings", "sets of settings")
    after = " Then the best is trained as an ordinary run, which is tested once." if config.train_winner else ""
    limit = None if config.minutes is None else config.minutes * 60
    if limit is not None and forecast.seconds > 0.9 * limit and limit >= 60:
        return f"About {settings} in {config.minutes:g} {'minute' if limit == 60 else 'minutes'}, {at_once}.{after}"
    return f"About {settings} in {duration(forecast.seconds)}, {at_once}.{after}"


def _choose_kind() -> str:
    section("What to try")
    return str(
        st.radio(
            "What to try",
            list(KINDS),
            format_func=lambda key: KINDS[key].title,
            captions=[kind.words for kind in KINDS.values()],
            key="search_kind",
            label_visibility="collapsed",
        )
    )


def _choose_base(bench: Workbench, dataset: DatasetSummary, kind: Kind) -> TrainConfig:
    """Settings to begin from: the studio's own, or those of an earlier run on this dataset."""
    runs = {run.id: run for run in bench.runs.list() if run.state == "done" and run.dataset_id == dataset.id}
    configs = {identifier: bench.runs.config(identifier) for identifier in list(runs)[:_RUNS_OFFERED]}
    fitting = {key: config for key, config in configs.items() if config.preset in kind.presets}
    own = TrainConfig(preset=kind.base)
    if not fitting:
        return own
    asked = st.query_params.get("from")
    options = [_OWN, *fitting]

    def shown(key: str) -> str:
        if key == _OWN:
            return "The studio's own settings"
        return f"{plain(runs[key].name, 60)} ({config_words(fitting[key])})"

    chosen = st.selectbox(
        "Begin from",
        options,
        index=options.index(asked) if asked in options else 0,
        format_func=shown,
        key=f"search_base_{kind.title}",
        help="The first settings that are tried. What is not searched keeps its value from them.",
    )
    return fitting.get(chosen, own)


def _choose_budget(kind: Kind) -> dict[str, Any]:
    section("How long")
    way = st.segmented_control(
        "How long", ["minutes", "trials"], format_func=_LABELS.__getitem__, default="minutes", required=True,
        key="search_budget", label_visibility="collapsed",
    )  # fmt: skip
    if way == "trials":
        number = st.number_input(
            _LABELS["trials"], 1, 10_000, 20, key="search_trials", help=SearchConfig.model_fields["trials"].description
        )
        return {"trials": number}
    minutes = st.number_input(
        _LABELS["minutes"], 0.5, 10_000.0, float(kind.minutes), step=1.0, format="%g",
        key=f"search_minutes_{kind.title}", help=SearchConfig.model_fields["minutes"].description,
    )  # fmt: skip
    return {"minutes": minutes}


def _advanced(bench: Workbench, kind: Kind) -> dict[str, Any]:
    """Everything else, with its sentence of help; nothing where it was not opened."""
    with st.expander("Advanced", icon=":material/tune:", key="search_advanced", on_change="rerun") as advanced:
        if not advanced.open:
            return {}
        left, right = st.columns(2, gap="large")
        with left:
            st.markdown("**What is tried**")
            entered = _what(bench, kind)
        with right:
            st.markdown("**How**")
            entered |= config_fields(
                SearchConfig, ("slots", "pruning", "judge", "seed"), labels=_LABELS, key=f"search_{kind.base}"
            )
    return entered


def _what(bench: Workbench, kind: Kind) -> dict[str, Any]:
    fields = SearchConfig.model_fields
    entered: dict[str, Any] = {
        "settings": st.pills(
            _LABELS["settings"], SEARCHED_SETTINGS, selection_mode="multi", default=kind.settings,
            format_func=SEARCHED.__getitem__, key=f"search_settings_{kind.title}", help=fields["settings"].description,
        )
    }  # fmt: skip
    if "preset" in entered["settings"]:
        entered["presets"] = st.pills(
            _LABELS["presets"], PRESETS, selection_mode="multi", default=kind.presets,
            format_func=PRESET_NAMES.__getitem__, key=f"search_presets_{kind.title}",
            help=fields["presets"].description,
        )  # fmt: skip
    if "backbone" in entered["settings"]:
        known = [info.name for info in bench.backbones.list()]
        entered["backbones"] = st.multiselect(
            _LABELS["backbones"], known, accept_new_options=True, key="search_backbones",
            placeholder="Those on this machine", help=fields["backbones"].description,
        )  # fmt: skip
    return entered


def _checked(entered: dict[str, Any]) -> SearchConfig | None:
    try:
        return search_config(entered)
    except ConfigError as error:
        show_problem(f"'{_LABELS.get(error.field, error.field)}' cannot be used", error.why or error.what)
        return None


def show_forecast(bench: Workbench, dataset: DatasetSummary, config: SearchConfig) -> None:
    """Say what will happen and by what it is judged."""
    st.markdown(f"**{forecast_words(bench.searches.forecast(dataset.id, config), config)}**")
    val = dataset.splits.get("val", 0)
    quiet(
        f"Each try learns from the training pictures and is judged by {count(val, 'validation picture')}; "
        f"test pictures are never shown. {_doubt(val)}The first try is {md(config_words(config.base), 80)} as it is."
    )


def _doubt(val: int) -> str:
    if val >= _ENOUGH_TO_COMPARE:
        return ""
    return "So few cannot tell small differences from chance: trust large ones only. "
