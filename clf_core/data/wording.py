"""Text from outside as it is kept, and as it fits into a sentence."""

import unicodedata

from clf_core.errors import ConfigError

MAX_NAME_LENGTH = 500

_DIRECTION_MARKS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""They make a name read differently from what it is."""

_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")

_UNPRINTABLE = frozenset({"Cc", "Cs", "Zl", "Zp"})


def clean_text(text: str, field: str, noun: str = "name") -> str:
    """Return a name in the form it is stored: Unicode NFC, without spaces around it; otherwise literally.

    Args:
        text: what a person typed.
        field: the setting at fault, for the error.
        noun: what the text is, for the error.

    Raises:
        ConfigError: empty, too long, or made of characters that cannot be shown.
    """
    cleaned = unicodedata.normalize("NFC", text).strip()
    why = ""
    if not cleaned:
        why = f"A {noun} needs at least one character"
    elif any(unicodedata.category(c) in _UNPRINTABLE or c in _DIRECTION_MARKS for c in cleaned):
        why = "It holds control characters, such as a line break"
    elif len(cleaned) > MAX_NAME_LENGTH:
        why = f"It has {len(cleaned)} characters; {MAX_NAME_LENGTH} are allowed"
    if why:
        raise ConfigError(f"The {noun} cannot be used", field=field, why=why, remedy=f"Choose another {noun}")
    return cleaned


def in_short(text: str, most: int = 60) -> str:
    """A name from outside at a length that fits into a sentence."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def pictures(count: int) -> str:
    """'1 picture', '2 pictures'."""
    return f"{count:,} picture" + ("" if count == 1 else "s")


def csv_cell(text: str) -> str:
    """Text for a cell of a table: what a spreadsheet would run as a formula gets an apostrophe in front.

    The apostrophe makes it plain text again in every spreadsheet (OWASP, 'CSV Injection').
    """
    return f"'{text}" if text.startswith(_FORMULA_STARTS) else text
