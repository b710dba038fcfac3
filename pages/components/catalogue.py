"""Choosing the network a training begins from: a few recommended ones, own ones, or any of timm's."""

from dataclasses import dataclass
from typing import Any, Literal

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import DEFAULT_BACKBONE
from clf_core.errors import ClfError, NotFoundError
from clf_core.results import BackboneInfo, BackboneQuery, RunSummary
from pages.components.escaping import md, plain
from pages.components.heading import quiet
from pages.components.problems import show_error
from pages.components.words import count, percent, score

_MILLION = 1_000_000
_CARD_WIDTH = 256  # pixels: four beside each other on a laptop, one on a phone
_TABLE_HEIGHT = 320
_SIZES = {"Any size": None, "Small (under 8 million)": 8, "Middling (under 35)": 35, "Large (under 120)": 120}
_EVERY = "All families"

Way = Literal["Recommended", "Your own networks", "All networks"]


@dataclass(frozen=True)
class NetworkChoice:
    """What a training begins from, as the two settings of ``TrainConfig`` say it.

    Attributes:
        backbone: name of the published network.
        continue_from: identifier of an own run whose network is gone on from; empty for the published one.
    """

    backbone: str
    continue_from: str = ""


def choose_backbone(bench: Workbench, key: str) -> str:
    """Let the person choose a published network and return its name; see ``choose_network``."""
    return _choose(bench, key, {}).backbone


def choose_network(bench: Workbench, key: str) -> NetworkChoice:
    """Let the person choose a published network or one of their own.

    The choice is kept in the session under ``key``, also while this part is not drawn.
    """
    own = {run.id: run for run in bench.runs.list() if run.state == "done"}
    return _choose(bench, key, own)


def chosen_network(key: str) -> NetworkChoice:
    """Return the choice without drawing anything; the studio's own suggestion before there was one."""
    kept = st.session_state.get(key)
    return kept if isinstance(kept, NetworkChoice) else NetworkChoice(DEFAULT_BACKBONE)


def network_title(bench: Workbench, key: str) -> str:
    """Return what people call the chosen network; not escaped."""
    choice = chosen_network(key)
    try:
        if choice.continue_from:
            return bench.runs.get(choice.continue_from).name
        return bench.backbones.card(choice.backbone).title
    except NotFoundError:
        return choice.backbone


def _choose(bench: Workbench, key: str, own: dict[str, RunSummary]) -> NetworkChoice:
    choice = chosen_network(key)
    if choice.continue_from and choice.continue_from not in own:
        choice = st.session_state[key] = NetworkChoice(choice.backbone)
    ways: list[Way] = ["Recommended", "Your own networks", "All networks"] if own else ["Recommended", "All networks"]
    way = st.segmented_control("Networks", ways, default=ways[0], required=True, key=f"{key}_way", width="stretch")
    if way == "Your own networks":
        _show_own(own, choice, key)
    elif way == "All networks":
        _show_all(bench, key)
    else:
        _show_recommended(bench, choice, key)
    choice = chosen_network(key)
    _show_card(bench, choice, own, key)
    return choice


def _take(key: str, choice: NetworkChoice) -> None:
    st.session_state[key] = choice


def _button(name: str, choice: NetworkChoice, current: NetworkChoice, key: str, place: str) -> None:
    chosen = choice == current
    st.button(
        "Chosen" if chosen else f"Use {name}",
        key=f"{key}_{place}",
        icon=":material/check:" if chosen else None,
        disabled=chosen,
        on_click=_take,
        args=(key, choice),
    )


def _show_recommended(bench: Workbench, current: NetworkChoice, key: str) -> None:
    with st.container(horizontal=True, gap="small"):
        for number, info in enumerate(info for info in bench.backbones.list() if info.recommended):
            with st.container(border=True, width=_CARD_WIDTH, key=f"{key}_card_{number}"):
                st.markdown(f"**{md(info.title)}**")
                st.markdown(md(info.good_for, 400))
                quiet(" · ".join(_short_figures(info)))
                _button(md(info.title), NetworkChoice(info.name), current, key, f"recommended_{number}")


def _show_own(own: dict[str, RunSummary], current: NetworkChoice, key: str) -> None:
    quiet("It keeps what it has learned, and learns your new classes; they need not be the same as before.")
    with st.container(horizontal=True, gap="small"):
        for number, run in enumerate(own.values()):
            with st.container(border=True, width=_CARD_WIDTH, key=f"{key}_own_{number}"):
                st.markdown(f"**{md(run.name, 60)}**")
                reached = score(run)
                told = f"{md(str(reached['text']))} on " if reached else "Trained on "
                st.markdown(f"{told}{md(run.dataset, 60)}")
                quiet(md(run.backbone or "small network", 60))
                choice = NetworkChoice(current.backbone, run.id)
                _button("this network", choice, current, key, f"mine_{number}")


def _show_all(bench: Workbench, key: str) -> None:
    families = {family.key: f"{family.title} ({family.count})" for family in bench.backbones.families()}
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input("Search", key=f"{key}_text", placeholder="such as swin tiny 224", width=230)
        family = st.selectbox(
            "Family",
            [_EVERY, *families],
            format_func=lambda name: families.get(name, name),
            key=f"{key}_family",
            width=260,
        )
        size = st.selectbox("Weights", list(_SIZES), key=f"{key}_size", width=230)
        here = st.toggle("On this machine", key=f"{key}_here")
        free = st.toggle("Free for commercial use", key=f"{key}_free")
    most = _SIZES[size]
    page = bench.backbones.search(
        BackboneQuery(
            text=text,
            family=None if family == _EVERY else family,
            most_parameters=None if most is None else most * _MILLION,
            on_machine=here,
            commercial=free,
            order="accuracy",
            descending=True,
            limit=3000,
        )
    )
    quiet(f"{count(page.total, 'network')}. A click on a column's name sorts by it; a click on a row chooses it.")
    if page.total:
        table = f"{key}_table_{hash((text, family, size, here, free))}"  # a new list has no row selected
        event = st.dataframe(
            _rows(page.backbones),
            column_config=_columns(),
            height=_TABLE_HEIGHT,
            hide_index=True,
            selection_mode="single-row",
            on_select="rerun",
            key=table,
        )
        _take_row(event, page.backbones, key, table)


def _take_row(event: Any, shown: tuple[BackboneInfo, ...], key: str, table: str) -> None:
    """Choose the row just selected, once: a choice made elsewhere later is not undone by it."""
    rows = event["selection"]["rows"]
    if rows != st.session_state.get(f"{table}_taken", []):
        st.session_state[f"{table}_taken"] = rows
        if rows and rows[0] < len(shown):
            _take(key, NetworkChoice(shown[rows[0]].name))
            st.rerun()  # what stands above names the network, too


def _rows(shown: tuple[BackboneInfo, ...]) -> dict[str, list[Any]]:
    return {
        "Name": [info.name for info in shown],
        "Family": [info.family_title for info in shown],
        "Million weights": [info.parameters / _MILLION for info in shown],
        "Pixels": [info.input_size for info in shown],
        "ImageNet %": [None if info.accuracy is None else info.accuracy * 100 for info in shown],
        "Pictures/s here": [info.speed for info in shown],
        "Here": [info.on_machine for info in shown],
        "Licence": [info.licence or "not stated" for info in shown],
    }


def _columns() -> dict[str, Any]:
    column = st.column_config
    return {
        "Name": column.TextColumn(width="large"),
        "Million weights": column.NumberColumn(format="%.1f", help="Without the last layer"),
        "Pixels": column.NumberColumn(help="Side of the square it was published for"),
        "ImageNet %": column.NumberColumn(
            format="%.1f", help="Published share of right answers among ImageNet's 1,000 classes; empty: no figure here"
        ),
        "Pictures/s here": column.NumberColumn(format="%.0f", help="Once it was measured, or a run has used it"),
        "Here": column.CheckboxColumn(help="Its weights are on this machine"),
    }


def _show_card(bench: Workbench, choice: NetworkChoice, own: dict[str, RunSummary], key: str) -> None:
    """Show all that is known of the chosen network, and whether it can be had."""
    with st.container(border=True, key=f"{key}_chosen"):
        if choice.continue_from:
            run = own[choice.continue_from]
            st.markdown(f"**Goes on from your network {md(run.name, 60)}** (trained on {md(run.dataset, 60)})")
            return
        try:
            info = bench.backbones.card(choice.backbone)
        except NotFoundError:
            # Several sets of weights may go by this name; which is meant, timm knows when it is loaded.
            st.markdown(f"**{md(choice.backbone)}**")
            return
        st.markdown(f"**{md(info.title)}** · {md(info.good_for, 500)}")
        with st.container(gap=None):
            for line in _long_figures(info):
                quiet(line)
        _show_availability(bench, info)
        _offer_measuring(bench, info, key)


def _show_availability(bench: Workbench, info: BackboneInfo) -> None:
    if info.on_machine:
        return
    try:
        bench.backbones.check(info.name)
    except ClfError as error:
        show_error(error)
    else:
        words = f"About {info.download_megabytes} MB are downloaded once, when the training starts."
        st.info(words, icon=":material/download:")


def _offer_measuring(bench: Workbench, info: BackboneInfo, key: str) -> None:
    if not info.prepared or info.speed_source == "measured":
        return
    if st.button("Measure its speed here", key=f"{key}_measure", icon=":material/speed:", help="Takes about a second."):
        with st.spinner("Measuring"):
            bench.backbones.measure(info.name)
        st.rerun()


def _short_figures(info: BackboneInfo) -> list[str]:
    figures = [f"{info.parameters / _MILLION:.1f} million weights"]
    if info.accuracy is not None:
        figures.append(f"{percent(info.accuracy)} on ImageNet")
    if info.speed is not None:
        figures.append(f"{info.speed:,.0f} pictures/s here")
    figures.append("on this machine" if info.on_machine else f"{info.download_megabytes} MB to download")
    return figures


def _long_figures(info: BackboneInfo) -> list[str]:
    accuracy = "not published here"
    if info.accuracy is not None:
        accuracy = f"{percent(info.accuracy, 1)} at {info.accuracy_size} pixels ({md(info.accuracy_source)})"
    speed = "not known yet; noted after the first training with it"
    if info.speed is not None:
        least = "" if info.speed_source == "measured" else "at least "
        speed = f"{least}{info.speed:,.0f} pictures per second"
    use = {True: "commercial use allowed", False: "no commercial use", None: "read it before commercial use"}
    sizes = "built anew for another size" if info.fixed_size else "other sizes as well"
    return [
        f"{info.parameters / _MILLION:.1f} million weights · sees {info.input_size} pixels, {sizes}",
        f"Right answers on ImageNet: {accuracy}",
        f"Speed here: {speed}",
        f"Licence: {md(info.licence) or 'not stated'} ({use[info.commercial]}) · from {md(plain(info.source))}",
    ]
