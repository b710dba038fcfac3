"""Small phrases that several commands need."""

from collections.abc import Mapping
from datetime import datetime

_SHOWN_CLASSES = 12


def counted(number: int, noun: str) -> str:
    """'1 picture', '2 pictures'."""
    return f"{number:,} {noun}" + ("" if number == 1 else "s")


def class_words(classes: Mapping[str, int]) -> str:
    """'2 classes (ants 123, bees 122)'."""
    shown = [f"{name} {count}" for name, count in list(classes.items())[:_SHOWN_CLASSES]]
    if len(classes) > _SHOWN_CLASSES:
        shown.append("…")
    return f"{len(classes)} class{'' if len(classes) == 1 else 'es'} ({', '.join(shown)})"


def day_and_time(seconds: float) -> str:
    """'2025-03-01 14:05', in the time zone of this machine."""
    return datetime.fromtimestamp(seconds).astimezone().strftime("%Y-%m-%d %H:%M")
