"""What the shortcut check of a run found, in ``runs/<id>/insights/shortcut/``.

examples.npz    the pictures of the examples, [h, w, 3] uint8 each
examples.json   what they are and what was said of them
report.json     the report; written last, so its presence means that all is there

All of it can be made again, so what is damaged or of another version counts as not done.
"""

import io
import logging
import zipfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import RootModel, ValidationError

from clf_core.files import write_bytes, write_text
from clf_core.results.shortcut import ShortcutExample, ShortcutReport, View
from clf_core.values import Value

_log = logging.getLogger(__name__)


class _Stored(Value):
    sha256: str
    true: str
    said: dict[View, str]
    probability: dict[View, float]


class _Examples(RootModel[tuple[_Stored, ...]]):
    """examples.json."""


class ShortcutStore:
    """Reads and writes it.

    Args:
        folder: that of the part, inside the run's directory.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._report = folder / "report.json"

    def done(self) -> bool:
        """Whether the check was made; cheaper than reading it."""
        return self._report.is_file()

    def report(self) -> ShortcutReport | None:
        """Return the report; None where the check has to be made (again)."""
        try:
            return ShortcutReport.model_validate_json(self._report.read_bytes())
        except FileNotFoundError:
            return None
        except (OSError, ValidationError) as error:
            _log.warning("A shortcut check cannot be read and is made again: %s", error)
            with suppress(OSError):
                self._report.unlink()  # so that it does not count as done
            return None

    def examples(self) -> tuple[ShortcutExample, ...]:
        """Return the examples; none where they cannot be read."""
        try:
            stored = _Examples.model_validate_json((self._folder / "examples.json").read_bytes()).root
            with np.load(self._folder / "examples.npz", allow_pickle=False) as pictures:
                return tuple(
                    ShortcutExample(
                        one.sha256,
                        one.true,
                        one.said,
                        one.probability,
                        {view: _picture(pictures[f"{number}-{view}"]) for view in one.said},
                    )
                    for number, one in enumerate(stored)
                )
        except (OSError, ValidationError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return ()

    def write(self, report: ShortcutReport, examples: tuple[ShortcutExample, ...]) -> None:
        """Write both, the report last.

        Raises:
            StorageError: the disk refused.
        """
        buffer = io.BytesIO()
        pictures: dict[str, Any] = {
            f"{n}-{view}": array for n, one in enumerate(examples) for view, array in one.pictures.items()
        }
        np.savez_compressed(buffer, **pictures)
        write_bytes(self._folder / "examples.npz", buffer.getvalue())
        stored = tuple(
            _Stored(sha256=one.sha256, true=one.true, said=one.said, probability=one.probability) for one in examples
        )
        write_text(self._folder / "examples.json", _Examples(stored).model_dump_json())
        write_text(self._report, report.model_dump_json(indent=2))


def _picture(array: NDArray[Any]) -> NDArray[np.uint8]:
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        raise ValueError("not a picture")
    return array
