"""Whether a request that changes something comes from a page of this studio."""

from urllib.parse import urlsplit

from starlette.requests import Request


def same_origin(request: Request) -> bool:
    """True where the browser says that a page of this very host sent it; browsers say so with every such request.

    ``Sec-Fetch-Site`` is compared by the browser itself and so is right behind any proxy; browsers without it, and
    plain HTTP on other addresses than this machine's, send ``Origin``, whose host has to be the one that was asked.
    """
    site = request.headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = urlsplit(request.headers.get("origin", "")).netloc.lower()
    return bool(origin) and origin == request.headers.get("host", "").strip().lower()
