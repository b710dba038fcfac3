"""Pictures that occur several times: in one class, in several, on both sides of a split.

Which pictures look alike is found by ``clf_core.data.copies``. Here sets of alike pictures are told apart by
class and split, and it is decided which one of each set would stay.
"""

import numpy as np
from numpy.typing import NDArray

from clf_core.health.found import Found, Suspects, found
from clf_core.health.survey import TEST, VAL, Survey
from clf_core.health.words import agree, counted

_MANY = 0.05
"""Share of the pictures from which copies are worth a look and no mere note."""

_SERIOUS = 0.01
"""Share from which contradictions, or leaked test pictures, move the accuracy by a whole point."""


def check_copies(survey: Survey) -> list[Found]:
    """Copies within a class, contradictions and split leaks."""
    sets = survey.alikes.sets
    cells = sets * max(len(survey.classes), 1) + survey.labels  # a set within a class
    exact, kept_exact = _extras(survey, survey.files * max(len(survey.classes), 1) + survey.labels)
    alike, kept_alike = _extras(survey, cells)
    near = alike & ~exact
    checks = [
        _contradictions(survey, _straddles(sets, survey.labels)),
        _leaks(survey),
        _exact(survey, exact, kept_exact),
        _near(survey, near, kept_alike),
    ]
    return [check for check in checks if check is not None]


def _exact(survey: Survey, extra: NDArray[np.bool_], kept: NDArray[np.int64]) -> Found | None:
    rows = np.flatnonzero(extra)
    if not len(rows):
        return None
    count = len(rows)
    return found(
        "exact-copies",
        "look" if count > _MANY * len(survey) else "note",
        f"{counted(count, 'picture')} {agree(count, 'is an exact copy', 'are exact copies')} of another in the class",
        "A copy teaches nothing new; it only makes the same picture count several times.",
        Suspects.of(survey.ids[rows], np.ones(count), survey.ids[kept[rows]]),
        fix="Leave out the copies",
        fix_effect=f"One of each stays in use; the other {counted(count, 'picture')} "
        f"{agree(count, 'is', 'are')} left out in a new version. You can undo it.",
    )


def _near(survey: Survey, extra: NDArray[np.bool_], kept: NDArray[np.int64]) -> Found | None:
    rows = np.flatnonzero(extra)
    if not len(rows):
        return None
    count = len(rows)
    return found(
        "near-copies",
        "look" if count > _MANY * len(survey) else "note",
        f"{counted(count, 'picture')} {agree(count, 'looks', 'look')} nearly the same as another one",
        "Resized, cropped or brightened copies and frames of one scene teach little new, and make that scene count "
        "several times. The accuracy stays true as long as they stand on one side of the split.",
        Suspects.of(survey.ids[rows], survey.likeness(rows, kept[rows]), survey.ids[kept[rows]]),
        fix="Leave out the copies",
        fix_effect=f"The largest of each set stays in use; the other {counted(count, 'picture')} "
        f"{agree(count, 'is', 'are')} left out in a new version. You can undo it.",
    )


def _contradictions(survey: Survey, concerned: NDArray[np.bool_]) -> Found | None:
    rows = np.flatnonzero(concerned)
    if not len(rows):
        return None
    count = len(rows)
    partners = _partners(survey.alikes.sets, survey.labels, rows)
    return found(
        "contradictions",
        "serious" if count > _SERIOUS * len(survey) else "look",
        f"{counted(count, 'picture')} {agree(count, 'looks', 'look')} the same as one in another class",
        "One of the two classes must be wrong. As it is, the classifier is taught both, and can only be right about "
        "one of them. Move each to the class it belongs to, or leave them out.",
        Suspects.of(survey.ids[rows], survey.likeness(rows, partners), survey.ids[partners]),
        fix="Leave all of them out",
        fix_effect=f"{counted(count, 'picture')}, whichever class is right, {agree(count, 'is', 'are')} left out in a "
        "new version. You can undo it.",
    )


def _leaks(survey: Survey) -> Found | None:
    """Pictures to learn from whose copy, or whose group, is kept aside; the copy kept aside is the one to stay."""
    sets = survey.alikes.wider
    most = np.full(int(sets.max(initial=-1)) + 1, -1, dtype=np.int64)
    rank = np.select([survey.splits == TEST, survey.splits == VAL], [2, 1], 0)
    np.maximum.at(most, sets, rank)
    rows = np.flatnonzero(rank < most[sets])
    if not len(rows):
        return None
    count = len(rows)
    partners = _partners(sets, rank, rows, most)
    tested = survey.splits == TEST
    leaked = int(np.isin(sets[tested], sets[~tested]).sum())
    serious = leaked > _SERIOUS * int(tested.sum())
    figure = f"{counted(leaked, 'test picture')} of {int(tested.sum()):,} {agree(leaked, 'is', 'are')} concerned."
    return found(
        "split-leaks",
        "serious" if serious else "look",
        f"{counted(count, 'picture')} to learn from {agree(count, 'looks', 'look')} like one that is kept aside",
        "A copy, or a picture of the same group, would be recognised instead of classified, so the accuracy comes out "
        f"better than it is. {figure}"
        if leaked
        else "The pictures that settings are chosen by are no longer new to "
        "the classifier, so the choice is worse. No test picture is concerned.",
        Suspects.of(survey.ids[rows], most[sets[rows]] + survey.likeness(rows, partners), survey.ids[partners]),
        fix="Leave them out of training",
        fix_effect=f"What is kept aside stays as it is; {counted(count, 'picture')} to learn from "
        f"{agree(count, 'is', 'are')} left out in a new version. You can undo it.",
    )


def _extras(survey: Survey, cells: NDArray[np.int64]) -> tuple[NDArray[np.bool_], NDArray[np.int64]]:
    """Per picture whether its cell has a better one, and the row of the best in its cell.

    The best is one of the test split if there is one, so that nothing to be tested on is lost to a copy in
    training; then the largest, then the earliest.
    """
    rank = np.select([survey.splits == TEST, survey.splits == VAL], [0, 1], 2)
    order = np.lexsort((np.arange(len(survey)), -survey.width * survey.height, rank, cells))
    first = np.ones(len(survey), dtype=np.bool_)
    first[1:] = cells[order[1:]] != cells[order[:-1]]
    kept = np.empty(len(survey), dtype=np.int64)
    kept[order] = order[first][np.cumsum(first) - 1]
    return kept != np.arange(len(survey)), kept


def _straddles(sets: NDArray[np.int64], values: NDArray[np.int64]) -> NDArray[np.bool_]:
    """[N] bool, whether the set of each picture holds several values."""
    size = int(sets.max(initial=-1)) + 1
    low, high = np.full(size, np.iinfo(np.int64).max), np.full(size, -1, dtype=np.int64)
    np.minimum.at(low, sets, values)
    np.maximum.at(high, sets, values)
    straddling: NDArray[np.bool_] = (low < high)[sets]
    return straddling


def _partners(
    sets: NDArray[np.int64],
    values: NDArray[np.int64],
    rows: NDArray[np.int64],
    wanted: NDArray[np.int64] | None = None,
) -> NDArray[np.int64]:
    """For each row one of its set with another value, or with the value wanted of the set."""
    members: dict[int, list[int]] = {}
    concerned = np.isin(sets, sets[rows])
    for row in np.flatnonzero(concerned).tolist():
        members.setdefault(int(sets[row]), []).append(row)
    first = {key: {int(values[row]): row for row in reversed(listed)} for key, listed in members.items()}
    partners = []
    for row in rows.tolist():
        options = first[int(sets[row])]
        if wanted is not None:
            partners.append(options[int(wanted[sets[row]])])
        else:
            partners.append(next(other for value, other in options.items() if value != int(values[row])))
    return np.array(partners, dtype=np.int64)
