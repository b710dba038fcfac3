"""Whether pictures still mean the same in a mirror, guessed from the names of their classes."""

import re
from collections.abc import Sequence

from clf_core.config import AugmentConfig
from clf_core.results import AugmentSuggestion

_NUMBER_WORDS = frozenset({"zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"})
_SIGN_WORDS = frozenset(
    {"digit", "digits", "number", "numeral", "letter", "letters", "character", "char", "sign", "upper", "lower"}
)
_SIDES = frozenset(
    {"left", "right", "leftward", "rightward", "leftwards", "rightwards", "east", "west"}
    | {"clockwise", "counterclockwise", "anticlockwise"}
    | {"links", "rechts", "gauche", "droite", "izquierda", "derecha"}
)
_TEXT = frozenset({"text", "word", "words", "handwriting", "handwritten", "caption", "document", "writing"})

_MOSTLY = 0.5
"""Share of the classes that must look like digits or letters; a lone 'c' among animals is no alphabet."""


def suggest(classes: Sequence[str]) -> AugmentSuggestion:
    """Say which variants suit a dataset.

    Pictures as they are, as a start: with the pretrained network kept as it is, variants take several times as long
    and gained one point of accuracy at most on the sets they were tried with. Mirroring is switched off where a
    class says that it means something: digits, letters, text, left and right.

    Args:
        classes: names, as given.
    """
    reason = _why_not_mirrored(classes)
    return AugmentSuggestion(augment=AugmentConfig(flips=not reason), reason=reason)


def _why_not_mirrored(classes: Sequence[str]) -> str:
    words = [_words(name) for name in classes]
    many = max(2, _MOSTLY * len(classes))
    if any(_SIDES & set(name) for name in words):
        return "A class name speaks of sides, such as left and right: in a mirror they change places."
    if sum(_is_digit(name) for name in words) >= many:
        return "The classes look like digits: a mirrored digit is another sign."
    if sum(_is_letter(name) for name in words) >= many:
        return "The classes look like letters: a mirrored letter is another sign."
    if any(_TEXT & set(name) for name in words):
        return "A class name speaks of text: mirrored text cannot be read."
    return ""


def _words(name: str) -> tuple[str, ...]:
    """'Digit_7' -> ('digit', '7'); 'turnLeft' -> ('turn', 'left')."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z0-9])", " ", name)
    return tuple(re.findall(r"[^\W_]+", spaced.casefold()))


def _is_digit(words: tuple[str, ...]) -> bool:
    rest = [word for word in words if word not in _SIGN_WORDS]
    return len(rest) == 1 and ((rest[0].isdecimal() and len(rest[0]) <= 3) or rest[0] in _NUMBER_WORDS)


def _is_letter(words: tuple[str, ...]) -> bool:
    rest = [word for word in words if word not in _SIGN_WORDS]
    return len(rest) == 1 and len(rest[0]) == 1 and rest[0].isalpha()
