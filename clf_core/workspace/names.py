"""What things are called: names are a person's text, identifiers are ours, and only identifiers become paths."""

import re
import secrets
import time
import unicodedata
from typing import Literal

from clf_core.errors import ConfigError
from clf_core.values import STARTER

MAX_NAME_LENGTH = 500

_ID = re.compile(r"[cdru]-[0-9a-f]{20}")
_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make a name read differently from what it is."""

_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def new_id(kind: Literal["c", "d", "r", "u"]) -> str:
    """Return a fresh identifier of a capture, dataset, run or upload; identifiers sort by the time they were made."""
    return f"{kind}-{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"


def is_id(text: str) -> bool:
    """True for text of the shape ``new_id`` makes; nothing else may become part of a path."""
    return _ID.fullmatch(text) is not None


def clean_name(name: str) -> str:
    """Return a name in the form it is stored: Unicode NFC, without spaces around it. Any other text is kept literally.

    Raises:
        ConfigError: empty, too long, made of characters that cannot be shown, or reserved.
    """
    cleaned = unicodedata.normalize("NFC", name).strip()
    why = ""
    if not cleaned:
        why = "A name needs at least one character"
    elif any(unicodedata.category(c) in _UNPRINTABLE or c in _DIRECTION_MARKS for c in cleaned):
        why = "It holds control characters, such as a line break"
    elif len(cleaned) > MAX_NAME_LENGTH:
        why = f"It has {len(cleaned)} characters; {MAX_NAME_LENGTH} are allowed"
    elif cleaned.casefold() == STARTER or is_id(cleaned.casefold()):
        why = f"'{cleaned}' means something else in the studio"
    if why:
        raise ConfigError("The name cannot be used", field="name", why=why, remedy="Choose another name")
    return cleaned


def name_key(name: str) -> str:
    """Return what two names share when they differ only in upper and lower case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip().casefold())


def numbered(stem: str, number: int) -> str:
    """Return ``stem number``, the stem shortened where the whole would be too long."""
    ending = f" {number}"
    return stem[: MAX_NAME_LENGTH - len(ending)].rstrip() + ending
