"""Two finished runs side by side, on the test pictures both were tested with."""

from typing import TYPE_CHECKING

from clf_core.api.runs import Runs
from clf_core.config import TrainConfig
from clf_core.errors import ClfError, NotFoundError, StateError
from clf_core.results import RunSummary
from clf_core.results.comparison import (
    ComparedPage,
    Comparison,
    DataDifference,
    PairedFigures,
    PairKind,
    SettingDifference,
    TestLooks,
)
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory

if TYPE_CHECKING:
    from clf_core.evaluation.comparison_words import Names
    from clf_core.evaluation.pairing import Judged, Pairs

_MOST_KEPT = 8
"""Compared pairs of runs kept in memory; finished runs never change."""

_Kept = tuple["Judged", "Judged", "Pairs"]


class Comparisons:
    """Comparing runs. ``first`` and ``second`` are names or identifiers of finished runs.

    All methods raise NotFoundError where there is no such run, StateError where one is not done, was not tested or
    both are the same, and StorageError where what it left cannot be read.
    """

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self._workspace = workspace
        self._runs = runs
        self._kept: dict[tuple[str, str], _Kept] = {}
        self._figures: dict[tuple[str, str, Names], PairedFigures] = {}

    def compare(self, first: str, second: str) -> Comparison:
        """Compare two runs: which is better and whether that is luck, class by class, and in what they differ.

        It is a look at the test split of both and counted as one of each.
        """
        from clf_core.evaluation.comparison import LEVEL, shared
        from clf_core.evaluation.comparison_words import Names, cautions

        ours, theirs = self._two(first, second)
        names = Names(ours.record.name, theirs.record.name)
        *_, pairs = self._paired(ours, theirs)
        for run in (ours, theirs):
            self._workspace.runs.looks.count_look(run)
        looks = self.looks([ours.record.dataset_id, theirs.record.dataset_id])
        in_common = shared(pairs, names)
        figures = self._compared(ours, theirs, pairs, names) if len(pairs) else None
        return Comparison(
            first=self._runs.get(ours.record.id),
            second=self._runs.get(theirs.record.id),
            shared=in_common,
            figures=figures,
            cautions=cautions(figures, in_common, looks, LEVEL),
            settings=self._settings(ours, theirs),
            data=self._data(ours, theirs),
            looks=looks,
        )

    def pictures(self, first: str, second: str, kind: PairKind, offset: int = 0, limit: int = 60) -> ComparedPage:
        """Return shared test pictures that only one of two runs, or neither, got right.

        Args:
            first, second: the runs.
            kind: which of them was right.
            offset, limit: the part of the list that is wanted; those come first of which the wrong one was surest.
        """
        from clf_core.evaluation.comparison import pictures

        return pictures(*self._paired(*self._two(first, second)), kind, offset, limit)

    def looks(self, dataset_ids: list[str]) -> TestLooks:
        """Return how often results on the test pictures of these datasets were looked at, over all runs; no look."""
        from clf_core.evaluation.comparison_words import looks_words

        tested: list[RunSummary] = [
            run for run in self._runs.list() if run.dataset_id in dataset_ids and "accuracy" in run.metrics
        ]
        counted = (self._workspace.runs.looks.count(self._runs.directory(run.id)) for run in tested)
        looks = TestLooks(runs=len(tested), looks=sum(counted))
        return looks.model_copy(update={"words": looks_words(looks)})

    def _two(self, first: str, second: str) -> tuple[RunDirectory, RunDirectory]:
        ours, theirs = self._runs.finished(first), self._runs.finished(second)
        if ours.record.id == theirs.record.id:
            raise StateError("A run cannot be compared with itself", remedy="Choose another one beside it")
        return ours, theirs

    def _paired(self, ours: RunDirectory, theirs: RunDirectory) -> _Kept:
        from clf_core.evaluation.pairing import pair

        key = (ours.record.id, theirs.record.id)
        if key not in self._kept:
            first, second = self._judged(ours), self._judged(theirs)
            if len(self._kept) >= _MOST_KEPT:
                self._kept.pop(next(iter(self._kept)), None)
            self._kept[key] = (first, second, pair(first, second))
        return self._kept[key]

    def _compared(self, ours: RunDirectory, theirs: RunDirectory, pairs: "Pairs", names: "Names") -> PairedFigures:
        from clf_core.evaluation.comparison import compare

        key = (ours.record.id, theirs.record.id, names)
        if key not in self._figures:
            if len(self._figures) >= _MOST_KEPT:
                self._figures.pop(next(iter(self._figures)), None)
            self._figures[key] = compare(pairs, names)
        return self._figures[key]

    def _judged(self, run: RunDirectory) -> "Judged":
        from clf_core.evaluation.pairing import judged, judged_rows

        report = run.evaluation()
        if report is None:
            raise StateError(
                f"The run '{run.record.name}' was not tested",
                why="Its dataset has no test pictures",
                remedy="Add pictures to the dataset and train again",
            )
        answers = run.answers("test")
        if answers is not None:
            return judged(answers, report.calibration.temperature if report.calibration else 1.0)
        return judged_rows(run.tested(), self._groups(run))

    def _groups(self, run: RunDirectory) -> dict[str, str]:
        """Groups of the test pictures by content, from the dataset; empty where that is gone."""
        try:
            rows = self._workspace.datasets.manifest(run.record.dataset_id, run.record.version).select("test")
        except NotFoundError:
            return {}
        return dict(zip(rows.sha256, rows.group, strict=True))

    def _settings(self, ours: RunDirectory, theirs: RunDirectory) -> tuple[SettingDifference, ...]:
        from clf_core.evaluation.settings_difference import settings_difference

        configs = [self._with_names(run) for run in (ours, theirs)]
        chosen = [self._runs.chosen(run.record.id) for run in (ours, theirs)]
        return settings_difference(configs[0], configs[1], chosen[0], chosen[1])

    def _with_names(self, run: RunDirectory) -> TrainConfig:
        """Its settings, the run it went on from by the name that run has now."""
        config = run.config
        if not config.continue_from:
            return config
        try:
            earlier = self._runs.directory(config.continue_from).record.name
        except ClfError:
            return config
        return config.model_copy(update={"continue_from": earlier})

    def _data(self, ours: RunDirectory, theirs: RunDirectory) -> DataDifference:
        from clf_core.data.differences import difference
        from clf_core.data.wording import in_short

        first, second = ours.record, theirs.record
        names = f"'{in_short(first.dataset)}'", f"'{in_short(second.dataset)}'"
        if first.dataset_id != second.dataset_id:
            words = f"Different datasets: {names[0]} version {first.version} and {names[1]} version {second.version}."
            return DataDifference(kind="other dataset", words=words)
        if first.version == second.version:
            return DataDifference(kind="same version", words=f"Both saw version {first.version} of {names[0]}.")
        old, new = sorted((first.version, second.version))
        words = f"They saw versions {first.version} and {second.version} of {names[0]}."
        try:
            manifests = [self._workspace.datasets.manifest(first.dataset_id, version) for version in (old, new)]
        except ClfError:  # it is gone, and the rest of the comparison stands without it
            return DataDifference(kind="other version", words=words)
        return DataDifference(kind="other version", words=words, versions=difference(*manifests, old, new))
