"""Does a model answer by the background? The figures and the verdict, from what it said of pictures seen in part.

Two things stand for the background, as nobody has drawn where the things are: the border of the picture, and all but
the place where the heatmap is strong. Each alone misleads. A thing may reach into the border; and a heatmap shows where
the model looked, which is the background itself where that is what gives the class away. So a shortcut is told only
where the border keeps most of the accuracy and the heatmap agrees: the answer does without the place it marks, or what
it marks lies at the border.

Accuracy is balanced, the mean over the classes of the share found, so that a model which calls everything the same is
a guesser. What is kept is the skill, (accuracy - chance) / (accuracy of whole pictures - chance). Scoring a classifier
with foreground or background alone: Xiao et al. 2020, 'Noise or Signal: The Role of Image Backgrounds in Object
Recognition', arXiv:2006.09994; they had masks of the things, which this check does without. Intervals count groups of
near copies, not pictures (Agresti and Coull 1998 for each class).
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.evaluation import shortcut_words as words
from clf_core.metrics.intervals import wilson_interval
from clf_core.results.shortcut import (
    MOST,
    SURELY,
    VIEWS,
    ClassViews,
    ShortcutReport,
    ShortcutVerdict,
    View,
    ViewScore,
)

LEAST_SKILL = 0.3
"""Of whole pictures: a model that knows less has nothing to lose with a part of them."""

LEAST_PICTURES = 20
LEAST_PER_CLASS = 10
"""Groups of near copies, to say something of a single class."""

_BACKGROUNDS: tuple[View, ...] = ("border", "rest")


@dataclass(frozen=True)
class Looked:
    """What a model said of N pictures, seen whole and in part.

    Attributes:
        said: [N, V] int64, class the model named, in the order of ``VIEWS``; -1 where a picture has no such view.
        sure: [N, V] float32, probability of that class.
        at_border: [N] float64, share of the heatmap's mass at the border; NaN where there is no heatmap.
        border_area: share of the border in the picture's area.
    """

    said: NDArray[np.int64]
    sure: NDArray[np.float32]
    at_border: NDArray[np.float64]
    border_area: float

    def right(self, view: View, truth: NDArray[np.int64]) -> NDArray[np.bool_]:
        """[N] bool, where the model named the true class."""
        return np.asarray(self.said[:, VIEWS.index(view)] == truth)

    def seen(self, view: View) -> NDArray[np.bool_]:
        """[N] bool, the pictures that have such a view."""
        return np.asarray(self.said[:, VIEWS.index(view)] >= 0)


def judge(
    looked: Looked,
    truth: NDArray[np.int64],
    groups: NDArray[np.int64],
    classes: Sequence[str],
    *,
    total: int | None = None,
    learned: bool = False,
    now: float | None = None,
) -> ShortcutReport:
    """Return the report.

    Args:
        looked: what the model said of N pictures.
        truth: [N] int64, true classes.
        groups: [N] int64, equal for near copies.
        classes: K names.
        total: validation pictures in all, where only some were looked at.
        learned: whether the model may have learned from these pictures as well.
        now: Unix seconds to put on the report; the present moment if None.
    """
    scores = tuple(_scores(looked, truth, groups))
    of_classes = tuple(_of_class(looked, truth, groups, int(label), classes) for label in np.unique(truth))
    known = looked.at_border[~np.isnan(looked.at_border)]
    report = ShortcutReport(
        verdict="unknown",
        headline="",
        sentences=(),
        n=len(truth),
        total=len(truth) if total is None else total,
        chance=1 / max(1, len(of_classes)),
        views=scores,
        classes=of_classes,
        at_border=float(known.mean()) if len(known) else None,
        border_area=looked.border_area,
        learned=learned,
        checked=time.time() if now is None else now,
    )
    doubt = _doubt(report, len(np.unique(groups)))
    if doubt:
        told = {"headline": "Whether it answers by the background cannot be told", "sentences": (doubt,)}
        return report.model_copy(update=told)
    report = report.model_copy(update={"verdict": _verdict(report)})
    return report.model_copy(update={"headline": words.headline(report), "sentences": words.sentences(report)})


def _doubt(report: ShortcutReport, groups: int) -> str:
    """Why nothing can be said; empty where something can."""
    whole = report.view("whole")
    if whole is None or len(report.classes) < 2:
        return "There are no validation pictures of two classes to look at."
    if groups < LEAST_PICTURES:
        return words.too_few(report.n, groups, LEAST_PICTURES)
    if (whole.accuracy - report.chance) / (1 - report.chance) < LEAST_SKILL:
        return words.hardly_better(whole)
    return ""


def _verdict(report: ShortcutReport) -> ShortcutVerdict:
    border, rest = report.keeps_most("border"), report.keeps_most("rest")
    marks_border = report.at_border is not None and report.at_border >= report.border_area
    if border and (rest or marks_border):
        return "shortcut"
    if border or rest or any(row.background for row in report.classes):
        return "partly"
    return "none"


def _scores(looked: Looked, truth: NDArray[np.int64], groups: NDArray[np.int64]) -> list[ViewScore]:
    scores = []
    for view in VIEWS:
        seen = looked.seen(view)
        if not seen.any():
            continue
        right = looked.right(view, truth)[seen]
        accuracy, low, high = balanced_accuracy(right, truth[seen], groups[seen])
        whole, _, _ = balanced_accuracy(looked.right("whole", truth)[seen], truth[seen], groups[seen])
        chance = 1 / len(np.unique(truth[seen]))
        scores.append(
            ViewScore(
                view=view,
                n=int(seen.sum()),
                right=int(right.sum()),
                accuracy=accuracy,
                low=low,
                high=high,
                kept=_share(accuracy - chance, whole - chance),
                kept_low=_share(low - chance, whole - chance),
            )
        )
    return scores


def balanced_accuracy(
    right: NDArray[np.bool_], truth: NDArray[np.int64], groups: NDArray[np.int64]
) -> tuple[float, float, float]:
    """Mean over the classes of the share found, with its 95 % interval.

    Args:
        right: [M] bool, M > 0.
        truth: [M] int64.
        groups: [M] int64; a class counts as many observations as it has groups.

    Returns:
        accuracy, low, high; each 0..1.
    """
    shares, variances = [], []
    for label in np.unique(truth).tolist():
        mine = truth == label
        share, count = float(right[mine].mean()), len(np.unique(groups[mine]))
        shares.append(share)
        middle = (share * count + 2) / (count + 4)
        variances.append(middle * (1 - middle) / (count + 4))
    accuracy = float(np.mean(shares))
    half = 1.96 * float(np.sqrt(np.sum(variances))) / len(shares)
    return accuracy, max(0.0, accuracy - half), min(1.0, accuracy + half)


def _of_class(
    looked: Looked, truth: NDArray[np.int64], groups: NDArray[np.int64], label: int, classes: Sequence[str]
) -> ClassViews:
    mine = truth == label
    found: dict[View, float | None] = {}
    for view in VIEWS:
        seen = mine & looked.seen(view)
        found[view] = float(looked.right(view, truth)[seen].mean()) if seen.any() else None
    observations = len(np.unique(groups[mine]))
    told = [_told_by(looked, view, mine, label, observations) for view in _BACKGROUNDS if found[view] is not None]
    background = observations >= LEAST_PER_CLASS and all(told)
    return ClassViews(name=classes[label], n=int(mine.sum()), found=found, background=background)


def _told_by(looked: Looked, view: View, mine: NDArray[np.bool_], label: int, observations: int) -> bool:
    """Whether a view keeps most of what is told of one class: share found less share of the others called so."""

    def shares(seen_as: View) -> tuple[float, float]:
        called = looked.said[:, VIEWS.index(seen_as)] == label
        seen = looked.seen(view)
        others = called[seen & ~mine]
        return float(called[seen & mine].mean()), float(others.mean()) if len(others) else 0.0

    whole_found, whole_false = shares("whole")
    found, false = shares(view)
    low, _ = wilson_interval(round(found * observations), observations)
    skill = whole_found - whole_false
    return skill >= LEAST_SKILL and found - false >= MOST * skill and low - false >= SURELY * skill


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0
