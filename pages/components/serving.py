"""What the server answers besides pages: thumbnails by address, uploads, and headers that keep a browser safe."""

import re

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from clf_core.errors import ClfError
from pages.components.capturing import capture_routes
from pages.components.exporting import export_routes
from pages.components.uploading import upload_routes
from pages.components.workbench import workbench

_SIZE = re.compile(r"[0-9]{1,4}")

# Only this server may be asked for anything: a hostile name that slips into Markdown still sends no request.
# Streamlit's front end needs inline styles, evaluates Vega expressions and loads web parts from blob addresses.
_POLICY = "; ".join(
    (
        "default-src 'self'",
        "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "font-src 'self' data:",
        "connect-src 'self' ws: wss: data: blob:",
        "worker-src 'self' blob:",
        "object-src 'none'",
        "base-uri 'self'",
        "form-action 'self'",
        "frame-ancestors 'self'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), microphone=(), geolocation=()",
}


class SecurityHeaders:
    """ASGI middleware that puts the headers above on every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers if scope["type"] == "http" else send)


def refuse_foreign_hosts() -> Middleware:
    """Return a guard against DNS rebinding on every route; Streamlit's own covers only the WebSocket."""
    return Middleware(
        TrustedHostMiddleware, allowed_hosts=st.get_option("server.allowedHosts") or ["*"], www_redirect=False
    )


def routes() -> list[Route]:
    """Return the routes of our own."""
    return [
        Route("/thumb/{sha256}", thumbnail, methods=["GET"]),
        Route("/drawn/{run}/{part}/{name}", drawn, methods=["GET"]),
        *upload_routes(),
        *capture_routes(),
        *export_routes(),
    ]


async def thumbnail(request: Request) -> Response:
    """Answer /thumb/<sha256>?size=384 with a newly encoded small WEBP; never with the file as it was uploaded.

    Which identifiers and sizes there are is the store's to say.
    """
    sha256, size = request.path_params["sha256"], request.query_params.get("size", "384")
    if not _SIZE.fullmatch(size):
        return PlainTextResponse("No such picture", status_code=404)
    try:
        data = await run_in_threadpool(workbench().datasets.thumbnail, sha256, int(size))
    except ClfError:
        return PlainTextResponse("No such picture", status_code=404)
    return Response(data, media_type="image/webp", headers={"Cache-Control": "private, max-age=31536000, immutable"})


async def drawn(request: Request) -> Response:
    """Answer /drawn/<run>/<part>/<name> with a picture that the background work on a run has drawn."""
    where = [request.path_params[name] for name in ("run", "part", "name")]
    try:
        data = await run_in_threadpool(workbench().insights.picture, *where)
    except ClfError:
        return PlainTextResponse("No such picture", status_code=404)
    return Response(data, media_type="image/webp", headers={"Cache-Control": "private, max-age=86400"})


def drawn_url(run_id: str, part: str, name: str) -> str:
    """Return the address of a picture that the background work on a run has drawn."""
    return f"{_base()}/drawn/{run_id}/{part}/{name}"


def thumbnail_url(sha256: str, size: int = 384) -> str:
    """Return the address of a thumbnail."""
    return f"{_base()}/thumb/{sha256}?size={size}"


def _base() -> str:
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""
