"""What the health checks of a dataset version found, beside its manifest.

versions/000001.health.json          findings of the quick checks with a few examples each; written last
versions/000001.suspects.parquet     every picture each of them points at
versions/000001.slow-health.json, versions/000001.slow-suspects.parquet    the same of the slow checks

All of it can be computed again, so what is missing, damaged or of an earlier format counts as not done.
"""

import contextlib
import io
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
from pydantic import ValidationError

from clf_core.data import columns
from clf_core.errors import StorageError
from clf_core.files import write_bytes, write_json
from clf_core.health.found import Found, Suspects
from clf_core.results import Finding, FindingKind, LeakCheck
from clf_core.values import Value
from clf_core.workspace.datasets import DatasetStore

_log = logging.getLogger(__name__)

Part = Literal["quick", "slow"]

_FORMAT = 1
_ENDINGS: dict[Part, tuple[str, str]] = {
    "quick": ("health.json", "suspects.parquet"),
    "slow": ("slow-health.json", "slow-suspects.parquet"),
}


@dataclass(frozen=True)
class Checks:
    """What one part of the checks found.

    Attributes:
        found: findings, each with all its pictures.
        leak: the quick part's counts, or the slow part's accuracies; None where it says nothing.
        pictures: how many were looked at.
        note: what a person should know about how they were made; empty for nothing.
    """

    found: tuple[Found, ...]
    leak: LeakCheck | None = None
    pictures: int = 0
    note: str = ""


class _Stored(Value):
    format: int
    findings: tuple[Finding, ...]
    leak: LeakCheck | None
    pictures: int
    note: str


class HealthStore:
    """Reads and writes the checks of dataset versions. Several processes may write: whoever is last counts."""

    def __init__(self, datasets: DatasetStore) -> None:
        self._datasets = datasets

    def read(self, identifier: str, version: int, part: Part) -> Checks | None:
        """Return what was found; None where the checks have to be made (again).

        Raises:
            NotFoundError: no such dataset.
        """
        words, table = self._paths(identifier, version, part)
        try:
            stored = _Stored.model_validate_json(words.read_bytes())
            if stored.format != _FORMAT:
                raise ValueError(f"format {stored.format}")
            suspects = _read_suspects(table)
        except FileNotFoundError:
            return None
        except (
            OSError,
            ValueError,
            ValidationError,
            KeyError,
        ) as error:  # pyarrow's errors are ValueErrors or OSErrors
            _log.warning("Stored checks cannot be read and are made again: %s", error)
            with contextlib.suppress(OSError):
                words.unlink()  # so that they do not count as done
            return None
        found = tuple(Found(finding, suspects.get(finding.kind, Suspects.none())) for finding in stored.findings)
        return Checks(found, stored.leak, stored.pictures, stored.note)

    def done(self, identifier: str, version: int, part: Part) -> bool:
        """Whether a part is stored; cheaper than reading it."""
        return self._paths(identifier, version, part)[0].is_file()

    def write(self, identifier: str, version: int, part: Part, checks: Checks) -> None:
        """Store what was found.

        Raises:
            NotFoundError: no such dataset.
            StorageError: the disk refused.
        """
        words, table = self._paths(identifier, version, part)
        if not words.parent.is_dir():  # the dataset was deleted meanwhile; do not bring its folder back
            raise StorageError("The dataset is no longer there")
        _write_suspects(table, checks.found)
        stored = _Stored(
            format=_FORMAT,
            findings=tuple(found.finding for found in checks.found),
            leak=checks.leak,
            pictures=checks.pictures,
            note=checks.note,
        )
        write_json(words, stored.model_dump(mode="json"))

    def work_folder(self, identifier: str) -> Path:
        """The folder in which the background process of a dataset says how far it is.

        Raises:
            NotFoundError: no such dataset.
        """
        return self._datasets.version_path(identifier, 1, "json").parent.parent / "checks"

    def _paths(self, identifier: str, version: int, part: Part) -> tuple[Path, Path]:
        words, table = (self._datasets.version_path(identifier, version, ending) for ending in _ENDINGS[part])
        return words, table


def _write_suspects(path: Path, found: tuple[Found, ...]) -> None:
    import pyarrow as pa
    from pyarrow import parquet

    none = np.zeros(0, dtype=np.int64)
    suspects = [one.suspects for one in found]
    arrays = {
        "kind": columns.strings([one.finding.kind for one in found for _ in range(len(one.suspects))]),
        "id": columns.integers(np.concatenate([none, *(one.ids for one in suspects)]), np.int64),
        "score": columns.floats(np.concatenate([none.astype(np.float32), *(one.scores for one in suspects)])),
        "partner": columns.integers(np.concatenate([none, *(one.partners for one in suspects)]), np.int64),
        "suggestion": columns.strings([words for one in suspects for words in one.suggestions]),
    }
    buffer = io.BytesIO()
    parquet.write_table(pa.Table.from_arrays(list(arrays.values()), names=list(arrays)), buffer, compression="zstd")
    write_bytes(path, buffer.getvalue())


def _read_suspects(path: Path) -> dict[FindingKind, Suspects]:
    from pyarrow import parquet

    table = parquet.ParquetFile(path).read()
    kinds = table.column("kind").to_pylist()
    ids, scores, partners = (np.asarray(table.column(name).to_numpy()) for name in ("id", "score", "partner"))
    suggestions = table.column("suggestion").to_pylist()
    starts: dict[FindingKind, tuple[int, int]] = {}
    for place, kind in enumerate(kinds):  # the rows of one kind lie together
        starts[kind] = (starts.get(kind, (place, place))[0], place + 1)
    return {
        kind: Suspects(
            ids=ids[start:end].astype(np.int64),
            scores=scores[start:end].astype(np.float32),
            partners=partners[start:end].astype(np.int64),
            suggestions=tuple(suggestions[start:end]),
        )
        for kind, (start, end) in starts.items()
    }
