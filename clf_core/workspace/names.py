"""What things are called: names are a person's text, identifiers are ours, and only identifiers become paths."""

import re
import secrets
import time
import unicodedata
from typing import Literal

from clf_core.data.wording import MAX_NAME_LENGTH as MAX_NAME_LENGTH
from clf_core.data.wording import clean_text
from clf_core.errors import ConfigError
from clf_core.values import STARTER

_ID = re.compile(r"[cdrsu]-[0-9a-f]{20}")


def new_id(kind: Literal["c", "d", "r", "s", "u"]) -> str:
    """Return a fresh identifier of a capture, dataset, run, search or upload; they sort by the time they were made."""
    return f"{kind}-{time.time_ns() // 1_000_000:012x}{secrets.token_hex(4)}"


def is_search_id(text: str) -> bool:
    """True for an identifier of a search, among those of searches and runs."""
    return text.startswith("s-")


def is_id(text: str) -> bool:
    """True for text of the shape ``new_id`` makes; nothing else may become part of a path."""
    return _ID.fullmatch(text) is not None


def clean_name(name: str) -> str:
    """Return a name in the form it is stored: Unicode NFC, without spaces around it. Any other text is kept literally.

    Raises:
        ConfigError: empty, too long, made of characters that cannot be shown, or reserved.
    """
    cleaned = clean_text(name, "name")
    if cleaned.casefold() == STARTER or is_id(cleaned.casefold()):
        raise ConfigError(
            "The name cannot be used",
            field="name",
            why=f"'{cleaned}' means something else in the studio",
            remedy="Choose another name",
        )
    return cleaned


def name_key(name: str) -> str:
    """Return what two names share when they differ only in upper and lower case."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).strip().casefold())


def numbered(stem: str, number: int) -> str:
    """Return ``stem number``, the stem shortened where the whole would be too long."""
    ending = f" {number}"
    return stem[: MAX_NAME_LENGTH - len(ending)].rstrip() + ending
