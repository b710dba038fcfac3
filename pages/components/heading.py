"""How a page begins: one true sentence as its title, the choice it depends on beside it, quiet words under things."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator


def head() -> tuple[DeltaGenerator, DeltaGenerator]:
    """Return the places for the title (left) and for what the page is about (right; below on a narrow screen)."""
    left, right = st.columns([3, 1], gap="small", vertical_alignment="bottom")
    return left, right


def title(text: str, place: DeltaGenerator | None = None) -> None:
    """Draw the page's one sentence. ``text`` is Markdown: names in it must be escaped already."""
    (place or st).title(text, anchor=False)


def section(text: str, help_text: str | None = None) -> None:
    """Draw the heading of a part of the page."""
    st.header(text, anchor=False, help=help_text)


def quiet(text: str, place: DeltaGenerator | None = None, *, centred: bool = False) -> None:
    """Draw small grey words. Streamlit's own captions are too pale to read comfortably (contrast under 4.5)."""
    (place or st).markdown(f":small[:gray[{text}]]", text_alignment="center" if centred else "left")
