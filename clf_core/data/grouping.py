"""What belongs together, as a file name says it: 'patient12_left.jpg' and 'patient12_right.jpg' by '{group}_*'.

A pattern is matched by finding its literal pieces from left to right, never by a regular expression: one made
of many stars would take a hostile name minutes.
"""

import unicodedata

from clf_core.errors import ConfigError

_GROUP = "{group}"
_ANY = "*"
_REMEDY = "Write for example {group}_* so that patient12_left.jpg and patient12_right.jpg belong to 'patient12'"


def check_pattern(pattern: str) -> None:
    """Check a group pattern; the empty one means that file names say nothing.

    Raises:
        ConfigError: it does not hold {group} exactly once, or a star stands beside it, so that nothing says
            where the group begins or ends.
    """
    if not pattern:
        return
    why = ""
    if pattern.count(_GROUP) != 1:
        why = f"It must hold {_GROUP} exactly once"
    elif _ANY + _GROUP in pattern or _GROUP + _ANY in pattern:
        why = f"A star right beside {_GROUP} leaves open where the group begins or ends"
    if why:
        raise ConfigError(
            "This pattern for groups of pictures cannot be used", field="group_pattern", why=why, remedy=_REMEDY
        )


def group_of(name: str, pattern: str) -> str:
    """Return the group that a file name puts a picture in, or "" where the pattern does not match.

    Tried in this order: the name without folders and ending, the name without folders, the whole name without
    its ending, the whole name. The group is the earliest and then the shortest text that fits, of at least one
    character; upper and lower case differ.

    Args:
        name: relative name of a picture, its parts divided by '/'.
        pattern: text in which {group} stands once and ``*`` any number of times for any text; valid by
            ``check_pattern``, else nothing matches.
    """
    before, group, after = unicodedata.normalize("NFC", pattern).partition(_GROUP)
    if not group:
        return ""
    whole = unicodedata.normalize("NFC", name)
    last = whole.rpartition("/")[2]
    for text in (_without_ending(last), last, _without_ending(whole), whole):
        found = _find(text, before.split(_ANY), after.split(_ANY))
        if found:
            return found
    return ""


def _find(text: str, before: list[str], after: list[str]) -> str:
    """The group between the pieces; taking each piece as early as possible leaves most room for the others."""
    if not text.startswith(before[0]):
        return ""
    start = _pass(text, len(before[0]), before[1:])
    if start < 0:
        return ""
    if len(after) == 1:  # no star behind: the group ends where the last piece begins
        end = len(text) - len(after[0])
        return text[start:end] if end > start and text.endswith(after[0]) else ""
    end = text.find(after[0], start + 1)
    if end < 0:
        return ""
    rest = _pass(text, end + len(after[0]), after[1:-1])
    fits = 0 <= rest <= len(text) - len(after[-1]) and text.endswith(after[-1])
    return text[start:end] if fits else ""


def _pass(text: str, place: int, pieces: list[str]) -> int:
    """Where the last piece ends when each is taken as early as possible after ``place``; -1 if one is missing."""
    for piece in pieces:
        found = text.find(piece, place)
        if found < 0:
            return -1
        place = found + len(piece)
    return place


def _without_ending(name: str) -> str:
    stem, dot, ending = name.rpartition(".")
    return stem if dot and stem and "/" not in ending else name
