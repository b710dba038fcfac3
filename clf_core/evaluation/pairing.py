"""The test pictures that two runs share, with what each of them said.

Pictures are matched by their content, and counted only where both runs mean the same class by them.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.evaluation.answers import Answers, numbered
from clf_core.results import TestedPicture

_Texts = NDArray[np.object_]


@dataclass(frozen=True)
class Judged:
    """What one run said of its test pictures.

    Attributes:
        sha256, source_names: N each.
        groups: [N] int64; near copies share one.
        true, said: [N] texts, names of classes.
        probability: [N] float64, of what was said.
    """

    sha256: tuple[str, ...]
    source_names: tuple[str, ...]
    groups: NDArray[np.int64]
    true: _Texts
    said: _Texts
    probability: NDArray[np.float64]


@dataclass(frozen=True)
class Pairs:
    """The pictures that two runs share.

    Attributes:
        first, second: [M] int64, their rows in each run.
        right_first, right_second: [M] bool.
        true: [M] texts, the class of each.
        groups: [M] int64, the coarser grouping of the two.
        first_alone, second_alone: test pictures only one of them was tested with.
        other_class: pictures in both that belong to another class in each.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    right_first: NDArray[np.bool_]
    right_second: NDArray[np.bool_]
    true: _Texts
    groups: NDArray[np.int64]
    first_alone: int
    second_alone: int
    other_class: int

    def __len__(self) -> int:
        return len(self.first)


def judged(answers: Answers, temperature: float = 1.0) -> Judged:
    """What a run said, from the answers it left; ``temperature`` only changes how sure it was."""
    classes = np.array(answers.classes, dtype=object)
    probability = answers.probabilities(temperature).max(axis=1) if len(answers) else np.zeros(0)
    return Judged(
        sha256=answers.sha256,
        source_names=answers.source_names,
        groups=answers.groups,
        true=classes[answers.true_index],
        said=classes[answers.predicted],
        probability=probability,
    )


def judged_rows(rows: Sequence[TestedPicture], groups: Mapping[str, str]) -> Judged:
    """The same of a run of an earlier version, which left only what it said.

    Args:
        rows: its test pictures.
        groups: sha256 -> name of its group; a picture without one stands for itself.
    """
    return Judged(
        sha256=tuple(row.sha256 for row in rows),
        source_names=tuple(row.source_name for row in rows),
        groups=numbered([groups.get(row.sha256, row.sha256) for row in rows]),
        true=_texts([row.true for row in rows]),
        said=_texts([row.predicted for row in rows]),
        probability=np.array([row.probability for row in rows], dtype=np.float64),
    )


def pair(first: Judged, second: Judged) -> Pairs:
    """Match the pictures of two runs by content; of equal files the first belongs to the first, and so on."""
    rows = {key: row for row, key in enumerate(_keys(second.sha256))}
    found = [(row, rows[key]) for row, key in enumerate(_keys(first.sha256)) if key in rows]
    matched = np.array(found, dtype=np.int64).reshape(-1, 2)
    agreed = np.asarray(first.true[matched[:, 0]] == second.true[matched[:, 1]], dtype=np.bool_)
    ours, theirs = matched[agreed].T
    groups = min(first.groups[ours], second.groups[theirs], key=lambda numbers: len(np.unique(numbers)))
    true = first.true[ours]
    return Pairs(
        first=ours,
        second=theirs,
        right_first=np.asarray(first.said[ours] == true, dtype=np.bool_),
        right_second=np.asarray(second.said[theirs] == true, dtype=np.bool_),
        true=true,
        groups=groups,
        first_alone=len(first.sha256) - len(matched),
        second_alone=len(second.sha256) - len(matched),
        other_class=int((~agreed).sum()),
    )


def _keys(sha256: Sequence[str]) -> list[tuple[str, int]]:
    """Content and how often it came before: equal files are told apart by their order."""
    seen: Counter[str] = Counter()
    keys = []
    for digest in sha256:
        keys.append((digest, seen[digest]))
        seen[digest] += 1
    return keys


def _texts(values: Sequence[str]) -> _Texts:
    texts = np.empty(len(values), dtype=object)
    texts[:] = values
    return texts
