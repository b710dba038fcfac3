"""The web server's entry: ``streamlit run app.py``. Routes, security headers and warm-up; screens live in pages/."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware

from pages.components.problems import show_fault
from pages.components.serving import SecurityHeaders, refuse_foreign_hosts, routes
from pages.components.warmup import warm_up_when_idle

logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


@asynccontextmanager
async def lifespan(_app: Any) -> AsyncIterator[None]:
    """Get ready in the background while the server serves, so that nobody waits for it."""
    task = asyncio.create_task(warm_up_when_idle())
    try:
        yield
    finally:
        task.cancel()


app = st.App(
    Path(__file__).with_name("pages") / "navigation.py",
    routes=routes(),
    middleware=[refuse_foreign_hosts(), Middleware(SecurityHeaders)],
    lifespan=lifespan,
    on_script_error=show_fault,
)
