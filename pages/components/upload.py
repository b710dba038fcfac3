"""The drop zone for files of any size, and what lies on the server from earlier: sent, but not imported yet."""

import time
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.errors import ClfError
from clf_core.results import Upload
from pages.components.escaping import md
from pages.components.problems import show_error
from pages.components.uploading import new_token, token_is_fresh, upload_address
from pages.components.words import size, when

VIDEO_ENDINGS = (".mp4", ".m4v", ".mov", ".avi", ".mkv", ".webm", ".mpg", ".mpeg", ".wmv", ".3gp")

_TOKEN = "upload_token"  # noqa: S105 - the name of a place, not a secret
_LOOSE = "loose_uploads"  # those with pictures that came without a folder
_QUIET_SECONDS = 60.0  # an unfinished upload that has moved since may still be on its way from another tab
_SHOWN = 5
_WEB = Path(__file__).with_name("web")


def _part(name: str, *scripts: str) -> Any:
    def read(*names: str) -> str:
        return "\n".join((_WEB / file).read_text("utf-8") for file in names)

    return st.components.v2.component(
        f"studio_{name}",
        html=read(f"{name}.html"),
        css=read("base.css", f"{name}.css"),
        js=read(*scripts, f"{name}.js"),
    )


_upload = _part("upload", "tar.js", "gathering.js", "sending.js")
_underway = _part("underway")


@dataclass(frozen=True)
class Arrived:
    """A finished upload that a form works with.

    Attributes:
        upload: the upload.
        loose: True where pictures came without a folder that could be their class.
        video: True where it is one video.
    """

    upload: Upload
    loose: bool = False

    @property
    def video(self) -> bool:
        """True where the upload is one video."""
        return self.upload.name.lower().endswith(VIDEO_ENDINGS)

    @property
    def stem(self) -> str:
        """The name without the ending of an archive or video; what a dataset of it may be called."""
        name = self.upload.name
        for ending in (".tar.gz", ".tar.zst", ".zip", ".tar", ".tgz", ".tzst", *VIDEO_ENDINGS):
            if name.lower().endswith(ending) and len(name) > len(ending):
                return name[: -len(ending)]
        return name


def upload_zone(bench: Workbench, *, key: str, lead: str, hint: str, compact: bool = False) -> Arrived | None:
    """Draw the drop zone and return what has arrived through it, until ``forget`` or the person removes it.

    Sending happens in the browser and goes on while the person uses other parts of the studio.

    Args:
        bench: the facade.
        key: unique on the page, and what ``just_arrived``, ``keep`` and ``forget`` call it.
        lead: what to do, in a few words.
        hint: what is possible, in small words.
        compact: True where the zone stands among other things.
    """
    arrived = _kept(bench, key)
    _upload(
        data={
            "slot": key,
            "lead": lead,
            "hint": hint,
            "compact": compact,
            "address": upload_address(),
            "token": _token(),
            "limits": {"videos": VIDEO_ENDINGS, "most": bench.settings.limits.max_files},
            "seen": st.session_state.get(f"{key}_seen", ""),
            "given": arrived and arrived.upload.model_dump(include={"id", "name", "size"}),
        },
        key=f"{key}_zone",
        on_done_change=lambda: _note(bench, key, st.session_state[f"{key}_zone"].done),
        on_remove_change=lambda: _remove(bench, key),
        on_renew_change=lambda: st.session_state.pop(_TOKEN, None),
    )
    return arrived


def uploads_underway(show: Callable[[str], None]) -> str | None:
    """Draw, in the corner of any page, what is being sent while its zone is out of sight.

    Args:
        show: called with the zone's key before the page runs again, when the person asks to see it.

    Returns:
        The key just asked for.
    """
    asked = _underway(
        data={}, key="uploads_underway", on_show_change=lambda: show(str(st.session_state["uploads_underway"].show))
    ).show
    return asked if isinstance(asked, str) else None


def just_arrived(key: str) -> bool:
    """True once for an upload that has come through the zone since the last question."""
    return bool(st.session_state.pop(f"{key}_fresh", False))


def keep(key: str, identifier: str) -> None:
    """Let the zone ``key`` hold a finished upload."""
    st.session_state[f"{key}_arrived"] = identifier


def forget(key: str) -> None:
    """Let the zone ``key`` be empty again; the upload itself stays where it is."""
    st.session_state.pop(f"{key}_arrived", None)


def earlier_uploads(bench: Workbench, *, key: str, but: Collection[str]) -> None:
    """List what was sent earlier and is not imported, finished or not, so that nothing need be sent twice.

    Args:
        bench: the facade.
        key: the zone that an upload is put into by 'Use it'.
        but: identifiers of uploads that are in use.
    """
    now = time.time()
    waiting = [
        upload
        for upload in bench.uploads.list()
        if upload.id not in but and (upload.complete or now - upload.updated > _QUIET_SECONDS)
    ]
    for upload in waiting[:_SHOWN]:
        with st.container(border=True, horizontal=True, vertical_alignment="center", key=f"{key}_{upload.id}"):
            if upload.complete:
                words = f"{size(upload.size)}, sent {when(upload.updated)}, not imported yet"
            else:
                words = (
                    f"{size(upload.received)} of {size(upload.size)} are here. Give the same file again, and sending "
                    "goes on where it stopped"
                )
            st.markdown(f"**{md(upload.name, 80)}**  \n:small[:gray[{words}]]", width="stretch")
            with st.container(horizontal=True, width="content"):
                if upload.complete and st.button("Use it", key=f"{key}_use_{upload.id}"):
                    keep(key, upload.id)
                    st.rerun()
                if st.button("Discard", key=f"{key}_discard_{upload.id}", type="tertiary"):
                    _discard(bench, upload.id)
                    st.rerun()


def _kept(bench: Workbench, key: str) -> Arrived | None:
    held = st.session_state.get(f"{key}_arrived")
    if held is None:
        return None
    try:
        upload = bench.uploads.get(held)
    except ClfError:  # imported or discarded elsewhere
        upload = None
    if upload is None or not upload.complete:
        forget(key)
        return None
    return Arrived(upload, held in st.session_state.get(_LOOSE, ()))


def _note(bench: Workbench, key: str, told: object) -> None:
    """Take over what the browser says has arrived. It could say anything, so the server's own record decides."""
    if not isinstance(told, dict) or not isinstance(told.get("id"), str):
        return
    turn = str(told.get("turn"))[:100]
    if st.session_state.get(f"{key}_seen") == turn:  # told again, because the answer was slow
        return
    st.session_state[f"{key}_seen"] = turn
    keep(key, told["id"])
    if told.get("loose") and not told.get("table"):
        st.session_state.setdefault(_LOOSE, set()).add(told["id"])
    st.session_state[f"{key}_fresh"] = _kept(bench, key) is not None


def _remove(bench: Workbench, key: str) -> None:
    held = st.session_state.get(f"{key}_arrived")
    forget(key)
    if held is not None:
        _discard(bench, held)


def _discard(bench: Workbench, identifier: str) -> None:
    try:
        bench.uploads.discard(identifier)
    except ClfError as error:
        show_error(error)


def _token() -> str:
    token = str(st.session_state.get(_TOKEN, ""))
    if not token_is_fresh(token):
        token = st.session_state[_TOKEN] = new_token()
    return token
