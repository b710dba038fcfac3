"""Whether something that is not the thing itself gives the class away: background, file size, dimensions.

The class is predicted from each such cue alone, by cross-validation on the training and validation pictures;
groups stay in one fold. The classifier is the plainest that needs no assumption: a vote of the nearest
neighbours in one to four numbers, each vote divided by how common its class is (Cover and Hart 1967, 'Nearest
neighbor pattern classification'). It is judged by balanced accuracy, the mean over the classes, as skill:

    skill = (balanced accuracy - 1/K) / (1 - 1/K)        0 is guessing, 1 is always right

A cue is told only when the lower end of the 95 % interval of its skill is above ``SUSPICIOUS``: real photos of
different things do differ a little in colour and size. The interval counts groups, not pictures, since a hundred
frames of one film are one observation of its background (Agresti and Coull 1998 for each class).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.health.found import Found, Suspects, found
from clf_core.health.survey import Survey
from clf_core.health.words import counted, percent

SUSPICIOUS = 0.5
PLAIN = 0.75
"""Lower end of the skill from which there is little doubt left."""

_SAMPLE = 4000
"""Pictures looked at, at most; the interval is then some two points wide."""

_FOLDS = 5
_NEIGHBOURS = 11
_SEED = 0
_LEAST_PER_CLASS = 5


@dataclass(frozen=True)
class Cue:
    """Something the class could be told by.

    Attributes:
        name: as in 'told from the <name> alone'.
        values: [N, D] float64, D of 1 to 4; NaN where unknown.
        advice: what to do about it.
    """

    name: str
    values: NDArray[np.float64]
    advice: str


@dataclass(frozen=True)
class Skill:
    """How well a cue tells the classes.

    Attributes:
        rows: [M] rows of the survey that were judged.
        right: [M] bool, whose class the cue told.
        votes: [M] share of the votes for the true class.
        skill: 0 for guessing, 1 for always right.
        low: lower end of its 95 % interval.
    """

    rows: NDArray[np.int64]
    right: NDArray[np.bool_]
    votes: NDArray[np.float64]
    skill: float
    low: float


def check_shortcut(survey: Survey) -> list[Found]:
    """The strongest suspicious cue, if there is one."""
    judged = [(cue, skill) for cue in cues(survey) if (skill := cue_skill(survey, cue)) is not None]
    suspicious = [(cue, skill) for cue, skill in judged if skill.low >= SUSPICIOUS]
    if not suspicious:
        return []
    (cue, skill), *weaker = sorted(suspicious, key=lambda pair: -pair[1].low)
    right = np.flatnonzero(skill.right)
    others = [other.name for other, _ in weaker]
    also = f" The {' and the '.join(others)} would do, too." if others else ""
    return [
        found(
            "shortcut",
            "serious" if skill.low >= PLAIN else "look",
            f"In {len(right):,} of {counted(len(skill.rows), 'picture')} the {cue.name} alone gives the class away",
            f"Guessing would be right in {percent(1 / len(survey.classes))}. A classifier takes the easiest way: it "
            f"may learn the {cue.name} instead of the thing, look excellent here, and fail where that differs.{also} "
            f"{cue.advice} Where that difference is what you mean to tell, all is well.",
            Suspects.of(survey.ids[skill.rows[right]], skill.votes[right]),
        )
    ]


def cues(survey: Survey) -> list[Cue]:
    """The cues of a dataset."""
    border = [survey.numbers[name] for name in ("border_r", "border_g", "border_b", "border_std")]
    # Enlarging changes file size and dimensions by factors, hence logarithms.
    return [
        Cue(
            "colour along the border",
            np.column_stack(border).astype(np.float64),
            "Add pictures of each class on many backgrounds, and look at the heatmaps.",
        ),
        Cue(
            "size of the file",
            np.log(np.maximum(survey.size, 1))[:, None],
            "Save all pictures in the same way, with the same program and quality.",
        ),
        Cue(
            "width and height",
            np.log(np.column_stack([survey.width, survey.height])),
            "Take the pictures of all classes with the same cameras.",
        ),
    ]


def cue_skill(survey: Survey, cue: Cue) -> Skill | None:
    """Judge a cue; None where it is the same everywhere, or pictures are too few to judge by."""
    from scipy.spatial import cKDTree

    from clf_core.data.split import folds

    rows = _sample(np.flatnonzero(survey.fitted & np.isfinite(cue.values).all(axis=1)))
    labels = survey.labels[rows]
    known = len(np.unique(labels))
    values = cue.values[rows]
    if known < 2 or len(rows) < 2 * _LEAST_PER_CLASS or not np.ptp(values, axis=0).any():
        return None
    values = _scaled(values)
    groups = survey.alikes.wider[rows]
    fold = folds(labels, [str(group) for group in groups.tolist()], _FOLDS, _SEED)
    votes = np.zeros((len(rows), len(survey.classes)))
    for held_out in range(int(fold.max(initial=-1)) + 1):
        judged, taught = np.flatnonzero(fold == held_out), np.flatnonzero(fold != held_out)
        near = min(_NEIGHBOURS, len(taught))
        _, found_at = cKDTree(values[taught]).query(values[judged], k=np.arange(1, near + 1))
        told = labels[taught[found_at]]  # [M, k]
        weight = 1.0 / np.bincount(labels[taught], minlength=len(survey.classes)).clip(1)
        for place in range(near):
            np.add.at(votes, (judged, told[:, place]), weight[told[:, place]])
    kept = fold >= 0
    votes[kept] /= votes[kept].sum(axis=1, keepdims=True)
    right = votes.argmax(axis=1) == labels
    return _skill(rows[kept], labels[kept], right[kept], votes[kept, labels[kept]], groups[kept])


def _skill(
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    right: NDArray[np.bool_],
    votes: NDArray[np.float64],
    groups: NDArray[np.int64],
) -> Skill | None:
    present = np.unique(labels)
    if len(present) < 2:
        return None
    shares, variances = [], []
    for label in present.tolist():
        mine = labels == label
        share, count = float(right[mine].mean()), len(np.unique(groups[mine]))
        shares.append(share)
        middle = (share * count + 2) / (count + 4)
        variances.append(middle * (1 - middle) / (count + 4))
    chance = 1 / len(present)
    accuracy = float(np.mean(shares))
    half = 1.96 * float(np.sqrt(np.sum(variances))) / len(present)
    return Skill(rows, right, votes, (accuracy - chance) / (1 - chance), (accuracy - half - chance) / (1 - chance))


def _sample(rows: NDArray[np.int64]) -> NDArray[np.int64]:
    if len(rows) <= _SAMPLE:
        return rows
    return np.sort(np.random.default_rng(_SEED).choice(rows, _SAMPLE, replace=False))


def _scaled(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each column over its spread, with a grain of noise so that equal values are no neighbours by their order."""
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0, spread, 1.0)
    result: NDArray[np.float64] = scaled + np.random.default_rng(_SEED).normal(0, 1e-6, values.shape)
    return result
