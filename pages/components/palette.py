"""Colours for charts of our own. The categorical ones are read from the theme, so there is one list."""

import streamlit as st

_OKABE_ITO = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#8f7a00", "#7f7f7f")


def categorical() -> tuple[str, ...]:
    """Return the theme's categorical colours, told apart by colour-blind people."""
    return tuple(st.get_option("theme.chartCategoricalColors") or _OKABE_ITO)


def muted() -> str:
    """Return a grey that reads on the light and on the dark background."""
    return "#8592a0"
