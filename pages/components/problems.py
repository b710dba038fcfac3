"""How something that went wrong is told: what happened, why, what to do. Never a traceback."""

import logging
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

import streamlit as st

from clf_core.errors import CancelledError, ClfError
from clf_core.results import ErrorWords
from pages.components.escaping import md

_log = logging.getLogger(__name__)


def show_problem(what: str, why: str = "", remedy: str = "", *, ours: bool = False) -> None:
    """Draw one problem. ``ours`` marks a fault of the studio rather than of the input."""
    lines = [f"**{_sentence(what)}**"]
    lines += [_sentence(part) for part in (why, remedy) if part]
    body = "  \n".join(lines)
    if ours:
        st.error(body, icon=":material/error:")
    else:
        st.warning(body, icon=":material/info:")


def show_error(error: ClfError | ErrorWords, *, ours: bool = False) -> None:
    """Draw an error of the core."""
    show_problem(error.what, error.why, error.remedy, ours=ours)


@contextmanager
def told_in_words() -> Iterator[None]:
    """Turn whatever the block raises into words on the page. Wraps every page once, and every fragment."""
    try:
        yield
    except CancelledError:
        st.info("Stopped. Nothing was changed.", icon=":material/stop_circle:")
    except ClfError as error:
        show_error(error)
    except Exception as error:  # the last net: a person must never meet a traceback  # noqa: BLE001
        show_fault(error)


def show_fault(error: Exception) -> bool:
    """Log an unexpected exception under a short number and show that number. True tells Streamlit it is handled."""
    number = secrets.token_hex(3)
    _log.error("fault %s", number, exc_info=error)
    show_problem(
        "Something went wrong inside the studio",
        f"This is a fault of ours; the server's log holds the details under number {number}",
        "Reload the page. Your datasets and runs are safe on disk",
        ours=True,
    )
    return True


def _sentence(text: str) -> str:
    text = md(text.strip(), limit=600)
    return text if text.endswith((".", "?", "\\.", "\\?", "\\!")) else f"{text}."
