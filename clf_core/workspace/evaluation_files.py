"""What a run's directory holds of its examination: the report, the answers picture by picture, the figures.

None of these changes once it is written; pages ask at every rerun, so the latest are kept in memory.
"""

from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

from clf_core.errors import StorageError
from clf_core.files import storage_error
from clf_core.results import EvaluationReport, TestedPicture
from clf_core.results.figures import FIGURES_VERSION, Figures
from clf_core.values import Value
from clf_core.workspace.records import SliceTable
from clf_core.workspace.value_files import ValueFiles

if TYPE_CHECKING:
    from clf_core.evaluation.answers import Answers

_V = TypeVar("_V", bound=Value)

_FIGURES = "figures.json"
_TABLE = "slice_table.json"
_EARLIER = "tested.parquet"
"""What earlier versions of the studio left of the answers: what was said and how surely, without logits."""


class EvaluationFiles:
    """Reads and writes them.

    Args:
        path: the run's directory.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._values = ValueFiles(path, "a run")

    def evaluation(self) -> EvaluationReport | None:
        """Return the look at the test split, None where there was none.

        Raises:
            StorageError: the file is damaged.
        """
        return _latest(self.path / "evaluation.json", EvaluationReport)

    def tested(self) -> tuple[TestedPicture, ...]:
        """Return the test pictures with the model's answers.

        Raises:
            StorageError: the file is missing or damaged.
        """
        path = self._answers_path("test")
        changed = _changed(path)
        if changed is not None:
            return _tested_of(path, changed, self.temperature())
        path = self.path / _EARLIER
        return _read_tested(path, _changed(path) or 0)  # which tells what is wrong with one that is missing

    def temperature(self) -> float:
        """Return by what logits are divided to tell how sure the model was of its test pictures; 1 where unknown.

        Raises:
            StorageError: the report is damaged.
        """
        report = self.evaluation()
        return report.calibration.temperature if report is not None and report.calibration is not None else 1.0

    def write_evaluation(self, report: EvaluationReport) -> None:
        """Write the look at the test split, after the answers: it is what says that there was one.

        Raises:
            StorageError: the disk refuses.
        """
        self._values.write("evaluation.json", report)

    def answers(self, split: Literal["val", "test"]) -> "Answers | None":
        """Return what the network said of the pictures of a split that it had not learned from.

        Of the validation pictures they are those of the network before it learned from these as well. None where there
        are no such pictures, or the run is of an earlier version of the studio.

        Raises:
            StorageError: the file is damaged.
        """
        path = self._answers_path(split)
        changed = _changed(path)
        return None if changed is None else _read_answers(path, changed)

    def write_answers(self, split: Literal["val", "test"], answers: "Answers") -> None:
        """Keep what the network said of the pictures of a split that it had not learned from.

        Raises:
            StorageError: the disk refuses.
        """
        from clf_core.evaluation.answers import write_answers

        write_answers(self._answers_path(split), answers)

    def figures(self) -> Figures | None:
        """Return the figures worked out earlier; None where there are none, or not in the form they have now."""
        try:
            kept = _latest(self.path / _FIGURES, Figures)
        except StorageError:  # they can be worked out again
            return None
        return kept if kept is not None and kept.version == FIGURES_VERSION else None

    def write_figures(self, figures: Figures) -> None:
        """Keep figures that were worked out.

        Raises:
            StorageError: the disk refuses.
        """
        self._values.write(_FIGURES, figures)

    def slice_table(self) -> SliceTable | None:
        """Return the table a person gave for slices, None without one.

        Raises:
            StorageError: it cannot be read.
        """
        return _latest(self.path / _TABLE, SliceTable)

    def write_slice_table(self, table: SliceTable | None) -> None:
        """Keep that table in the place of the one before; None removes it.

        Raises:
            StorageError: the disk refuses.
        """
        if table is not None:
            self._values.write(_TABLE, table)
            return
        path = self.path / _TABLE
        try:
            path.unlink(missing_ok=True)
        except OSError as error:
            raise storage_error(error, path) from error

    def _answers_path(self, split: Literal["val", "test"]) -> Path:
        return self.path / "answers" / f"{split}.npz"


def _changed(path: Path) -> int | None:
    """When the file was written, None where there is none."""
    try:
        return path.stat().st_mtime_ns
    except FileNotFoundError:
        return None


def _latest(path: Path, kind: type[_V]) -> _V | None:
    changed = _changed(path)
    # The cache cannot say that the value is of the kind it was read as.
    return None if changed is None else _read_value(path, changed, kind)  # type: ignore[return-value]


@lru_cache(maxsize=16)
def _read_value(path: Path, _changed: int, kind: type[Value]) -> Value | None:
    return ValueFiles(path.parent, "a run").find(path.name, kind)


@lru_cache(maxsize=4)
def _tested_of(path: Path, changed: int, temperature: float) -> tuple[TestedPicture, ...]:
    from clf_core.evaluation.tested import tested_pictures

    return tested_pictures(_read_answers(path, changed), temperature)


@lru_cache(maxsize=4)
def _read_tested(path: Path, _changed: int) -> tuple[TestedPicture, ...]:
    from clf_core.evaluation.tested import read_tested

    return read_tested(path)


@lru_cache(maxsize=8)
def _read_answers(path: Path, _changed: int) -> "Answers":
    from clf_core.evaluation.answers import read_answers

    return read_answers(path)
