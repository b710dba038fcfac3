"""Start a training and watch it. Which run is watched lives in the address, so a reload finds it."""

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from clf_core.api import Workbench
from clf_core.config import TrainConfig, train_config
from clf_core.errors import ConfigError, NotFoundError
from clf_core.results import FINAL_STATES, DatasetSummary, RunSummary
from pages.components.escaping import md
from pages.components.forms import config_fields
from pages.components.heading import head, section, title
from pages.components.pickers import choose_dataset
from pages.components.preparation import in_words, show_preparation
from pages.components.problems import show_error, show_problem
from pages.components.starting import empty_page
from pages.components.training import show_run
from pages.components.words import count, duration
from pages.components.workbench import workbench

_DOUBLE_CLICK_SECONDS = 5.0

_LABELS = {
    "backbone": "Pretrained network",
    "device": "Processor",
    "selection": "How the strength is chosen",
    "strengths": "Strengths to try (C)",
    "folds": "Parts for cross-validation",
    "refit": "Learn from the validation pictures too, at the end",
    "seed": "Seed",
}
_GROUPS = {"Model": ("backbone", "device"), "Learning": ("selection", "strengths", "folds", "refit", "seed")}


def watched_run(bench: Workbench) -> RunSummary | None:
    """The run in the address; else one that is going on, unless a new one is to be started."""
    asked = st.query_params.get("run")
    if asked:
        try:
            return bench.runs.get(asked)
        except NotFoundError as error:
            show_error(error)
            del st.query_params["run"]
    if "new" in st.query_params:
        return None
    going = next((run for run in bench.runs.list() if run.state not in FINAL_STATES), None)
    if going is not None:
        st.query_params["run"] = going.id
    return going


def show_form(bench: Workbench, dataset: DatasetSummary, place: DeltaGenerator) -> None:
    """Preset, what will happen, Preparation, Advanced, Train."""
    problems = bench.datasets.problems_before_training(dataset.id)
    title(f"Train on {md(dataset.name, 60)}", place)
    left, right = st.columns([3, 2], gap="medium")
    with left.container(border=True, height="stretch"):
        time_place = show_preset()
    plan, preparation = right.container(border=True, height="stretch"), st.container()
    config = show_advanced(bench)
    if dataset.splits.get("train"):  # without training pictures there is nothing to show it on
        with preparation:
            prepared = show_preparation(bench, dataset, config or TrainConfig())
        config = config and config.model_copy(update=prepared)
    with plan:
        show_plan(dataset, config or TrainConfig())
    if config is not None:
        time_place.markdown(f"**About {duration(bench.runs.estimate(dataset.id, config))}** on this machine")
    if problems:
        st.warning(" ".join(md(problem, 400) for problem in problems), icon=":material/info:")
    pressed = st.button(
        "Train",
        type="primary",
        icon=":material/play_arrow:",
        disabled=bool(problems) or config is None,
        help=problems[0] if problems else None,
    )
    if pressed and config is not None:
        run = start_once(bench, dataset, config)
        st.session_state["last_run"] = run.id
        st.query_params.from_dict({"run": run.id})
        st.rerun()


def start_once(bench: Workbench, dataset: DatasetSummary, config: TrainConfig) -> RunSummary:
    """Start the training; a double click, or the same wish from a second tab, gets the run just started."""
    for run in bench.runs.list()[:1]:
        just_started = time.time() - run.created < _DOUBLE_CLICK_SECONDS
        same_data = (run.dataset_id, run.version) == (dataset.id, dataset.version)
        if just_started and same_data and bench.runs.config(run.id) == config:
            return run
    return bench.runs.start(dataset.id, config)


def show_preset() -> DeltaGenerator:
    """The preset card; returns the place for the time, which is known once the settings are."""
    section(":material/bolt: Quick :blue-badge[Recommended]")
    st.markdown(
        "A network that already knows pictures stays as it is; only its last layer learns your classes. "
        "Good from about ten pictures per class."
    )
    return st.empty()


def show_plan(dataset: DatasetSummary, config: TrainConfig) -> None:
    """What will happen, in three lines with this dataset's numbers."""
    splits = dataset.splits
    val = splits.get("val", 0)
    judged_on = f"with {val:,} others (validation split), then learns from them too" if val else "by holding some back"
    if not val and splits.get("train", 0) <= len(dataset.classes):
        judged_on = "without comparing any: there are too few pictures for that"
    test = splits.get("test", 0)
    tested = (
        f"It is tested once on {test:,} it has never seen (test split)."
        if test
        else ("It cannot be tested: no pictures were set aside for that (test split).")
    )
    section("What will happen")
    st.markdown(
        f"1. It looks at {count(splits.get('train', 0), 'picture')} to learn from, {in_words(config)}.\n"
        f"2. It chooses its settings {judged_on}.\n"
        f"3. {tested}"
    )


def show_advanced(bench: Workbench) -> TrainConfig | None:
    """Every setting with its sentence of help; None while something entered cannot be used."""
    with st.expander("Advanced", icon=":material/tune:", key="advanced", on_change="rerun") as advanced:
        if not advanced.open:
            return TrainConfig()
        entered = {}
        suggestions = {"backbone": [info.name for info in bench.backbones.list()]}
        for place, (title, names) in zip(st.columns(2, gap="large"), _GROUPS.items(), strict=True):
            with place:
                st.markdown(f"**{title}**")
                entered |= config_fields(TrainConfig, names, labels=_LABELS, suggestions=suggestions, key="config")
    try:
        return train_config(entered)
    except ConfigError as error:
        # The words of the form, not the names the terminal has for its settings.
        show_problem(f"'{_LABELS.get(error.field, error.field)}' cannot be used", error.why or error.what)
        return None


bench = workbench()
run = watched_run(bench)
if run is not None:
    st.session_state["last_run"] = run.id
    show_run(bench, run)
else:
    heading, choice = head()
    with choice:
        current = choose_dataset(bench)
    if current is None:
        empty_page(bench, "Nothing to train on yet", "Training needs pictures of at least two classes.")
    else:
        show_form(bench, current, heading)
