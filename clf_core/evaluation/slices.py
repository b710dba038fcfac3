"""On which kinds of pictures a run does worse, without taking chance for a finding.

Whoever looks at thirty kinds of pictures finds one that looks bad. So each kind is compared with all other test
pictures by an interval of the difference that is widened for the number of kinds looked at (Bonferroni; Dunn 1961):
where nothing differs, the chance that any kind is called clearly worse stays below 5 %.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.evaluation.verdict import percent_range
from clf_core.metrics.grouped import accuracy_interval, independent_count
from clf_core.metrics.intervals import difference_of_shares
from clf_core.results.slices import Slice, SliceReport

LEAST = 10
"""Fewer pictures of a kind, or beside it, are not judged."""

_MOST_KINDS = 200
"""Of one attribute, the most frequent first: with more, nothing could stand out any more."""


@dataclass(frozen=True)
class Attribute:
    """One way of sorting N test pictures into kinds.

    Attributes:
        name: what it is, for people; may be text from outside.
        kinds: names of the kinds.
        index: [N] int64, the kind of each picture; -1 where it is not known.
    """

    name: str
    kinds: tuple[str, ...]
    index: NDArray[np.int64]


@dataclass(frozen=True)
class _Tested:
    """What every kind is judged by: [N] each."""

    right: NDArray[np.bool_]
    groups: NDArray[np.int64]
    true_index: NDArray[np.int64]


def by_value(name: str, values: Sequence[str]) -> Attribute:
    """Sort by equal texts; empty ones are not known. The most frequent come first."""
    found, index, counts = np.unique(np.array(values, dtype=object), return_inverse=True, return_counts=True)
    order = [place for place in np.argsort(-counts, kind="stable") if found[place]][:_MOST_KINDS]
    numbers = np.full(len(found), -1, dtype=np.int64)
    numbers[order] = np.arange(len(order))
    return Attribute(name, tuple(str(found[place]) for place in order), numbers[index.reshape(-1)])


def by_thirds(
    name: str, values: NDArray[np.floating], words: tuple[str, str, str] = ("low", "medium", "high"), unit: str = ""
) -> Attribute:
    """Sort numbers into the lowest, middle and highest third of the test pictures; NaN is not known.

    Args:
        name: what was measured.
        values: [N].
        words: for the three thirds.
        unit: put behind the bounds, such as ' px'.
    """
    known = values[~np.isnan(values)]
    if not known.size:
        return Attribute(name, (), np.full(len(values), -1, dtype=np.int64))
    lower, upper = (float(edge) for edge in np.quantile(known, [1 / 3, 2 / 3], method="inverted_cdf"))
    index = np.where(np.isnan(values), -1, np.searchsorted([lower, upper], values, side="left")).astype(np.int64)
    low, high = _number(lower), _number(upper)
    kinds = (
        f"{words[0]} (up to {low}{unit})",
        f"{words[1]} ({low} to {high}{unit})",
        f"{words[2]} (over {high}{unit})",
    )
    return Attribute(name, kinds, index)


def judge(
    right: NDArray[np.bool_],
    groups: NDArray[np.int64],
    true_index: NDArray[np.int64],
    attributes: Sequence[Attribute],
    notices: Sequence[str] = (),
) -> SliceReport:
    """Judge every kind of every attribute.

    Args:
        right: [N] bool, whether each test picture was answered right.
        groups: [N] int64, near copies share one.
        true_index: [N] int64, their classes.
        attributes: how to sort them.
        notices: what else to tell, put into the report.
    """
    tested = _Tested(right, groups, true_index)
    masks: dict[bytes, tuple[str, str, NDArray[np.bool_]]] = {}
    too_small = 0
    for attribute in attributes:
        for number, kind in enumerate(attribute.kinds):
            inside = attribute.index == number
            if LEAST <= inside.sum() <= len(right) - LEAST:
                # The same pictures under two names are one look.
                masks.setdefault(np.packbits(inside).tobytes(), (attribute.name, kind, inside))
            elif 0 < inside.sum() < LEAST:
                too_small += 1
    confidence = 1 - 0.05 / max(1, len(masks))
    slices = [_slice(tested, name, kind, inside, confidence) for name, kind, inside in masks.values()]
    slices.sort(key=lambda found: (found.gap_high, found.accuracy))
    return SliceReport(
        slices=tuple(slices), too_small=too_small, least=LEAST, words=_words(slices), notices=tuple(notices)
    )


def _slice(tested: _Tested, attribute: str, kind: str, inside: NDArray[np.bool_], confidence: float) -> Slice:
    right, others = tested.right[inside], tested.right[~inside]
    low, high = accuracy_interval(right, tested.groups[inside])
    accuracy, beside = float(right.mean()), float(others.mean())
    counted, counted_beside = (
        independent_count(answers.astype(np.float64), tested.groups[chosen], confidence)
        for answers, chosen in ((right, inside), (others, ~inside))
    )
    gap_low, gap_high = difference_of_shares(accuracy, counted, beside, counted_beside, confidence)
    expected = _expected(tested, inside)
    return Slice(
        attribute=attribute,
        name=kind,
        count=len(right),
        correct=int(right.sum()),
        accuracy=accuracy,
        low=low,
        high=high,
        others=beside,
        expected=expected,
        gap_low=gap_low,
        gap_high=gap_high,
        clearly_worse=gap_high < 0,
        mostly_classes=accuracy < beside and beside - expected > (beside - accuracy) / 2,
    )


def _expected(tested: _Tested, inside: NDArray[np.bool_]) -> float:
    """Accuracy of the others weighted to the classes of these (direct standardisation); of all others without one."""
    classes = int(tested.true_index.max()) + 1
    here = np.bincount(tested.true_index[inside], minlength=classes).astype(np.float64)
    there = np.bincount(tested.true_index[~inside], minlength=classes)
    hits = np.bincount(tested.true_index[~inside], weights=tested.right[~inside], minlength=classes)
    here[there == 0] = 0
    if not here.any():
        return float(tested.right[~inside].mean())
    return float((here * hits / np.maximum(there, 1)).sum() / here.sum())


def _words(slices: Sequence[Slice]) -> str:
    if not slices:
        return f"There are too few test pictures to look at kinds of them: {LEAST} of a kind are needed."
    worst = slices[0]
    figures = (
        f"{worst.attribute}, {worst.name}: {worst.correct:,} of {worst.count:,} right (expect "
        f"{percent_range(worst.low, worst.high)}), of the others {100 * worst.others:.0f} %"
    )
    looked = f"{len(slices):,} kinds" if len(slices) > 1 else "one kind"
    if not worst.clearly_worse:
        return f"No kind of pictures stands out; {looked} looked at. Lowest is {figures}, which may be chance."
    told = f"Worst is {figures}. That is more than chance, even with {looked} looked at."
    if worst.mostly_classes:
        told += " Most of it is because these pictures are of classes that are harder everywhere."
    return told


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 10 or value == int(value) else f"{value:.2g}"
