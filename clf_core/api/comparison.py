"""Two finished runs side by side, on the test pictures both were tested with."""

import contextlib
from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING

from clf_core.api.runs import Runs
from clf_core.api.tested_runs import report_of
from clf_core.config import TrainConfig
from clf_core.errors import ClfError, NotFoundError, StateError
from clf_core.results import RunSummary
from clf_core.results.comparison import (
    ComparedPage,
    Comparison,
    DataDifference,
    Outcome,
    PairedFigures,
    PairKind,
    SettingDifference,
    Standing,
    TestLooks,
)
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory

if TYPE_CHECKING:
    from clf_core.evaluation.comparison_words import Names
    from clf_core.evaluation.pairing import Judged, Pairs

_KEPT_RUNS = 8
_KEPT_PAIRS = 8
_KEPT_STANDINGS = 2000
"""Kept in memory, as finished runs never change."""

_STANDINGS: dict[Outcome, Standing] = {"first": "behind", "second": "best", "alike": "alike", "unclear": "unclear"}
"""Of the second run, where the first is the most accurate one."""


class Comparisons:
    """Comparing runs. ``first`` and ``second`` are names or identifiers of finished runs.

    All methods raise NotFoundError where there is no such run, StateError where one is not done, was not tested or
    both are the same, and StorageError where what it left cannot be read.
    """

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self._workspace = workspace
        self._runs = runs
        self._judged = lru_cache(_KEPT_RUNS)(self._read)
        self._paired = lru_cache(_KEPT_PAIRS)(self._match)
        self._figures = lru_cache(_KEPT_PAIRS)(self._compare)
        self._standing = lru_cache(_KEPT_STANDINGS)(self._stand)

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
        figures = self._figures(ours, theirs, names) if len(pairs) else None
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

    def standings(self, refs: Sequence[str]) -> dict[str, Standing]:
        """Return how runs stand beside the most accurate of them, by identifier; it is no look.

        Only those tested on the very same pictures are named; so are none where there are not two of them.

        Args:
            refs: names or identifiers; those without a result, or whose files cannot be read, are passed over.
        """
        tested = sorted(self._tested(refs), key=lambda run: -run.metrics["accuracy"])
        if len(tested) < 2:
            return {}
        best, found = tested[0].id, {}
        for run in tested[1:]:
            with contextlib.suppress(ClfError):
                standing = self._standing(*self._two(best, run.id))
                if standing is not None:
                    found[run.id] = standing
        return {best: "best", **found} if found else {}

    def looks(self, dataset_ids: list[str]) -> TestLooks:
        """Return how often results on the test pictures of these datasets were looked at, over all runs; no look."""
        from clf_core.evaluation.comparison_words import looks_words

        tested = [run for run in self._runs.list() if run.dataset_id in dataset_ids and "accuracy" in run.metrics]
        looks = TestLooks(runs=len(tested), looks=sum(self._looks_at(run) for run in tested))
        return looks.model_copy(update={"words": looks_words(looks)})

    def _looks_at(self, run: RunSummary) -> int:
        try:
            return self._workspace.runs.looks.count(self._runs.directory(run.id))
        except ClfError:  # it went away a moment ago
            return 0

    def _tested(self, refs: Sequence[str]) -> list[RunSummary]:
        found = []
        for ref in refs:
            with contextlib.suppress(ClfError):
                run = self._runs.get(ref)
                if run.state == "done" and "accuracy" in run.metrics:
                    found.append(run)
        return found

    def _stand(self, best: RunDirectory, other: RunDirectory) -> Standing | None:
        """None where they were not tested on the same pictures."""
        from clf_core.evaluation.comparison import outcome

        *_, pairs = self._paired(best, other)
        same = len(pairs) and not (pairs.first_alone or pairs.second_alone or pairs.other_class)
        return _STANDINGS[outcome(pairs)] if same else None

    def _two(self, first: str, second: str) -> tuple[RunDirectory, RunDirectory]:
        ours, theirs = self._runs.finished(first), self._runs.finished(second)
        if ours.record.id == theirs.record.id:
            raise StateError("A run cannot be compared with itself", remedy="Choose another one beside it")
        return ours, theirs

    def _match(self, ours: RunDirectory, theirs: RunDirectory) -> "tuple[Judged, Judged, Pairs]":
        from clf_core.evaluation.pairing import pair

        first, second = self._judged(ours), self._judged(theirs)
        return first, second, pair(first, second)

    def _compare(self, ours: RunDirectory, theirs: RunDirectory, names: "Names") -> PairedFigures:
        from clf_core.evaluation.comparison import compare

        *_, pairs = self._paired(ours, theirs)
        return compare(pairs, names)

    def _read(self, run: RunDirectory) -> "Judged":
        from clf_core.evaluation.pairing import judged, judged_rows

        report_of(run)
        answers = run.answers("test")
        if answers is not None:
            return judged(answers, run.temperature())
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
            before, after = (self._workspace.datasets.manifest(first.dataset_id, number) for number in (old, new))
        except ClfError:  # it is gone, and the rest of the comparison stands without it
            return DataDifference(kind="other version", words=words)
        return DataDifference(kind="other version", words=words, versions=difference(before, after, old, new))
