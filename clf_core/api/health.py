"""The health of datasets: what is wrong with the pictures, and the one-click fixes."""

import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clf_core.api.editing import Editing
from clf_core.errors import StateError
from clf_core.jobs.health import HealthJobs
from clf_core.results import (
    DatasetSummary,
    FindingKind,
    HealthReport,
    LeakCheck,
    PictureEdit,
    PicturePage,
    Suspect,
    VersionInfo,
)
from clf_core.values import Split
from clf_core.workspace import Workspace

if TYPE_CHECKING:
    from clf_core.health.found import Found, Suspects
    from clf_core.workspace.health import Checks, HealthStore

_KEPT = 8
_LEAK_FIGURES = {name for name in LeakCheck.model_fields if name.startswith("with") or name == "pictures"}


@dataclass
class _Known:
    """What is in memory of one version; the report is None until the slow checks are done."""

    dataset: DatasetSummary
    quick: "Checks"
    slow: "Checks | None" = None
    report: HealthReport | None = None

    @property
    def found(self) -> "list[Found]":
        return [*self.quick.found, *(self.slow.found if self.slow else ())]


class Health:
    """Checks of the datasets of one workspace. ``ref`` is a dataset's name or identifier.

    The quick checks are made once per version, when its report is first asked for, and stored. The slow ones
    (label suspects, outliers, cross-validated accuracy) run in a process of their own once ``start_slow`` is
    called, and go on when this one ends.
    """

    def __init__(self, workspace: Workspace, editing: Editing) -> None:
        self._workspace = workspace
        self._editing = editing
        self._known: OrderedDict[tuple[str, int], _Known] = OrderedDict()
        self._lock = threading.Lock()
        self._computing = threading.Lock()
        self._jobs: HealthJobs | None = None

    def report(self, ref: str, version: int | None = None) -> HealthReport:
        """Return what is known of the health of a version, None for the newest.

        Cheap enough to call at every rerun of a page; the first time it makes the quick checks (about a second
        for 50,000 pictures).

        Raises:
            NotFoundError: no such dataset or version.
            StorageError: the version cannot be read.
        """
        dataset = self._workspace.datasets.find(ref, version)
        known = self._look_up(dataset)
        return known.report or self._assemble(known)

    def prepare(self, ref: str) -> None:
        """Make the quick checks of the newest version now, so that no page has to wait for them.

        Raises:
            The errors of ``report``.
        """
        self._look_up(self._workspace.datasets.find(ref))

    def start_slow(self, ref: str) -> None:
        """Start the slow checks of the newest version in the background, at low priority.

        Changes nothing where they are done or under way, and starts them again where they failed. A check of
        an older version ends.

        Raises:
            NotFoundError: no such dataset.
            StorageError: the disk refused.
        """
        dataset = self._workspace.datasets.find(ref)
        self._health_jobs().start(dataset.id, dataset.version)

    def stop_slow(self, ref: str) -> None:
        """End the background process of a dataset; what it computed so far is not computed again.

        Raises:
            NotFoundError: no such dataset.
        """
        self._health_jobs().stop(self._workspace.datasets.find(ref).id)

    def fix(self, ref: str, kind: FindingKind, *, who: str | None = None) -> VersionInfo:
        """Do what the button of a finding of the newest version says; return the version it made.

        Undo it with ``editing.return_to`` the version's parent.

        Raises:
            NotFoundError: no such dataset.
            StateError: the newest version has no such finding, or only a person can mend it.
            StorageError: the disk refused; nothing is changed.
        """
        from clf_core.health.repair import repair

        dataset = self._workspace.datasets.find(ref)
        suspects = self._suspects(dataset, kind)
        mend = None if suspects is None else repair(kind, suspects, dataset.classes)
        if suspects is None or mend is None:
            raise StateError(
                "There is nothing to mend here at the press of a button",
                why="The dataset may have changed since" if suspects is None else "This is for a person to decide",
                remedy="Reload the page" if suspects is None else "",
            )
        if len(mend.merged) == 1:
            into, others = next(iter(mend.merged.items()))
            return self._editing.merge_classes(dataset.id, others, into, who=who)
        if mend.merged:  # several at once, as one version
            edits = [
                PictureEdit(id=number, label=label)
                for number, label in zip(suspects.ids.tolist(), suspects.suggestions, strict=True)
            ]
            return self._editing.apply(dataset.id, edits, who=who)
        return self._editing.exclude(dataset.id, mend.left_out, mend.reason, who=who)

    def pictures(
        self,
        ref: str,
        kind: FindingKind,
        *,
        label: str | None = None,
        split: Split | None = None,
        text: str = "",
        offset: int = 0,
        limit: int = 60,
        version: int | None = None,
    ) -> tuple[PicturePage, dict[int, Suspect]]:
        """Return pictures of a finding, most suspicious first, and why each is there by its number.

        Args:
            ref: name or identifier of the dataset.
            kind: the finding; one the version does not have has no pictures.
            label: only this class.
            split: only this split.
            text: found in the file name or class name, whatever its case.
            offset, limit: which of those that match.
            version: a version of the dataset; None for the newest.

        Raises:
            NotFoundError: no such dataset, version or class.
        """
        import numpy as np

        dataset = self._workspace.datasets.find(ref, version)
        manifest = self._workspace.datasets.manifest(dataset.id, dataset.version)
        matching = manifest.matching(label, split, "in use", text)
        suspects = self._suspects(dataset, kind)
        if suspects is None:
            return PicturePage(total=0, pictures=()), {}
        places = np.flatnonzero(np.isin(suspects.ids, manifest.ids[matching]))
        start = max(0, offset)
        shown = places[start : start + max(0, limit)]
        page = PicturePage(total=len(places), pictures=manifest.pictures(manifest.places(suspects.ids[shown].tolist())))
        return page, {int(suspects.ids[place]): suspects.at(int(place)) for place in shown}

    def _suspects(self, dataset: DatasetSummary, kind: FindingKind) -> "Suspects | None":
        known = self._look_up(dataset)
        if known.slow is None:
            self._take_slow(known)
        return next((found.suspects for found in known.found if found.finding.kind == kind), None)

    def _look_up(self, dataset: DatasetSummary) -> _Known:
        key = (dataset.id, dataset.version)
        with self._lock:
            if key in self._known:
                self._known.move_to_end(key)
                return self._known[key]
        with self._computing:  # two tabs that open at once shall not compute the same twice
            with self._lock:
                if key in self._known:
                    return self._known[key]
            known = _Known(dataset, self._quick(dataset))
            with self._lock:
                self._known[key] = known
                while len(self._known) > _KEPT:
                    self._known.popitem(last=False)
            return known

    def _quick(self, dataset: DatasetSummary) -> "Checks":
        from clf_core.health.quick import quick_checks
        from clf_core.workspace.health import Checks

        store = self._store()
        stored = store.read(dataset.id, dataset.version, "quick")
        if stored is not None:
            return stored
        datasets = self._workspace.datasets
        manifest = datasets.manifest(dataset.id, dataset.version)
        made = quick_checks(manifest, datasets.facts(dataset.id), dataset.skipped, dataset.split_config)
        checks = Checks(tuple(made.found), made.leak, dataset.pictures)
        store.write(dataset.id, dataset.version, "quick", checks)
        return checks

    def _take_slow(self, known: _Known) -> None:
        """Read what the background process stored, once it has."""
        dataset, store = known.dataset, self._store()
        if store.done(dataset.id, dataset.version, "slow"):
            known.slow = store.read(dataset.id, dataset.version, "slow")

    def _assemble(self, known: _Known) -> HealthReport:
        from clf_core.health.grading import grade, worst_first

        dataset = known.dataset
        state, work = self._health_jobs().state(dataset.id, dataset.version)
        if state == "done":
            self._take_slow(known)
            state = "done" if known.slow else "waiting"  # stored, but damaged or of an earlier format
        found = worst_first(known.found)
        letter, reasons = grade(found, dataset.pictures, len(dataset.classes), learnable=_learnable(dataset))
        report = HealthReport(
            dataset_id=dataset.id,
            version=dataset.version,
            grade=letter,
            reasons=reasons,
            findings=tuple(one.finding for one in found),
            leak=_leak(known),
            slow_checks=state,
            slow_done=known.slow.pictures if known.slow else work.done if work else 0,
            slow_total=known.slow.pictures if known.slow else work.total if work else 0,
            slow_note=known.slow.note if known.slow else work.note if work else "",
        )
        if known.slow is not None:
            known.report = report  # nothing about this version can change any more
        return report

    def _store(self) -> "HealthStore":
        from clf_core.workspace.health import HealthStore

        return HealthStore(self._workspace.datasets)

    def _health_jobs(self) -> HealthJobs:
        if self._jobs is None:
            self._jobs = HealthJobs(self._workspace.root, self._store())
        return self._jobs


def _leak(known: _Known) -> LeakCheck | None:
    """The counts of the quick checks with the accuracies of the slow ones."""
    quick, slow = known.quick.leak, known.slow.leak if known.slow else None
    if quick is None or slow is None:
        return quick
    return quick.model_copy(update={name: getattr(slow, name) for name in _LEAK_FIGURES})


def _learnable(dataset: DatasetSummary) -> bool:
    return len(dataset.classes) > 1 and all(splits.get("train") for splits in dataset.class_splits.values())
