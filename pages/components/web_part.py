"""A web part (Streamlit Components v2) of files in ``web/``. Texts reach it through ``textContent`` only."""

from pathlib import Path
from typing import Any

import streamlit as st

_WEB = Path(__file__).with_name("web")


def web_part(name: str, html: str = "") -> Any:
    """Register a part and return what draws it.

    Args:
        name: of its files ``<name>.css`` and ``<name>.js``; that of its element's class, too.
        html: what it begins with; empty reads ``<name>.html``.
    """
    css = "".join((_WEB / f"{part}.css").read_text("utf-8") for part in ("base", name))
    script, page = _WEB / f"{name}.js", _WEB / f"{name}.html"
    return st.components.v2.component(
        f"studio_{name}", html=html or page.read_text("utf-8"), css=css, js=script.read_text("utf-8")
    )


def nothing() -> None:
    """Components v2 report an event only where a callback is given; the returned value is read instead."""
