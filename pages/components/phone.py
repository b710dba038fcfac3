"""A phone as a second camera: its page's address as a QR code, or in words why a phone cannot reach the studio."""

import io
import ipaddress
import socket
from fnmatch import fnmatch
from urllib.parse import urlsplit

import segno
import streamlit as st

from pages.components.escaping import md
from pages.components.heading import quiet

_QR_PIXELS = 6  # of one module
_QR_WIDTH, _WORDS_WIDTH = 220, 380  # screen pixels; a phone reads the code from an arm's length
_EVERYWHERE = ("", "0.0.0.0", "::")  # noqa: S104 - compared with, not bound to
_NOWHERE = "192.0.2.1"  # TEST-NET-1 (RFC 5737): no such machine


def show_phone(token: str) -> None:
    """Draw the code a phone scans, or how to let phones in.

    Args:
        token: of the capture.
    """
    origin = reachable_origin()
    if origin is None:
        _tell_how_to_open()
        return
    base = (st.get_option("server.baseUrlPath") or "").strip("/")
    address = f"{origin}{'/' + base if base else ''}/phone/{token}"
    # A row that wraps: the code keeps its size in a narrow column, or a phone could not read it.
    with st.container(horizontal=True, vertical_alignment="center", gap="medium"):
        st.image(
            qr_code(address),
            width=_QR_WIDTH,
            alt="QR code with the address of the phone's page, which stands beside it",
        )
        with st.container(width=_WORDS_WIDTH):
            _tell_address(address)


def _tell_address(address: str) -> None:
    st.markdown("Scan the code with the phone's camera. The phone has to be in the same network.")
    st.code(address, language=None, wrap_lines=True)
    if address.startswith("https://"):
        quiet("Pictures appear above as they arrive. The code works for a day, or until the dataset is made.")
    else:
        quiet(
            "Over plain HTTP a phone's browser does not open the live camera, so the phone takes pictures one at "
            "a time with its own camera app. Serve the studio over HTTPS to hold and capture there too."
        )


def reachable_origin() -> str | None:
    """Return 'http://host:port' under which a phone in the network reaches the studio, None where it cannot.

    The address this page was opened by is the best answer; where that is this machine's own, the machine's
    address in its network is, provided that the server listens there and answers to it.
    """
    here = urlsplit(st.context.url or "")
    if here.hostname and not _is_loopback(here.hostname):
        return f"{here.scheme}://{here.netloc}"
    bound = st.get_option("server.address") or ""
    host = lan_address() if bound in _EVERYWHERE else bound
    if host is None or _is_loopback(host) or not _answers_to(host):
        return None
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    shown = f"[{host}]" if ":" in host else host
    return f"{scheme}://{shown}:{here.port or st.get_option('server.port')}"


def lan_address() -> str | None:
    """Return this machine's address in its network. A datagram socket is pointed outside; no packet is sent."""
    try:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
            probe.connect((_NOWHERE, 9))
            address = str(probe.getsockname()[0])
    except OSError:  # no network
        return None
    return None if _is_loopback(address) else address


def qr_code(text: str) -> bytes:
    """Return a QR code as PNG, dark on white with its quiet zone in either theme."""
    buffer = io.BytesIO()
    segno.make(text, error="m", micro=False).save(
        buffer, kind="png", scale=_QR_PIXELS, border=4, dark="#000", light="#fff"
    )
    return buffer.getvalue()


def opening_command(host: str) -> str:
    """Return the command that starts the studio so that phones reach it under ``host``."""
    return (
        ".venv/bin/python -m streamlit run app.py --server.address 0.0.0.0 "
        f"--server.allowedHosts localhost --server.allowedHosts {host}"
    )


def _tell_how_to_open() -> None:
    st.markdown("**A phone cannot reach the studio yet: it answers only this machine, which is the safe way.**")
    st.markdown("To let phones in your network in, stop the studio and start it with")
    st.code(opening_command(lan_address() or "<this machine's address>"), language=None, wrap_lines=True)
    quiet(
        "Everybody in the network can use the studio then, for it has no login. Browsers allow the live camera only "
        f"over HTTPS; without it a phone takes pictures one at a time. {md('docs/development.md')} has more, under "
        "'Letting others in'."
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _answers_to(host: str) -> bool:
    """True when the server accepts requests under this name; see ``serving.refuse_foreign_hosts``."""
    allowed = st.get_option("server.allowedHosts")
    return not allowed or any(fnmatch(host, pattern) for pattern in allowed)
