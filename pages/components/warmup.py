"""Getting the starter model ready in the background, only after the first screen has been drawn."""

import asyncio
import logging
import threading

from pages.components.workbench import workbench

_PATIENCE_SECONDS = 20.0
_GRACE_SECONDS = 1.5

_log = logging.getLogger(__name__)
_first_screen = threading.Event()


def first_screen_drawn() -> None:
    """Tell the warm-up that a page has run. Called at the end of every page; costs nothing after the first."""
    _first_screen.set()


async def warm_up_when_idle() -> None:
    """Wait for the first screen, leave the browser a moment for its own requests, then load the starter model."""
    await asyncio.to_thread(_first_screen.wait, _PATIENCE_SECONDS)
    await asyncio.sleep(_GRACE_SECONDS)
    try:
        await asyncio.to_thread(workbench().prediction.warm_up)
    except Exception as error:  # the first picture will say what is wrong, to the person who can act  # noqa: BLE001
        _log.warning("The starter model could not be loaded ahead of time: %s", error)
