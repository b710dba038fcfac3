"""The presets as cards to choose from: how long each takes here, what to expect of it, and which one is recommended."""

from collections.abc import Sequence
from typing import cast

import streamlit as st

from clf_core.config import PRESETS, Preset
from clf_core.results import PresetCard
from pages.components.parts import preset_cards
from pages.components.words import duration

PRESET_NAMES: dict[Preset, str] = {
    "quick": "Quick",
    "balanced": "Balanced",
    "thorough": "Thorough",
    "full": "Full",
    "scratch": "From scratch",
}

_CHOSEN = "preset"
_PART = "presets"


def chosen_preset(recommended: Preset) -> Preset:
    """Return the preset in use: the one a person chose or came here with, else the recommended one."""
    asked = st.query_params.get("preset")
    if asked in PRESETS and asked != st.session_state.get("preset_asked"):
        st.session_state["preset_asked"] = st.session_state[_CHOSEN] = asked
    kept = st.session_state.get(_CHOSEN)
    return cast(Preset, kept) if kept in PRESETS else recommended


def show_presets(cards: Sequence[PresetCard], chosen: Preset) -> None:
    """Draw the cards; pressing one makes it the chosen one."""
    preset_cards([_card(card) for card in cards], chosen, key=_PART, take=_take)


def about(seconds: float, *, at_most: bool = False) -> str:
    """Return 'About 40 seconds', or 'Up to 3 minutes' where it may end earlier; no more exact than it can be."""
    return f"{'Up to' if at_most else 'About'} {_roughly(seconds)}"


def _roughly(seconds: float) -> str:
    if seconds < 20:
        return duration(seconds)
    if seconds < 90:
        return f"{5 * round(seconds / 5)} seconds"
    if seconds < 5400:
        return f"{round(seconds / 60)} minutes"
    return f"{round(seconds / 3600)} hours"


def _card(card: PresetCard) -> dict[str, str]:
    return {
        "id": card.preset,
        "name": PRESET_NAMES[card.preset],
        "badge": "Recommended" if card.recommended else "",
        "time": about(card.seconds, at_most=card.at_most),
        "basis": "on this machine, by earlier runs" if card.measured else "on this machine",
        "what": card.what,
        "quality": card.quality,
        "reason": f"Recommended: {card.reason}." if card.reason else "",
    }


def _take() -> None:
    chosen = st.session_state[_PART].choose
    if chosen in PRESETS:  # it comes from a browser
        st.session_state[_CHOSEN] = chosen
