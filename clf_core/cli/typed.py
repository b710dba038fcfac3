"""The parts that everything typed is made of."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn, TypeAlias

from pydantic import ValidationError

from clf_core.errors import ConfigError, InputError


class Parser(argparse.ArgumentParser):
    """Raises ``InputError`` where argparse would end the process, so that the answer may be JSON too."""

    def error(self, message: str) -> NoReturn:
        raise InputError(message, remedy=f"'{self.prog} --help' shows what can be typed")


Tasks: TypeAlias = "argparse._SubParsersAction[Parser]"


def source(text: str) -> str:
    """Refuse the empty text of an unset shell variable, which as a path would mean the current folder."""
    if not text:
        raise argparse.ArgumentTypeError("it is empty")
    return text


def path(text: str) -> Path:
    """A path, never the empty one."""
    return Path(source(text))


def whole(text: str) -> int:
    """A whole number of at least 1, such as a version."""
    number = int(text)
    if number < 1:
        raise ValueError
    return number


whole.__name__ = "number"  # how argparse calls it where the text is none


@contextlib.contextmanager
def in_words(what: str) -> Iterator[None]:
    """Turn a setting out of range into words.

    Raises:
        ConfigError: naming the first setting at fault.
    """
    try:
        yield
    except ValidationError as error:
        first = error.errors()[0]
        field = str(first["loc"][0]) if first["loc"] else "settings"
        raise ConfigError(what, field=field, why=f"{field}: {first['msg']}") from None
