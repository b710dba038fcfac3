"""What a finished run takes for what: the matrix in parts that fit a screen, and its mistakes one by one."""

from functools import lru_cache
from typing import TYPE_CHECKING

from clf_core.api.runs import Runs
from clf_core.api.tested_runs import report_of
from clf_core.errors import NotFoundError, StateError
from clf_core.results import EvaluationReport, Picture, TestedPicture
from clf_core.results.confusion import ClassOrder, ConfusionBlock, MistakeOrder, Mistakes
from clf_core.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

WHOLE = 40
"""Up to so many classes the matrix is shown whole."""

PART = 16
"""Classes of the part that is shown of a larger one."""


class Mixups:
    """The mix-ups of finished runs on their test pictures. ``run_ref`` is a run's name or identifier.

    Nothing here counts as a look at the test split: whoever asks has the report before them.
    """

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self._workspace = workspace
        self._runs = runs

    def block(self, run_ref: str, *, around: str | None = None, order: ClassOrder = "given") -> ConfusionBlock:
        """Return the confusion matrix; of one of more than ``WHOLE`` classes the part with many mix-ups.

        Args:
            run_ref: which run.
            around: of a large matrix, the part with this class and those it is mixed up with.
            order: of the classes shown.

        Raises:
            NotFoundError: no such run or class.
            StateError: the run is not done, or was not tested.
        """
        run = self._runs.finished(run_ref)
        report = report_of(run)
        if around is not None and around not in report.classes:
            raise NotFoundError(f"There is no class '{around}' in the run '{run.record.name}'")
        return _block(report, around, order)

    def mistakes(
        self,
        run_ref: str,
        *,
        order: MistakeOrder = "confidence",
        other: str | None = None,
        offset: int = 0,
        limit: int = 24,
    ) -> Mistakes:
        """Return some of the wrong answers.

        Args:
            run_ref: which run.
            order: the surest first; the largest loss first; or, with ``other``, only those where that run says
                something else, the two surest of their own first.
            other: another finished run, compared on the pictures both were tested with.
            offset, limit: which of them.

        Raises:
            NotFoundError: no such run.
            StateError: a run is not done, or was not tested; or there is no other run to disagree with.
        """
        from clf_core.evaluation import mistakes

        rows = self._tested(run_ref)
        others = self._tested(other) if other is not None else ()
        part = slice(max(0, offset), max(0, offset) + max(0, limit))
        if order == "disagreement":
            if other is None:
                raise StateError("There is no other run to compare with", remedy="Choose another run, or another order")
            pairs = mistakes.by_disagreement(rows, others)
            return Mistakes(
                total=len(pairs),
                pictures=tuple(row for row, _ in pairs[part]),
                other_said=tuple(answer.predicted for _, answer in pairs[part]),
                shared=mistakes.shared(rows, others),
            )
        wrong = mistakes.by_loss(rows) if order == "loss" else mistakes.by_confidence(rows)
        return Mistakes(total=len(wrong), pictures=wrong[part])

    def in_dataset(self, run_ref: str, tested: TestedPicture) -> Picture | None:
        """Return a test picture as it stands in the newest version of the dataset, left-out ones included.

        None where it, or the dataset, is there no more. Of equal files, the one of the same name is meant.

        Raises:
            NotFoundError: no such run.
        """
        run = self._runs.directory(run_ref)
        datasets = self._workspace.datasets
        try:
            dataset = datasets.find(run.record.dataset_id)
        except NotFoundError:
            return None
        manifest = datasets.manifest(dataset.id, dataset.version)
        found = manifest.pictures(
            [place for place, sha256 in enumerate(manifest.column("sha256")) if sha256 == tested.sha256]
        )
        same = [picture for picture in found if picture.source_name == tested.source_name]
        return next(iter([*same, *found]), None)

    def _tested(self, run_ref: str) -> tuple[TestedPicture, ...]:
        run = self._runs.finished(run_ref)
        report_of(run)
        return run.tested()


def _block(report: EvaluationReport, around: str | None, order: ClassOrder) -> ConfusionBlock:
    import numpy as np

    from clf_core.evaluation import arrangement

    matrix = _matrix(report.confusion_matrix)
    known = len(report.classes)
    if known <= WHOLE:
        places: NDArray[np.int64] = np.arange(known, dtype=np.int64)
    elif around is None:
        places = arrangement.most_confused(matrix, PART)
    else:
        places = arrangement.confused_with(matrix, report.classes.index(around), PART)
    totals = matrix.sum(axis=1)
    if order == "similar":
        places = places[arrangement.similar_order(matrix[np.ix_(places, places)], totals[places])]
    counts = matrix[np.ix_(places, places)]
    return ConfusionBlock(
        classes=tuple(report.classes[place] for place in places.tolist()),
        counts=tuple(map(tuple, counts.tolist())),
        true_totals=tuple(totals[places].tolist()),
        said_totals=tuple(matrix.sum(axis=0)[places].tolist()),
        known=known,
        worst=arrangement.worst_cell(counts),
    )


@lru_cache(maxsize=4)
def _matrix(rows: tuple[tuple[int, ...], ...]) -> "NDArray[np.int64]":
    import numpy as np

    matrix = np.array(rows, dtype=np.int64)
    matrix.flags.writeable = False
    return matrix
