"""Does a model answer by the background? The figures and the verdict, from what it said of pictures seen in part.

Two things stand for the thing itself, as nobody has drawn where the things are: the middle of the picture, and the
place where the heatmap is strong. Each alone misleads: a thing may reach into the border; and a heatmap shows where the
model looked, which is the background itself where that gives the class away. So the background is what is in neither,
and a shortcut is told where that alone keeps most of the accuracy.

Hiding things makes all pictures a little alike, and a model then leans to one class, whichever picture it is. That lean
is not the question. So answers to pictures seen in part are levelled: from the logarithm of each class's probability,
its mean over the pictures is taken, each true class weighing alike. A model that makes nothing of what is left then
guesses.

Accuracy is balanced, the mean over the classes of the share found, so that a model which calls everything the same is
a guesser. What is kept is the skill, (accuracy - chance) / (accuracy of whole pictures - chance). Scoring a classifier
with foreground or background alone: Xiao et al. 2020, 'Noise or Signal: The Role of Image Backgrounds in Object
Recognition', arXiv:2006.09994; they had masks of the things, which this check does without. Intervals count groups of
near copies, not pictures.
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

SOME, SOME_SURELY = 0.3, 0.1
"""Share of the skill, and the lower end of its interval, from which it is worth telling."""

MOST_OF_BORDER = 0.7
"""Where there is no heatmap, since things may reach into the border."""

LEAST_PICTURES = 20
LEAST_PER_CLASS = 10
"""Groups of near copies, to say something of a single class."""


@dataclass(frozen=True)
class Looked:
    """What a model said of N pictures, seen whole and in part.

    Attributes:
        log_probabilities: [N, V, K] float32, in the order of ``VIEWS``; NaN where a picture has no such view.
        at_border: [N] float64, share of the heatmap's mass at the border; NaN where there is no heatmap.
        border_area: share of the border in the picture's area.
    """

    log_probabilities: NDArray[np.float32]
    at_border: NDArray[np.float64]
    border_area: float


@dataclass(frozen=True)
class Told:
    """The answers, levelled.

    Attributes:
        said: [N, V] int64, class named, in the order of ``VIEWS``; -1 where a picture has no such view.
        sure: [N, V] float32, probability of that class; NaN there.
    """

    said: NDArray[np.int64]
    sure: NDArray[np.float32]

    def right(self, view: View, truth: NDArray[np.int64]) -> NDArray[np.bool_]:
        """[N] bool, where the model named the true class."""
        return np.asarray(self.said[:, VIEWS.index(view)] == truth)

    def seen(self, view: View) -> NDArray[np.bool_]:
        """[N] bool, the pictures that have such a view."""
        return np.asarray(self.said[:, VIEWS.index(view)] >= 0)


def level(looked: Looked, truth: NDArray[np.int64]) -> Told:
    """Take out what the model says of all pictures alike; of whole pictures its answers are left as they are.

    Args:
        looked: what it said of N pictures.
        truth: [N] int64; used only so that each class has the same weight.
    """
    count, views, _ = looked.log_probabilities.shape
    said = np.full((count, views), -1, dtype=np.int64)
    sure = np.full((count, views), np.nan, dtype=np.float32)
    for place, view in enumerate(VIEWS):
        rows = np.flatnonzero(~np.isnan(looked.log_probabilities[:, place, 0]))
        if not len(rows):
            continue
        scores = looked.log_probabilities[rows, place].astype(np.float64)  # [M, K]
        if view != "whole":
            labels = truth[rows]
            scores -= np.mean([scores[labels == label].mean(axis=0) for label in np.unique(labels)], axis=0)
        odds = np.exp(scores - scores.max(axis=1, keepdims=True))
        said[rows, place] = scores.argmax(axis=1)
        sure[rows, place] = 1 / odds.sum(axis=1)
    return Told(said, sure)


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
    told = level(looked, truth)
    scores = tuple(_scores(told, truth, groups))
    of_classes = tuple(_of_class(told, truth, groups, int(label), classes) for label in np.unique(truth))
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
        why = {"headline": "Whether it answers by the background cannot be told", "sentences": (doubt,)}
        return report.model_copy(update=why)
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
    if report.keeps_most("background"):
        return "shortcut"
    border = report.view("border") if report.view("background") is None else None
    alone = border is not None and border.kept >= MOST_OF_BORDER and border.kept_low >= MOST
    background = report.view("background")
    some = background is not None and background.kept >= SOME and background.kept_low >= SOME_SURELY
    return "partly" if some or alone or any(row.background for row in report.classes) else "none"


def _scores(told: Told, truth: NDArray[np.int64], groups: NDArray[np.int64]) -> list[ViewScore]:
    scores = []
    for view in VIEWS:
        seen = told.seen(view)
        if not seen.any():
            continue
        right = told.right(view, truth)[seen]
        accuracy, low, high = balanced_accuracy(right, truth[seen], groups[seen])
        whole, _, _ = balanced_accuracy(told.right("whole", truth)[seen], truth[seen], groups[seen])
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

    The variance of each share is that of Agresti and Coull's (1998) adjusted share, so that few pictures, all right,
    do not make an interval of no width. It covers in 93 % of cases at least (a test simulates it), more near 0 and 1.

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
        variances.append(middle * (1 - middle) / count)
    accuracy = float(np.mean(shares))
    half = 1.96 * float(np.sqrt(np.sum(variances))) / len(shares)
    return accuracy, max(0.0, accuracy - half), min(1.0, accuracy + half)


def _of_class(
    told: Told, truth: NDArray[np.int64], groups: NDArray[np.int64], label: int, classes: Sequence[str]
) -> ClassViews:
    mine = truth == label
    found: dict[View, float | None] = {}
    for view in VIEWS:
        seen = mine & told.seen(view)
        found[view] = float(told.right(view, truth)[seen].mean()) if seen.any() else None
    observations = len(np.unique(groups[mine]))
    background = (
        found["background"] is not None
        and observations >= LEAST_PER_CLASS
        and _told_by_background(told, mine, label, observations)
    )
    return ClassViews(name=classes[label], n=int(mine.sum()), found=found, background=background)


def _told_by_background(told: Told, mine: NDArray[np.bool_], label: int, observations: int) -> bool:
    """Whether the background keeps most of what is told of one class: share found less share of others called so."""

    def shares(view: View) -> tuple[float, float]:
        called, seen = told.said[:, VIEWS.index(view)] == label, told.seen(view)
        others = called[seen & ~mine]
        return float(called[seen & mine].mean()), float(others.mean()) if len(others) else 0.0

    whole_found, whole_false = shares("whole")
    found, false = shares("background")
    low, _ = wilson_interval(round(found * observations), observations)
    skill = whole_found - whole_false
    return skill >= LEAST_SKILL and found - false >= MOST * skill and low - false >= SURELY * skill


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0
