"""What an evaluation says in sentences, so that no page has to word (or over-promise) it again."""

import math
from collections.abc import Sequence

SMALL_TEST = 30
"""Fewer test pictures than this are called a first impression."""

NARROW = 0.03
"""Ranges narrower than this share are given with one decimal; whole percents would blur them."""

NAMES_LISTED = 3


def headline(correct: int, count: int, low: float, high: float) -> str:
    """'46 of 50 right; on new pictures like these expect 81–97 %.'

    Args:
        correct: test pictures answered right, 0..count.
        count: test pictures, at least 1.
        low, high: ends of the interval of the accuracy, 0..1.
    """
    if count == 1:
        result = "The only test picture was answered right" if correct else "The only test picture was answered wrong"
    elif correct == count:
        result = f"All {count:,} right"
    elif correct == 0:
        result = f"None of {count:,} right"
    else:
        result = f"{correct:,} of {count:,} right"
    alike = "it" if count == 1 else "these"
    return f"{result}; on new pictures like {alike} expect {percent_range(low, high)}."


def percent_range(low: float, high: float) -> str:
    """An interval in percent, each end rounded outward so that the words never promise more than the figures.

    0.8116..0.9684 becomes '81–97 %'; narrow ones keep a decimal, 0.9934..0.9962 becomes '99.3–99.7 %'.
    """
    steps = 10 if high - low < NARROW else 1
    # Rounding first keeps 0.29 * 100 = 28.999999999999996 from being floored to 28.
    lower = math.floor(round(low * 100 * steps, 6)) / steps
    upper = math.ceil(round(high * 100 * steps, 6)) / steps
    return f"{_percent(lower, steps)}–{_percent(upper, steps)} %"


def baseline_caution(correct: int, count: int, low: float, answer: str, baseline_correct: int) -> str | None:
    """A sentence when the model is not clearly better than always giving one answer, else None.

    'Clearly' means that the whole interval of the accuracy lies above the baseline's share of the same pictures.

    Args:
        correct, count: as in ``headline``.
        low: lower end of the interval of the accuracy, 0..1.
        answer: the most frequent training class.
        baseline_correct: test pictures that always answering ``answer`` gets right.
    """
    if low * count > baseline_correct:
        return None
    always = f"Always answering '{answer}'"
    if correct < baseline_correct:
        return f"{always} gets more right ({baseline_correct:,} of {count:,}), so this model does not help yet."
    if correct == baseline_correct:
        return f"{always} gets just as many right, so this model does not help yet."
    return f"{always} gets {baseline_correct:,} of {count:,} right, and the difference is small enough to be chance."


def size_caution(count: int) -> str | None:
    """A sentence when there are too few test pictures for more than a first impression, else None."""
    if count >= SMALL_TEST:
        return None
    noun = "picture" if count == 1 else "pictures"
    return f"With only {count} test {noun} this is a first impression; {SMALL_TEST} or more would say much more."


def untested_caution(untested: Sequence[str]) -> str | None:
    """A sentence naming the classes that have no test picture, else None."""
    if not untested:
        return None
    pronoun = "it is" if len(untested) == 1 else "they are"
    return f"There are no test pictures of {_listed(untested)}, so nobody knows how well {pronoun} recognised."


def _listed(names: Sequence[str]) -> str:
    shown = [f"'{name}'" for name in names[:NAMES_LISTED]]
    more = len(names) - len(shown)
    if more:
        shown.append(f"{more:,} other class" + ("es" if more > 1 else ""))
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"


def _percent(value: float, steps: int) -> str:
    # '0' and '100' are ends of the scale and need no decimal.
    return f"{value:.0f}" if steps == 1 or value in (0, 100) else f"{value:.1f}"
