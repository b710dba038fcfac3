"""The parts of the page Evaluate, and opening one of them."""

import streamlit as st

MIXUPS, CLASSES, MISTAKES, DOUBT = "Mix-ups", "Classes", "Mistakes", "Not sure"
CURVES, SLICES, SHORTCUT, FIGURES = "Curves", "Slices", "Background", "Figures"

TAB_KEY = "view"


def open_tab(tab: str) -> None:
    """Open a part of the page. Called before the tabs are drawn, or when a button is pressed."""
    st.session_state[TAB_KEY] = tab
