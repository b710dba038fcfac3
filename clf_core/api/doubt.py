"""When a finished run answers, when it says that it is not sure, and what its mistakes cost."""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from clf_core.api.runs import Runs
from clf_core.errors import ConfigError, StateError
from clf_core.jobs.insights import folder_of
from clf_core.jobs.unknown_part import Unknown, read_alarms, read_references
from clf_core.results.doubt import DoubtReport, DoubtSettings, Foreign, PairCost
from clf_core.values import STARTER
from clf_core.workspace import Workspace
from clf_core.workspace.doubt import FILE, read_settings, write_settings
from clf_core.workspace.run_directory import RunDirectory

if TYPE_CHECKING:
    from clf_core.evaluation.answers import Answers
    from clf_core.prediction.judging import Judge

_Signature = tuple[int, ...]
"""When the files were written that an answer depends on; 0 for one that is not there."""


class Doubts:
    """Chosen on the validation pictures, counted on the test pictures. ``run_ref`` is a name or an identifier.

    All methods raise NotFoundError where there is no such run, StateError where it is not done or left no answers to
    validation pictures, and StorageError where its files are damaged or the disk refuses.
    """

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self._workspace = workspace
        self._runs = runs

    def report(self, run_ref: str) -> DoubtReport:
        """Return when the run answers and what that comes to; counted as a look at its test pictures."""
        run = self._runs.finished(run_ref)
        report = _report(run.path, _signature(run))
        if report.test is not None:
            self._workspace.runs.looks.count_look(run)
        return report

    def answer(self, run_ref: str, share: float | None) -> DoubtReport:
        """Let the run answer so many pictures, the surest ones, here and wherever it is asked from now on.

        Args:
            run_ref: which run.
            share: of the validation pictures, above 0 and up to 1; None for the recommended share.

        Raises:
            ConfigError: there is no such share.
        """
        if share is not None and not 0 < share <= 1:
            raise ConfigError(
                f"A classifier cannot answer {share * 100:.0f} % of the pictures",
                field="share",
                remedy="Give 1 % to 100 %",
            )
        return self._change(run_ref, answered=share)

    def set_costs(self, run_ref: str, costs: Sequence[PairCost]) -> DoubtReport:
        """Say which mistakes hurt more; what the run answers follows from now on.

        Args:
            run_ref: which run.
            costs: all mistakes that do not cost 1, each pair of two classes at most once; empty makes all alike.

        Raises:
            ConfigError: a class there is not, or a pair named twice.
        """
        return self._change(run_ref, costs=tuple(costs))

    def judge(self, model_ref: str) -> "Judge | None":
        """Return what decides the model's answers; None where nothing is known of its doubts."""
        if model_ref == STARTER:
            return None
        run = self._runs.finished(model_ref)
        val = run.answers("val")
        return _judge(run.path, _signature(run)) if val is not None and len(val) else None

    def foreign(self, model_ref: str) -> Foreign:
        """Return what becomes of pictures of something else that the model is shown; cheap, and no look at a test."""
        judge = self.judge(model_ref)
        if judge is None:
            return "never"
        if judge.references is not None:
            return "refused"
        return "not yet" if read_alarms(self._runs.finished(model_ref)) is None else "too few"

    def state_of(self, model_ref: str) -> tuple[int, ...]:
        """Return something that differs once the model's answers may: for what is kept of them elsewhere."""
        return () if model_ref == STARTER else _signature(self._runs.finished(model_ref))

    def _change(self, run_ref: str, **changes: object) -> DoubtReport:
        from clf_core.evaluation.doubt import costs_of

        run = self._runs.finished(run_ref)
        settings = read_settings(run)
        updated = {**dict(settings), **changes, "changes": settings.changes + 1}
        try:
            wanted = DoubtSettings.model_validate(updated)
        except ValidationError as error:
            raise ConfigError(
                "These costs cannot be used",
                field="costs",
                why=str(error.errors()[0]["msg"]),
                remedy="Give each pair of two different classes one cost, above 0 and up to 1,000",
            ) from None
        costs_of(_validation(run).classes, wanted.costs)
        write_settings(run, wanted)
        return self.report(run_ref)


def _validation(run: RunDirectory) -> "Answers":
    val = run.answers("val")
    if val is None or not len(val):
        raise StateError(
            f"'{run.record.name}' cannot say when it is sure enough to answer",
            why="It kept no answers to validation pictures: its dataset has none, or an earlier version trained it",
            remedy="Train again, on a dataset with enough pictures to set some aside",
        )
    return val


def _signature(run: RunDirectory) -> _Signature:
    paths = (
        run.path / FILE,
        run.model_folder / "model.json",
        run.path / "answers" / "val.npz",
        run.path / "answers" / "test.npz",
        folder_of(run, Unknown.name) / "alarms.json",
    )
    return tuple(_changed(path) for path in paths)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


@lru_cache(maxsize=8)
def _report(path: Path, _signature: _Signature) -> DoubtReport:
    """Pages ask at every rerun."""
    from clf_core.evaluation.doubt import report

    run = RunDirectory(path)
    return report(_validation(run), run.answers("test"), _temperature(run), read_settings(run), read_alarms(run))


@lru_cache(maxsize=2)
def _judge(path: Path, _signature: _Signature) -> "Judge":
    from clf_core.evaluation.doubt import rule_of
    from clf_core.prediction.judging import Judge

    run = RunDirectory(path)
    rule = rule_of(_validation(run), _temperature(run), read_settings(run))
    alarms = read_alarms(run)
    references = None if alarms is None or alarms.distance is None else read_references(run)
    if alarms is None or alarms.distance is None or references is None:
        return Judge(rule)
    return Judge(rule, references, alarms.distance)


def _temperature(run: RunDirectory) -> float:
    from clf_core.models.classifier import load_classifier

    return load_classifier(run.model_folder).spec.temperature
