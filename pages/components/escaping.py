"""Names from outside are shown as they are: nothing in a class or file name may become formatting or a request."""

import re
import unicodedata

_MARKDOWN = re.compile(r"([\\`*_{}\[\]()<>#+\-.!|~$:&@=^])")
# Streamlit also interprets `:red[…]`, `:smile:`, `:material/x:`, and Markdown links bare addresses, after backslashes
# are gone. An invisible word joiner behind the tell-tale character breaks these up and changes nothing on screen.
_JOINER = "\u2060"
_TELLTALE = re.compile(r"(:|@|www\.|//)", re.IGNORECASE)
# Directions written into a name could reorder the text around it.
_DIRECTIONS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f")


def plain(text: str, limit: int = 200) -> str:
    """Return ``text`` on one line: control characters become visible, overlong names are cut in the middle."""
    # Nearly every name is printable; looking at each character of the others costs a rerun milliseconds.
    shown = text if text.isprintable() else "".join(_visible(character) for character in text)
    if len(shown) <= limit:
        return shown
    half = (limit - 1) // 2
    return f"{shown[:half]}…{shown[-half:]}"


def md(text: str, limit: int = 200) -> str:
    """Return ``text`` so that Markdown, wherever Streamlit interprets it, shows it literally."""
    return _MARKDOWN.sub(r"\\\1", _TELLTALE.sub(rf"\1{_JOINER}", plain(text, limit)))


def plotly_text(text: str, limit: int = 40) -> str:
    """Return ``text`` for a Plotly label, which would otherwise read ``<b>`` and ``<a>`` as markup."""
    return plain(text, limit).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")


def _visible(character: str) -> str:
    if character in _DIRECTIONS:
        return "\ufffd"
    if unicodedata.category(character) not in ("Cc", "Zl", "Zp", "Cs"):
        return character
    return chr(0x2400 + ord(character)) if ord(character) < 0x20 else "\ufffd"
