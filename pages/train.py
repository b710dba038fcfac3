"""Start a training and watch it. Which run is watched lives in the address, so a reload finds it."""

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from clf_core.api import Workbench
from clf_core.config import TUNED_PRESETS, TrainConfig
from clf_core.errors import NotFoundError
from clf_core.results import RESTING_STATES, Advice, DatasetSummary, Judging, PresetCard, RunSummary
from pages.components.escaping import md
from pages.components.heading import head, section, title
from pages.components.pickers import choose_dataset
from pages.components.preparation import in_words, show_preparation
from pages.components.presets import PRESET_NAMES, about, chosen_preset, show_presets
from pages.components.problems import show_error
from pages.components.rate_finding import show_rate_finding
from pages.components.settings import LABELS, show_settings
from pages.components.starting import empty_page
from pages.components.training import show_run
from pages.components.words import count
from pages.components.workbench import workbench

_DOUBLE_CLICK_SECONDS = 5.0
_AGAIN = ", then learns from them too"


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
    going = next((run for run in bench.runs.list() if run.state not in RESTING_STATES), None)
    if going is not None:
        st.query_params["run"] = going.id
    return going


def show_form(bench: Workbench, dataset: DatasetSummary, place: DeltaGenerator) -> None:
    """Presets, what will happen, Preparation, Advanced, warnings, Train."""
    problems = bench.datasets.problems_before_training(dataset.id)
    title(f"Train on {md(dataset.name, 60)}", place)
    preset = chosen_preset(recommended(bench.plans.cards(dataset.id, TrainConfig())))
    cards_place, plan, preparation = st.container(), st.container(border=True), st.container()
    config = show_settings(bench, preset, len(dataset.classes))
    usable = config or TrainConfig(preset=preset)
    if dataset.splits.get("train"):  # without training pictures there is nothing to show it on
        with preparation:
            usable = TrainConfig.model_validate({**dict(usable), **show_preparation(bench, dataset, usable)})
    if config is not None and not problems:
        show_rate_finding(bench, dataset.id, usable)
    cards = bench.plans.cards(dataset.id, usable)
    with cards_place:
        show_presets(cards, preset)
    with plan:
        show_plan(bench, dataset, usable)
    show_advice(bench.plans.advice(dataset.id, usable))
    if problems:
        st.warning(" ".join(md(problem, 400) for problem in problems), icon=":material/info:")
    card = next(card for card in cards if card.preset == preset)
    if pressed_train(problems, usable=config is not None, card=card):
        run = start_once(bench, dataset, usable)
        st.session_state["last_run"] = run.id
        st.query_params.from_dict({"run": run.id})
        st.rerun()


def recommended(cards: tuple[PresetCard, ...]) -> str:
    """The preset to begin with."""
    return next(card.preset for card in cards if card.recommended)


def pressed_train(problems: tuple[str, ...], *, usable: bool, card: PresetCard) -> bool:
    """The one button, with what it starts and how long that takes beside it."""
    with st.container(horizontal=True, vertical_alignment="center"):
        pressed = st.button(
            "Train",
            type="primary",
            icon=":material/play_arrow:",
            disabled=bool(problems) or not usable,
            help=problems[0] if problems else None,
        )
        takes = about(card.seconds, at_most=card.at_most)
        st.markdown(
            f"{PRESET_NAMES[card.preset]}: **{takes[:1].lower() + takes[1:]}** on this machine", width="content"
        )
    return pressed and usable


def show_advice(advice: tuple[Advice, ...]) -> None:
    """What is unusual about the settings; nothing is forbidden by it."""
    for item in advice:
        st.warning(f"**{md(LABELS.get(item.field, item.field))}.** {md(item.text, 600)}", icon=":material/lightbulb:")


def start_once(bench: Workbench, dataset: DatasetSummary, config: TrainConfig) -> RunSummary:
    """Start the training; a double click, or the same wish from a second tab, gets the run just started."""
    for run in bench.runs.list()[:1]:
        just_started = time.time() - run.created < _DOUBLE_CLICK_SECONDS
        same_data = (run.dataset_id, run.version) == (dataset.id, dataset.version)
        if just_started and same_data and bench.runs.config(run.id) == config:
            return run
    return bench.runs.start(dataset.id, config)


def show_plan(bench: Workbench, dataset: DatasetSummary, config: TrainConfig) -> None:
    """What will happen, in three lines with this dataset's numbers."""
    splits = dataset.splits
    train, test = splits.get("train", 0), splits.get("test", 0)
    tested = (
        f"It is tested once on {test:,} it has never seen (test split)."
        if test
        else ("It cannot be tested: no pictures were set aside for that (test split).")
    )
    judging = bench.plans.judging(dataset.id, config)
    judged = _judged_in_epochs(config, judging) if config.preset in TUNED_PRESETS else _judged(dataset, judging)
    section("What will happen")
    st.markdown(
        f"1. It looks at {count(train, 'picture')} to learn from, {in_words(config)}.\n2. {judged}\n3. {tested}"
    )


def _judged(dataset: DatasetSummary, judging: Judging) -> str:
    if judging.validation:
        again = _AGAIN if judging.again else ""
        return f"It chooses its settings with {judging.validation:,} others (validation split){again}."
    if dataset.splits.get("train", 0) <= len(dataset.classes):
        return "It chooses its settings without comparing any: there are too few pictures for that."
    return "It chooses its settings by holding some back."


def _judged_in_epochs(config: TrainConfig, judging: Judging) -> str:
    rounds = f"for {config.minutes:g} minutes" if config.minutes else "again and again, in epochs"
    if config.epochs:
        rounds = f"in {count(config.epochs, 'epoch')}"
    others = [f"{judging.validation:,} others (validation split)"] if judging.validation else []
    if judging.borrowed:
        others.append("some of them that are held back at first")
    if not others:
        return f"It goes through them {rounds}, with none to judge by in between (validation split)."
    stops = "" if config.minutes else ", and stops early once nothing gets better"
    again = _AGAIN if judging.again else ""
    return f"It goes through them {rounds}, keeps what does best on {' and '.join(others)}{stops}{again}."


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
