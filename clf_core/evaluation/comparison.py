"""Two runs on the same test pictures: which is better, whether that is luck, and where they differ.

McNemar's test and the interval of the difference (``metrics.paired``) must agree before one run is called better.
"""

from collections.abc import Sequence

import numpy as np

from clf_core.evaluation.comparison_words import Names, evidence, headline, shared_words
from clf_core.evaluation.pairing import Judged, Pairs
from clf_core.evaluation.power import pairs_needed
from clf_core.metrics.grouped import accuracy_interval, design_effect
from clf_core.metrics.paired import PairedDifference, paired_difference
from clf_core.results.comparison import (
    ComparedClass,
    ComparedPage,
    ComparedPicture,
    Outcome,
    PairedFigures,
    PairKind,
    SharedPictures,
)

LEVEL = 0.05
"""A run is called better where luck alone does as much less often than this."""

ALIKE = 0.01
"""Two runs are called alike where their accuracies surely differ by no more than this."""

WORTH_FINDING = 0.02
"""The difference that is planned for where none is seen: two of a hundred pictures."""


def shared(pairs: Pairs, names: Names) -> SharedPictures:
    """How far the two runs were tested with the same pictures, with a sentence where it is not all of them."""
    counts = (pairs.first_alone, pairs.second_alone, pairs.other_class)
    return SharedPictures(
        n=len(pairs),
        same=not any(counts),
        first_alone=pairs.first_alone,
        second_alone=pairs.second_alone,
        other_class=pairs.other_class,
        words=shared_words(len(pairs), *counts, names),
    )


def compare(pairs: Pairs, names: Names) -> PairedFigures:
    """Compare two runs on the pictures they share.

    Args:
        pairs: at least one picture.
        names: of the two runs.

    Raises:
        ValueError: they share no picture.
    """
    result = paired_difference(pairs.right_first, pairs.right_second, pairs.groups)
    told = _outcome(result)
    more = _more_needed(result, pairs) if told == "unclear" else None
    right = int(pairs.right_first.sum()), int(pairs.right_second.sum())
    low_first, high_first = accuracy_interval(pairs.right_first, pairs.groups)
    low_second, high_second = accuracy_interval(pairs.right_second, pairs.groups)
    both = int((pairs.right_first & pairs.right_second).sum())
    return PairedFigures(
        n=result.count,
        groups=len(np.unique(pairs.groups)),
        both=both,
        only_first=result.only_first,
        only_second=result.only_second,
        neither=result.count - both - result.only_first - result.only_second,
        accuracy_first=right[0] / result.count,
        accuracy_second=right[1] / result.count,
        first_low=low_first,
        first_high=high_first,
        second_low=low_second,
        second_high=high_second,
        difference=result.difference,
        low=result.low,
        high=result.high,
        p_value=result.p_value,
        outcome=told,
        more_needed=more,
        headline=headline(result, told, more, names),
        words=evidence(result, told, right, more, names),
        classes=_by_class(pairs),
    )


def outcome(pairs: Pairs) -> Outcome:
    """Which of two runs is better, without the rest of ``compare``; at least one picture."""
    return _outcome(paired_difference(pairs.right_first, pairs.right_second, pairs.groups))


def pictures(first: Judged, second: Judged, pairs: Pairs, kind: PairKind, offset: int, limit: int) -> ComparedPage:
    """The shared pictures that only one run, or neither, gets right; first those where the wrong one was surest."""
    right_first, right_second = pairs.right_first, pairs.right_second
    wanted = {
        "only_first": right_first & ~right_second,
        "only_second": right_second & ~right_first,
        "neither": ~right_first & ~right_second,
    }[kind]
    chosen = np.flatnonzero(wanted)
    sure_first, sure_second = first.probability[pairs.first[chosen]], second.probability[pairs.second[chosen]]
    wrong = {"only_first": sure_second, "only_second": sure_first, "neither": np.maximum(sure_first, sure_second)}[kind]
    start = max(0, offset)
    listed = chosen[np.argsort(-wrong, kind="stable")][start : start + max(0, limit)]
    return ComparedPage(total=len(chosen), pictures=tuple(_picture(first, second, pairs, int(at)) for at in listed))


def _outcome(result: PairedDifference) -> Outcome:
    """One is better only where the test and the interval agree; alike only where the interval surely says so."""
    if result.p_value < LEVEL and (result.low > 0 or result.high < 0):
        return "second" if result.difference > 0 else "first"
    return "alike" if result.low >= -ALIKE and result.high <= ALIKE else "unclear"


def _more_needed(result: PairedDifference, pairs: Pairs) -> int:
    """More pictures after which the difference that is seen, or else one worth finding, would be told from luck.

    Near copies among those that are there are taken for granted among those to come.
    """
    disagreement = (result.only_first + result.only_second) / result.count
    difference = result.difference or WORTH_FINDING
    change = pairs.right_second.astype(np.float64) - pairs.right_first
    copies = design_effect(change, np.ones(len(change)), pairs.groups) if disagreement else 1.0
    needed = pairs_needed(difference, max(disagreement, abs(difference))) * copies
    return max(1, round(needed) - result.count)


def _by_class(pairs: Pairs) -> tuple[ComparedClass, ...]:
    """Each class by itself, where the two differ most first; see ``ComparedClass.clear`` for the many looks."""
    names, place = np.unique(pairs.true, return_inverse=True)
    place = place.reshape(-1)
    ends = np.cumsum(np.bincount(place, minlength=len(names)))[:-1]
    rows = np.split(np.argsort(place, kind="stable"), ends)  # K arrays, the pictures of each class
    results = [paired_difference(pairs.right_first[at], pairs.right_second[at], pairs.groups[at]) for at in rows]
    clear = holm([result.p_value for result in results])
    scores = [
        ComparedClass(
            name=str(name),
            support=len(at),
            recall_first=float(pairs.right_first[at].mean()),
            recall_second=float(pairs.right_second[at].mean()),
            only_first=result.only_first,
            only_second=result.only_second,
            difference=result.difference,
            low=result.low,
            high=result.high,
            p_value=result.p_value,
            clear=told,
        )
        for name, at, result, told in zip(names, rows, results, clear, strict=True)
    ]
    return tuple(sorted(scores, key=lambda score: (-abs(score.difference), -score.support, score.name)))


def holm(p_values: Sequence[float], level: float = LEVEL) -> list[bool]:
    """Which of several tests hold with all of them looked at (Holm 1979): any false one in at most ``level``."""
    order = sorted(range(len(p_values)), key=p_values.__getitem__)
    held = [False] * len(p_values)
    for rank, at in enumerate(order):
        if p_values[at] >= level / (len(p_values) - rank):
            break
        held[at] = True
    return held


def _picture(first: Judged, second: Judged, pairs: Pairs, at: int) -> ComparedPicture:
    ours, theirs = int(pairs.first[at]), int(pairs.second[at])
    return ComparedPicture(
        sha256=first.sha256[ours],
        source_name=first.source_names[ours],
        true=str(pairs.true[at]),
        said_first=str(first.said[ours]),
        said_second=str(second.said[theirs]),
        probability_first=float(first.probability[ours]),
        probability_second=float(second.probability[theirs]),
    )
