"""Names for files and folders that every system can write, from names that may hold anything."""

import unicodedata

from clf_core.importing.layout import is_system_file

MOST_BYTES = 120
"""Of one name in UTF-8: split, class folder and file together stay below the 260 characters Windows allows."""

_ENDINGS = {
    "JPEG": (".jpg", ".jpeg", ".jpe", ".jfif"),
    "PNG": (".png",),
    "WEBP": (".webp",),
    "GIF": (".gif",),
    "BMP": (".bmp", ".dib"),
    "TIFF": (".tif", ".tiff"),
    "AVIF": (".avif",),
    "HEIF": (".heic", ".heif", ".hif"),
}
"""Picture format -> endings that fit it, the usual one first."""

_FORBIDDEN = frozenset('<>:"/\\|?*')
_DEVICES = frozenset(
    (
        "con",
        "prn",
        "aux",
        "nul",
        "conin$",
        "conout$",
        *(f"{port}{at}" for port in ("com", "lpt") for at in "0123456789¹²³"),
    )
)
"""Names that Windows keeps for devices, whatever ending follows ('Naming Files, Paths, and Namespaces')."""


def safe_name(text: str, ending: str = "", most_bytes: int = MOST_BYTES) -> str:
    """Return a file or folder name that resembles ``text`` and leads nowhere else on any system.

    Args:
        text: what it should be called; literal text from outside.
        ending: put behind it, such as '.jpg'.
        most_bytes: of the whole name in UTF-8.
    """
    shown = "".join("_" if _unusable(c) else c for c in unicodedata.normalize("NFC", text))
    room = most_bytes - len(ending.encode())
    name = shown.encode("utf-8", "replace")[:room].decode("utf-8", "ignore").strip(" ").rstrip(". ")
    if name.partition(".")[0].rstrip(" ").casefold() in _DEVICES or is_system_file(name + ending) or not name:
        name = f"_{name}".encode()[:room].decode("utf-8", "ignore").rstrip(". ")
    return name + ending


def picture_ending(name: str, kind: str) -> str:
    """Return the ending of a picture's name if it fits its format, else the usual one of that format.

    Args:
        name: of the picture, as given.
        kind: its format, a key of ``clf_core.data.signatures.FORMAT_NAMES``.
    """
    ending = "." + name.rpartition(".")[2].lower()
    return ending if ending in _ENDINGS[kind] else _ENDINGS[kind][0]


class FreeNames:
    """Names of one folder that stay apart on systems that take upper and lower case for the same."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._next: dict[str, int] = {}

    def take(self, text: str, ending: str = "") -> str:
        """Return a safe name nobody has, with a number behind it where needed."""
        name = safe_name(text, ending)
        number = self._next.get(_key(name), 2)
        first = _key(name)
        while _key(name) in self._taken:
            name = safe_name(safe_name(text, most_bytes=MOST_BYTES - 20), f" ({number}){ending}")
            number += 1
        self._next[first] = number
        self._taken.add(_key(name))
        return name


def _key(name: str) -> str:
    """Equal for names that some system takes for the same: it may fold case and decompose letters."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFD", name).casefold())


def _unusable(character: str) -> bool:
    return character in _FORBIDDEN or unicodedata.category(character) in ("Cc", "Cf", "Cs", "Zl", "Zp")
