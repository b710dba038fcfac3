"""Routes for taking pictures: a browser or phone that knows a capture's token adds pictures to it, and to nothing else.

    GET    /capture/<token>                    classes and counts
    POST   /capture/<token>?class=1&burst=2    one picture, the request's body
    PUT    /capture/<token>                    the classes: {"classes": [{"id": 1, "name": "bee"}, {"name": "new"}]}
    DELETE /capture/<token>?class=1            all pictures of a class; with last=1 those of the last hold
    GET    /capture/<token>/<number>           a small preview, newly encoded
    GET    /phone/<token>                      the page a phone opens

What is refused is answered in words: {"error": "..."}.
"""

import json
import re
from functools import lru_cache, partial
from pathlib import Path

import streamlit as st
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from clf_core.api.captures import MAX_FRAME_BYTES
from clf_core.errors import ClfError, InputError, NotFoundError, PictureError, StateError, StorageError
from clf_core.results import Capture
from pages.components.origin import same_origin
from pages.components.workbench import workbench

_WEB = Path(__file__).with_name("web")
_MAX_CLASSES_BYTES = 2**20
_NUMBER = re.compile(r"[0-9]{1,16}")
_FRESH = {"Cache-Control": "no-store"}


class RefusedError(Exception):
    """A request that is turned down before the core is asked."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


def capture_routes() -> list[Route]:
    """Return the routes; serving.py lists them."""
    return [
        Route("/capture/{token}", capture, methods=["GET", "POST", "PUT", "DELETE"]),
        Route("/capture/{token}/{number}", preview, methods=["GET"]),
        Route("/phone/phone.css", phone_style, methods=["GET"]),
        Route("/phone/phone.js", phone_script, methods=["GET"]),
        Route("/phone/{token}", phone_page, methods=["GET"]),
    ]


async def capture(request: Request) -> Response:
    """Answer one request about a capture."""
    answers = {"GET": _state, "HEAD": _state, "POST": _add, "PUT": _set_classes, "DELETE": _remove}
    try:
        if request.method not in ("GET", "HEAD"):
            _check_origin(request)
        answer = await answers[request.method](request, request.path_params["token"])
    except RefusedError as refused:
        return JSONResponse({"error": str(refused)}, refused.status, _FRESH)
    except ClfError as error:
        return JSONResponse({"error": str(error)}, _status(error), _FRESH)
    except ClientDisconnect:  # nobody is there to be answered
        return Response(status_code=400)
    return JSONResponse(answer, 200, _FRESH)


async def preview(request: Request) -> Response:
    """Answer with a small WebP of one picture; never with the file as it came."""
    token, number = request.path_params["token"], request.path_params["number"]
    try:
        if not _NUMBER.fullmatch(number):
            raise NotFoundError("There is no such picture")
        data = await run_in_threadpool(workbench().captures.preview, token, int(number))
    except ClfError as error:
        return JSONResponse({"error": str(error)}, _status(error), _FRESH)
    return Response(data, media_type="image/webp", headers={"Cache-Control": "private, max-age=86400, immutable"})


async def phone_page(request: Request) -> Response:
    """Answer with the phone's page, which holds no text from outside: its script writes names as text."""
    try:
        await run_in_threadpool(workbench().captures.by_token, request.path_params["token"])
    except ClfError:
        status = 404  # the page says so in words
    else:
        status = 200
    return Response((_WEB / "phone.html").read_bytes(), status, _FRESH, "text/html")


async def phone_style(_request: Request) -> Response:
    """Answer with the phone page's style sheet, in the studio's own colours."""
    return Response(_phone_style(), media_type="text/css", headers={"Cache-Control": "no-cache"})


async def phone_script(_request: Request) -> Response:
    """Answer with the phone page's script."""
    script = "\n".join((_WEB / name).read_text("utf-8") for name in ("camera.js", "phone.js"))
    return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


async def _state(_request: Request, token: str) -> dict[str, object]:
    return _told(await run_in_threadpool(workbench().captures.by_token, token))


async def _add(request: Request, token: str) -> dict[str, object]:
    class_id, burst = _number(request, "class"), _number(request, "burst", missing=0)
    # Strangers are turned away before their picture is read.
    await run_in_threadpool(workbench().captures.by_token, token)
    words = f"The picture is larger than {MAX_FRAME_BYTES // 2**20} MB."
    data = await _body(request, MAX_FRAME_BYTES, words)
    number = await run_in_threadpool(workbench().captures.add, token, class_id, data, burst)
    return {"number": number, **_told(await run_in_threadpool(workbench().captures.by_token, token))}


async def _set_classes(request: Request, token: str) -> dict[str, object]:
    await run_in_threadpool(workbench().captures.by_token, token)
    wanted = _classes(await _body(request, _MAX_CLASSES_BYTES, "These are too many classes."))
    return _told(await run_in_threadpool(workbench().captures.set_classes, token, wanted))


async def _remove(request: Request, token: str) -> dict[str, object]:
    captures, class_id = workbench().captures, _number(request, "class")
    work = captures.remove_last if request.query_params.get("last") == "1" else captures.clear
    return _told(await run_in_threadpool(partial(work, token, class_id)))


def _told(capture: Capture) -> dict[str, object]:
    """What a page may know; the token is in its address already."""
    return capture.model_dump(mode="json", include={"classes", "total"})


def _check_origin(request: Request) -> None:
    """Let no other site's page change anything."""
    if not same_origin(request):
        raise RefusedError(403, "Only the studio's own pages may do this.")


async def _body(request: Request, most: int, words: str) -> bytes:
    """Read a request's body and stop as soon as it is too large, whatever its header said."""
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > most:
        raise RefusedError(413, words)
    data = bytearray()
    async for chunk in request.stream():
        data += chunk
        if len(data) > most:
            raise RefusedError(413, words)
    return bytes(data)


def _number(request: Request, name: str, missing: int | None = None) -> int:
    text = request.query_params.get(name)
    if text is None and missing is not None:
        return missing
    if text is None or not _NUMBER.fullmatch(text):
        raise RefusedError(400, f"The request lacks a number called '{name}'.")
    return int(text)


def _classes(data: bytes) -> list[tuple[int | None, str]]:
    """Read the classes of a PUT; whatever is not of its shape is refused."""
    try:
        entries = json.loads(data)["classes"]
        wanted = [(entry.get("id"), entry["name"]) for entry in entries]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise RefusedError(400, "The classes could not be understood.") from error
    if not all(type(number) in (int, type(None)) and isinstance(name, str) for number, name in wanted):
        raise RefusedError(400, "The classes could not be understood.")
    return wanted


def _status(error: ClfError) -> int:
    """The HTTP status that says the same as an error of the core."""
    kinds = ((NotFoundError, 404), (StateError, 409), (PictureError, 415), (InputError, 400), (StorageError, 507))
    return next((status for kind, status in kinds if isinstance(error, kind)), 500)


@lru_cache(maxsize=1)
def _phone_style() -> str:
    """The style sheets behind the theme's colours, under the names Streamlit gives them to its web parts."""

    def colours(theme: str) -> str:
        return " ".join(f"{name}: {st.get_option(f'theme.{theme}.{option}')};" for name, option in _COLOURS.items())

    sheets = "\n".join((_WEB / name).read_text("utf-8") for name in ("base.css", "phone.css"))
    dark = f"@media (prefers-color-scheme: dark) {{ :root {{ {colours('dark')} }} }}"
    return f":root {{ {colours('light')} }}\n{dark}\n{sheets}"


_COLOURS = {
    "--st-primary-color": "primaryColor",
    "--st-background-color": "backgroundColor",
    "--st-secondary-background-color": "secondaryBackgroundColor",
    "--st-text-color": "textColor",
    "--st-border-color": "borderColor",
    "--st-gray-text-color": "grayTextColor",
    "--st-red-text-color": "redTextColor",
    "--st-green-text-color": "greenTextColor",
}
