"""What a comparison of two runs says in sentences."""

import math
from dataclasses import dataclass

from clf_core.data.wording import in_short, pictures
from clf_core.evaluation.power import rounded_up
from clf_core.metrics.paired import PairedDifference
from clf_core.results.comparison import Outcome, PairedFigures, SharedPictures, TestLooks

FEW = 30
"""Fewer shared pictures than this decide hardly anything."""

_ENDLESS = 100_000
"""More pictures than this nobody brings to settle such a question."""


@dataclass(frozen=True)
class Names:
    """What the two runs are called."""

    first: str
    second: str

    def quoted(self) -> tuple[str, str]:
        """Both as they stand in a sentence."""
        return f"'{in_short(self.first)}'", f"'{in_short(self.second)}'"


def headline(result: PairedDifference, outcome: Outcome, more: int | None, names: Names) -> str:
    """The outcome as one sentence without a full stop.

    Args:
        result: the test and the interval.
        outcome: what follows from them.
        more: how many more pictures it would take, where it is unclear.
        names: of the runs.
    """
    if outcome == "alike":
        return "They are about equally good"
    if outcome == "unclear":
        if more is None or more > _ENDLESS or not result.difference:
            return "Cannot tell yet which is better"
        return f"Cannot tell yet which is better: about {_many(more)} more test pictures would"
    return f"{names.quoted()[0 if outcome == 'first' else 1]} is better, and it is unlikely to be luck"


def evidence(result: PairedDifference, outcome: Outcome, right: tuple[int, int], more: int | None, names: Names) -> str:
    """What speaks for the headline, in one or two sentences; ``right`` is how many pictures each got right."""
    counted = _counted(result, right, names)
    if outcome == "unclear":
        return f"{counted} {_more_words(result, more)}".rstrip()
    low, high = sorted((abs(result.low), abs(result.high)))
    # Rounded outward, so that the words never promise more than the figures.
    least, most = math.floor(round(low * 1000, 6)) / 10, math.ceil(round(high * 1000, 6)) / 10
    if outcome == "alike":
        return f"{counted} On new pictures like these they differ by at most {most:g} of 100 (95 % interval)."
    return (
        f"{counted} On new pictures like these expect {least:g} to {most:g} more of every 100 to be right "
        "(95 % interval)."
    )


def _counted(result: PairedDifference, right: tuple[int, int], names: Names) -> str:
    """Who was right how often, of the same pictures."""
    first, second = names.quoted()
    disagree = result.only_first + result.only_second
    if not disagree:
        return f"Both are right and wrong on the very same of {pictures(result.count)}."
    if right[0] == right[1]:
        return f"Both got {right[0]:,} of {result.count:,} right, though not the same ones."
    ahead, behind = (first, second) if right[0] > right[1] else (second, first)
    return f"{ahead} got {max(right):,} of {pictures(result.count)} right, {behind} {min(right):,}."


def _more_words(result: PairedDifference, more: int | None) -> str:
    if more is None or not (result.only_first or result.only_second):
        return ""
    if not result.difference:
        return f"About {_many(more)} more test pictures would show a difference of 2 in 100, if there is one."
    if more > _ENDLESS:
        return "The difference is so small that no reasonable number of test pictures would settle it."
    return "That may well be luck. With so many more it would show, four times out of five, if it stays as it is."


def shared_words(n: int, first_alone: int, second_alone: int, other_class: int, names: Names) -> str:
    """Say where two runs were not tested on the same pictures; empty where they were."""
    if not (first_alone or second_alone or other_class):
        return ""
    first, second = names.quoted()
    if not n:
        return "They share no test picture of the same class, so their results cannot be compared."
    alone = [f"{count:,} of {name} alone" for count, name in ((first_alone, first), (second_alone, second)) if count]
    left_out = f" Left out: {' and '.join(alone)}." if alone else ""
    moved = ""
    if other_class:
        have, are = ("has", "is") if other_class == 1 else ("have", "are")
        moved = f" {other_class:,} more {have} another class in each and {are} left out, too."
    same = f"this compares them on the {pictures(n)} both have"
    return f"They were not tested on the same pictures; {same}.{left_out}{moved}"


def cautions(figures: PairedFigures | None, shared: SharedPictures, looks: TestLooks, level: float) -> tuple[str, ...]:
    """What else to bear in mind of a comparison, the gravest first."""
    told = [shared.words]
    if figures is not None:
        told += [_few(figures), _many_pairs(figures, looks, level), _copies(figures)]
    told.append(looks.words)
    return tuple(sentence for sentence in told if sentence)


def looks_words(looks: TestLooks) -> str:
    """How often results on these test pictures were looked at, and why that matters; empty where it was never."""
    if not looks.looks:
        return ""
    among = "of one run" if looks.runs == 1 else f"of {looks.runs:,} runs"
    return (
        f"Results {among} on these test pictures were looked at {_times(looks.looks)}. They judge honestly only while "
        "nobody chooses by them: the more often one does, the more they flatter what was chosen."
    )


def _few(figures: PairedFigures) -> str:
    if figures.n >= FEW:
        return ""
    return f"With only {pictures(figures.n)} in common this is a first impression."


def _many_pairs(figures: PairedFigures, looks: TestLooks, level: float) -> str:
    """Among many pairs of runs, some differ clearly by luck (Bonferroni)."""
    pairs = looks.runs * (looks.runs - 1) // 2
    if figures.outcome not in ("first", "second") or figures.p_value * pairs < level:
        return ""
    return (
        f"There are {pairs:,} pairs among the {looks.runs:,} runs tested here; were this one picked out because it "
        "looked best, luck could still explain it. Fresh test pictures would settle it."
    )


def _copies(figures: PairedFigures) -> str:
    if figures.groups == figures.n:
        return ""
    return f"Near copies count as one: the {pictures(figures.n)} are {figures.groups:,} different ones."


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count:,} times")


def _many(count: int) -> str:
    return f"{rounded_up(count):,}"
