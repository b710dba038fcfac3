"""Getting ready in the background: what every page is drawn with at once, the starter model after the first screen."""

import asyncio
import importlib
import logging
import pkgutil
import threading
from collections.abc import Callable
from pathlib import Path

from streamlit import runtime

from pages.components.workbench import workbench

_PATIENCE_SECONDS = 20.0
_GRACE_SECONDS = 1.5

_DRAWN_WITH = ("pandas", "pyarrow.parquet")
"""Streamlit loads the first for any web part, the core the other for any dataset."""

_PUT_IN_ORDER_WITH = ("scipy.cluster.hierarchy",)
"""What puts the classes of a large confusion matrix in order; half a second that its page need not wait for."""

_log = logging.getLogger(__name__)
_first_screen = threading.Event()


def first_screen_drawn() -> None:
    """Tell the warm-up that a page has run. Called at the end of every page; costs nothing after the first."""
    _first_screen.set()


async def warm_up_when_idle() -> None:
    """Load what pages are made of while the browser comes up; after the first screen, the starter model.

    The model comes after the first screen and a moment for the browser's own requests.
    """
    await _quietly("What pages are made of", load_parts)
    await asyncio.to_thread(_first_screen.wait, _PATIENCE_SECONDS)
    await asyncio.sleep(_GRACE_SECONDS)
    await _quietly("The starter model", workbench().prediction.warm_up)


def load_parts() -> None:
    """Import what pages import when they first run, so that whichever is opened first finds it there."""
    for name in _DRAWN_WITH:
        importlib.import_module(name)
    if not runtime.exists():  # web parts register with it when they are imported
        return
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        importlib.import_module(f"{__package__}.{module.name}")
    for name in _PUT_IN_ORDER_WITH:
        importlib.import_module(name)


async def _quietly(what: str, load: Callable[[], object]) -> None:
    try:
        await asyncio.to_thread(load)
    except Exception as error:  # whoever needs it will be told what is wrong, and can act  # noqa: BLE001
        _log.warning("%s could not be loaded ahead of time: %s", what, error)
