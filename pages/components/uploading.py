"""The routes by which a browser sends files: in pieces, straight to disk, by those who have opened the studio's page.

A POST begins an upload or finds it again, PUTs bring pieces, GET tells how much is here, DELETE discards. The
routes stand beside Streamlit's own protections, so each request must carry a token that a page of ours has handed
out, and whoever changes anything must come from a page of the same host. Answers are JSON: how things stand, or
what happened, why, and what to do.
"""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import Awaitable, Callable
from typing import Any

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clf_core.errors import ClfError, NotFoundError, SourceError, StateError, StorageError
from clf_core.results import Upload
from pages.components.origin import same_origin
from pages.components.workbench import workbench

PIECE_BYTES = 8 * 2**20
"""What a browser sends in one request."""

_MOST_BODY_BYTES = PIECE_BYTES + 2**16
_MOST_JSON_BYTES = 2**14
_BLOCK_BYTES = 2**20
"""What is held in memory of a request before it goes to disk."""

_TOKEN_SECONDS = 12 * 3600
_STATUS: tuple[tuple[type[ClfError], int], ...] = (
    (NotFoundError, 404),
    (StateError, 409),
    (SourceError, 413),
    (StorageError, 507),
)

Handler = Callable[[Request], Awaitable[Response]]


def upload_routes() -> list[Route]:
    """Return the routes."""
    return [
        Route("/upload", _guarded(_begin), methods=["POST"]),
        Route("/upload/{id}", _guarded(_stand), methods=["GET"]),
        Route("/upload/{id}", _guarded(_append), methods=["PUT"]),
        Route("/upload/{id}", _guarded(_discard), methods=["DELETE"]),
    ]


def upload_address() -> str:
    """Return the path of the routes."""
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    return f"{'/' + base if base else ''}/upload"


def new_token() -> str:
    """Return a token for one browser session.

    It holds when it ends and is signed with the workspace's key, so that a restarted server still knows it and an
    upload goes on by itself.
    """
    stem = f"{int(time.time()) + _TOKEN_SECONDS:x}.{secrets.token_hex(16)}"
    return f"{stem}.{_signature(stem)}"


def token_is_fresh(token: str) -> bool:
    """True while more than half of a token's time is left."""
    return token_holds(token, seconds=_TOKEN_SECONDS // 2)


def token_holds(token: str, seconds: int = 0) -> bool:
    """True for a token of ours that is good for ``seconds`` from now."""
    stem, _, signature = token.rpartition(".")
    if not hmac.compare_digest(signature.encode(), _signature(stem).encode()):
        return False
    return int(stem.partition(".")[0], 16) > time.time() + seconds


def _signature(stem: str) -> str:
    return hmac.new(workbench().uploads.signing_key(), stem.encode(), hashlib.sha256).hexdigest()


def _guarded(handler: Handler) -> Handler:
    """Let only requests through that carry a token and, where they change anything, come from a page of this host."""

    async def guarded(request: Request) -> Response:
        if request.method != "GET" and not same_origin(request):
            return _refusal(403, "origin", "The request does not come from a page of this studio")
        try:
            if not await run_in_threadpool(token_holds, request.headers.get("x-upload-token", "")):
                return _refusal(403, "token", "The page is too old to send files", "Reload the page")
            return await handler(request)
        except ClfError as error:
            status = next((status for kind, status in _STATUS if isinstance(error, kind)), 400)
            return _refusal(status, "refused", error.what, error.remedy, error.why)

    return guarded


async def _begin(request: Request) -> Response:
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > _MOST_JSON_BYTES:
            return _refusal(413, "refused", "The description of the upload is too long")
    try:
        asked: Any = json.loads(body)
        name, size, fingerprint = asked["name"], asked["size"], asked["fingerprint"]
        if not (isinstance(name, str) and type(size) is int and isinstance(fingerprint, str)):
            raise TypeError
    except (ValueError, KeyError, TypeError):
        return _refusal(400, "refused", "The description of the upload cannot be read", "Reload the page")
    return _told(await run_in_threadpool(workbench().uploads.begin, name, size, fingerprint))


async def _stand(request: Request) -> Response:
    return _told(await run_in_threadpool(workbench().uploads.get, request.path_params["id"]))


async def _discard(request: Request) -> Response:
    await run_in_threadpool(workbench().uploads.discard, request.path_params["id"])
    return Response(status_code=204)


async def _append(request: Request) -> Response:
    """Write a piece as it comes in; where the connection drops, what has come stays."""
    given = request.query_params.get("offset", "")
    declared = request.headers.get("content-length", "")
    if not (given.isascii() and given.isdigit() and len(given) < 19):
        return _refusal(400, "refused", "The place of the piece in the file is missing")
    if declared.isdigit() and int(declared) > _MOST_BODY_BYTES:
        return _too_large()
    identifier, offset, seen, block = request.path_params["id"], int(given), 0, bytearray()
    upload = await run_in_threadpool(workbench().uploads.get, identifier)

    async def write() -> Upload:
        nonlocal offset
        after = await run_in_threadpool(workbench().uploads.append, identifier, offset, bytes(block))
        offset += len(block)
        block.clear()
        return after

    try:
        async for part in request.stream():
            seen += len(part)
            if seen > _MOST_BODY_BYTES:
                return _too_large()
            block += part
            if len(block) >= _BLOCK_BYTES:
                upload = await write()
    except ClientDisconnect:
        if block:
            await write()
        return Response(status_code=400)  # nobody is there to read it
    if block:
        upload = await write()
    return _told(upload)


def _told(upload: Upload) -> JSONResponse:
    return JSONResponse({"id": upload.id, "size": upload.size, "received": upload.received})


def _too_large() -> JSONResponse:
    return _refusal(413, "refused", f"A piece may have {PIECE_BYTES:,} bytes at most", "Reload the page")


def _refusal(status: int, code: str, what: str, remedy: str = "", why: str = "") -> JSONResponse:
    return JSONResponse({"code": code, "what": what, "why": why, "remedy": remedy}, status_code=status)
