"""What a person who decides sees first of a run: pure functions from the report and the tested pictures to words."""

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from clf_core.data.wording import in_short, pictures
from clf_core.evaluation import verdict
from clf_core.results import EvaluationReport, MixUp, Proposal, TestedPicture, Verdict, WeakClass

WEAKEST = 3

_ENOUGH = 5
"""Classes with fewer test pictures are named only where no others are weak: of so few, chance decides."""

EXPLAINED: dict[str, str] = {
    "accuracy": "The share of test pictures that were named rightly; the network never saw them while it learned.",
    "interval": "Were new test pictures drawn again and again, 95 of 100 such ranges would hold the true share.",
    "baseline": "What always answering the most frequent class of the training pictures would get right.",
    "weakest": "The classes of which the smallest share was found; with few test pictures the range is wide.",
    "mix_up": "The two classes that are taken for each other most often, counted both ways.",
    "next_step": "A rule of thumb applied to this result, the settings and the dataset; it is not a promise.",
}


def first_screen(
    report: EvaluationReport,
    tested: Sequence[TestedPicture],
    train_counts: Mapping[str, int],
    proposals: Sequence[Proposal],
) -> Verdict:
    """Put together what has to be said first.

    Args:
        report: on the test split.
        tested: its pictures.
        train_counts: training pictures per class.
        proposals: what to try next, the most promising first.
    """
    beats, baseline = _baseline(report, train_counts)
    cautions = (
        verdict.size_caution(report.n),
        verdict.untested_caution([score.name for score in report.class_scores if not score.support]),
    )
    return Verdict(
        accuracy=verdict.headline(report.correct, report.n, report.accuracy_low, report.accuracy_high),
        beats_baseline=beats,
        baseline=baseline,
        weakest=weakest_classes(report),
        mix_up=worst_mix_up(report, tested),
        next_step=next(iter(proposals), None),
        cautions=tuple(sentence for sentence in cautions if sentence),
        explained=EXPLAINED,
    )


def weakest_classes(report: EvaluationReport) -> tuple[WeakClass, ...]:
    """The classes found least often, at most ``WEAKEST``; those of which all were found are not weak."""
    weak = [
        (score.support < _ENOUGH, score.recall, -score.support, place)
        for place, score in enumerate(report.class_scores)
        if score.recall is not None and score.recall < 1
    ]
    return tuple(_weak_class(report, place) for *_, place in sorted(weak)[:WEAKEST])


def _weak_class(report: EvaluationReport, place: int) -> WeakClass:
    score = report.class_scores[place]
    found, low, high = report.confusion_matrix[place][place], score.recall_low or 0.0, score.recall_high or 1.0
    return WeakClass(
        name=score.name,
        support=score.support,
        found=found,
        recall=score.recall or 0.0,
        low=low,
        high=high,
        words=f"{found:,} of {pictures(score.support)} of '{in_short(score.name)}' were found; on new ones expect "
        f"{verdict.percent_range(low, high)}.",
    )


def worst_mix_up(report: EvaluationReport, tested: Sequence[TestedPicture]) -> MixUp | None:
    """The pair of classes taken for each other most often, counted both ways, with a picture of each; None without."""
    matrix: NDArray[np.int64] = np.array(report.confusion_matrix, dtype=np.int64)
    np.fill_diagonal(matrix, 0)
    if not matrix.any():
        return None
    # The more frequent way of the pair comes first; the first of equals in class order.
    ways = (matrix + matrix.T) * (len(report.classes) * report.n) + matrix
    true, said = (int(place) for place in np.unravel_index(int(ways.argmax()), ways.shape))
    names, count, back = report.classes, int(matrix[true, said]), int(matrix[said, true])
    mistaken, beside = _pair(names[true], names[said], tested)
    also = f", and the other way round {_times(back)}" if back else ""
    support = report.class_scores[true].support
    return MixUp(
        true=names[true],
        said=names[said],
        count=count,
        support=support,
        back=back,
        mistaken=mistaken,
        beside=beside,
        words=f"'{in_short(names[true])}' was taken for '{in_short(names[said])}' {_times(count)} in {support:,}"
        f"{also}.",
    )


def _pair(true: str, said: str, tested: Sequence[TestedPicture]) -> tuple[TestedPicture | None, TestedPicture | None]:
    """The surest picture of ``true`` taken for ``said``, and one of ``said`` that was recognised, if there is any."""
    mistaken = [picture for picture in tested if picture.true == true and picture.predicted == said]
    others = [picture for picture in tested if picture.true == said]
    return (
        min(mistaken, key=_surest_first, default=None),
        min(others, key=lambda picture: (picture.predicted != said, *_surest_first(picture)), default=None),
    )


def _surest_first(picture: TestedPicture) -> tuple[float, str, str]:
    return -picture.probability, picture.source_name, picture.sha256


def _baseline(report: EvaluationReport, train_counts: Mapping[str, int]) -> tuple[Literal["yes", "unclear", "no"], str]:
    answer = max(report.classes, key=lambda name: train_counts.get(name, 0))
    right = round(report.baseline * report.n)
    caution = verdict.baseline_caution(report.correct, report.n, report.accuracy_low, in_short(answer), right)
    if caution is None:
        return "yes", (
            f"Always answering '{in_short(answer)}' would get {right:,} of {report.n:,} right; this model clearly "
            "gets more."
        )
    return ("unclear" if report.correct > right else "no"), caution


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count:,} times"
