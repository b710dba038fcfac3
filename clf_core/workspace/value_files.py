"""The values in a directory of the workspace, each a JSON file of its own."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from clf_core.config import STORED
from clf_core.errors import StorageError
from clf_core.files import write_json
from clf_core.values import Value

_V = TypeVar("_V", bound=Value)


class ValueFiles:
    """Reads and writes them, all or nothing.

    Args:
        folder: where they lie.
        owner: what the directory holds, in a person's words, such as 'a run'.
    """

    def __init__(self, folder: Path, owner: str) -> None:
        self._folder = folder
        self._owner = owner

    def write(self, name: str, value: Value) -> None:
        """Write a value.

        Raises:
            StorageError: the disk refuses; what was there before still is.
        """
        write_json(self._folder / name, value.model_dump(mode="json"))

    def find(self, name: str, kind: type[_V]) -> _V | None:
        """Return a value, None where there is no such file.

        Raises:
            StorageError: it is damaged.
        """
        try:
            return kind.model_validate_json((self._folder / name).read_bytes(), context=STORED)
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            raise self._unreadable(
                f"{name} in {self._folder} is damaged", "Restore the directory from a copy, or delete it"
            ) from error

    def read(self, name: str, kind: type[_V]) -> _V:
        """Return a value.

        Raises:
            StorageError: it is missing or damaged.
        """
        value = self.find(name, kind)
        if value is None:
            raise self._unreadable(f"{name} is missing in {self._folder}", "Delete the directory")
        return value

    def _unreadable(self, why: str, remedy: str) -> StorageError:
        return StorageError(f"{self._owner[:1].upper()}{self._owner[1:]} cannot be read", why=why, remedy=remedy)
