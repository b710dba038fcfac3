"""When a run answers: the rule, chosen on its validation pictures, and what it comes to on its test pictures.

``rule_of`` sees the validation pictures only; ``report`` applies it to the test pictures and chooses nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.errors import ConfigError, StateError
from clf_core.evaluation import abstention, conformal
from clf_core.evaluation.answers import Answers
from clf_core.evaluation.costs import Costs, kinds_of_mistakes
from clf_core.metrics.intervals import wilson_interval
from clf_core.results.doubt import (
    AlarmReport,
    CostReport,
    DoubtReport,
    DoubtSettings,
    MistakeRate,
    OperatingPoint,
    PairCost,
    PairLimit,
    Selected,
    SetReport,
)

SET_LEVELS = (0.9, 0.95, 0.99)

CANDIDATE_LEVEL = 0.9
"""How often the classes named for an unsure picture shall hold the right one."""

_LEAST_OFFERED = 0.1
_POINTS = 91
"""Choices between a tenth and all of the pictures, a hundredth apart."""

_SHOWN_KINDS = 8
_THOUSAND = 1000


@dataclass(frozen=True)
class Rule:
    """What is said of a picture, by its probabilities.

    Attributes:
        costs: of mistakes.
        limit: the expected cost up to which the best answer is given.
        named_from: probability from which on a class is among those named for an unsure picture.
    """

    costs: Costs
    limit: float
    named_from: float

    @property
    def answers_from(self) -> float | None:
        """Probability from which on the most probable class is given; None where mistakes have costs of their own."""
        return None if self.costs.pairs else max(0.0, 1.0 - self.limit)


@dataclass(frozen=True)
class _Judged:
    """Pictures whose classes are known, decided by costs.

    Attributes:
        true, said: [N] int64.
        risk: [N] float64, expected cost of what is said.
    """

    true: NDArray[np.int64]
    said: NDArray[np.int64]
    risk: NDArray[np.float64]

    @classmethod
    def of(cls, answers: Answers, probabilities: NDArray[np.float64], costs: Costs) -> "_Judged":
        return cls(answers.true_index, *costs.decide(probabilities))

    def selected(self, limit: float) -> Selected:
        answered = self.risk <= limit
        return selected(len(answered), int(answered.sum()), int((answered & (self.said == self.true)).sum()))

    def curve(self, costs: Costs) -> abstention.RiskCoverage:
        return abstention.risk_coverage(self.risk, costs.incurred(self.true, self.said), costs.worst)


def rule_of(val: Answers, temperature: float, settings: DoubtSettings) -> Rule:
    """Choose the rule.

    Args:
        val: answers to validation pictures the network had not learned from.
        temperature: by which its logits are divided.
        settings: a person's wishes.

    Raises:
        StateError: there are no such pictures.
        ConfigError: a cost names a class there is not.
    """
    costs = costs_of(val.classes, settings.costs)
    probabilities = _probabilities(val, temperature)
    curve = _Judged.of(val, probabilities, costs).curve(costs)
    named_from = conformal.least_probability(val.true_index, probabilities, CANDIDATE_LEVEL)
    return Rule(costs, _limit(curve, settings), named_from)


def report(
    val: Answers, test: Answers | None, temperature: float, settings: DoubtSettings, alarms: AlarmReport | None
) -> DoubtReport:
    """Say when a run answers and what that comes to.

    Args:
        val, temperature, settings: as in ``rule_of``.
        test: answers to the test pictures; None where there are none.
        alarms: what is known of false alarms, only passed on.

    Raises:
        StateError, ConfigError: as in ``rule_of``.
    """
    costs = costs_of(val.classes, settings.costs)
    seen = _probabilities(val, temperature)
    judged = _Judged.of(val, seen, costs)
    curve = judged.curve(costs)
    limit, recommended = _limit(curve, settings), abstention.recommended_limit(curve)
    tested = None if test is None or not len(test) else test
    new = None if tested is None else tested.probabilities(temperature)
    outcome = None if tested is None or new is None else _Judged.of(tested, new, costs)
    return DoubtReport(
        classes=val.classes,
        settings=settings,
        points=_points(judged, curve, (limit, recommended)),
        chosen=OperatingPoint(limit=limit, val=judged.selected(limit)),
        recommended=OperatingPoint(limit=recommended, val=judged.selected(recommended)),
        test=None if outcome is None else outcome.selected(limit),
        answers_from=None if costs.pairs else max(0.0, 1.0 - limit),
        sets=() if tested is None or new is None else tuple(_set_reports(val, seen, tested, new)),
        alarms=alarms,
        costs=None if tested is None or outcome is None else _cost_report(tested, outcome, costs, limit),
        pair_limits=tuple(_pair_limits(val.classes, costs)),
    )


def costs_of(classes: Sequence[str], pairs: Sequence[PairCost]) -> Costs:
    """Turn costs between names into costs between positions.

    Raises:
        ConfigError: a cost names a class there is not.
    """
    places = {name: place for place, name in enumerate(classes)}
    for name in (name for pair in pairs for name in (pair.true, pair.said)):
        if name not in places:
            raise ConfigError(
                f"There is no class '{name}' whose mistakes could have a cost",
                field="costs",
                remedy=f"The classes are: {', '.join(classes[:12])}{' …' if len(classes) > 12 else ''}",
            )
    return Costs(tuple((places[pair.true], places[pair.said], pair.cost) for pair in pairs if pair.cost != 1))


def selected(total: int, answered: int, right: int) -> Selected:
    """Put counts together with their intervals; ``total`` is at least 1."""
    low, high = wilson_interval(answered, total)
    right_low, right_high = wilson_interval(right, answered) if answered else (None, None)
    return Selected(
        total=total,
        answered=answered,
        right=right,
        answered_low=low,
        answered_high=high,
        right_low=right_low,
        right_high=right_high,
    )


def _probabilities(val: Answers, temperature: float) -> NDArray[np.float64]:
    if not len(val):
        raise StateError(
            "There are no validation pictures to choose by when this classifier should answer",
            remedy="Add pictures to the dataset, so that some can be kept aside, and train again",
        )
    return val.probabilities(temperature)


def _limit(curve: abstention.RiskCoverage, settings: DoubtSettings) -> float:
    if settings.answered is None:
        return abstention.recommended_limit(curve)
    return abstention.limit_for(curve, settings.answered)


def _points(judged: _Judged, curve: abstention.RiskCoverage, always: tuple[float, ...]) -> tuple[OperatingPoint, ...]:
    """Choices about a hundredth apart, and those named, each number of answered pictures once."""
    wished = np.linspace(_LEAST_OFFERED, 1, _POINTS)
    limits = [*always, *(abstention.limit_for(curve, share) for share in wished)]
    points = [OperatingPoint(limit=limit, val=judged.selected(limit)) for limit in limits]
    different = {point.val.answered: point for point in reversed(points)}
    return tuple(different[answered] for answered in sorted(different))


def _set_reports(val: Answers, seen: NDArray[np.float64], test: Answers, new: NDArray[np.float64]) -> list[SetReport]:
    reports = []
    for level in SET_LEVELS:
        least = conformal.least_probability(val.true_index, seen, level)
        sizes = conformal.set_sizes(test.true_index, conformal.sets(new, least))
        low, high = wilson_interval(sizes.held, sizes.total)
        reports.append(
            SetReport(
                level=level,
                total=sizes.total,
                held=sizes.held,
                held_low=low,
                held_high=high,
                single=sizes.single,
                mean_size=sizes.mean_size,
                possible=least > 0,
            )
        )
    return reports


def _cost_report(test: Answers, outcome: _Judged, costs: Costs, limit: float) -> CostReport:
    total, size = len(test), len(test.classes)
    answered = outcome.risk <= limit
    plain = test.predicted
    before = {(true, said): number for true, said, number in kinds_of_mistakes(outcome.true, plain, size)}
    kinds = kinds_of_mistakes(outcome.true[answered], outcome.said[answered], size)
    after = {(true, said): number for true, said, number in kinds}
    named = [(true, said) for true, said, _ in costs.pairs]
    frequent = sorted({*before, *after} - {*named}, key=lambda kind: -max(before.get(kind, 0), after.get(kind, 0)))
    low, high = _thousand_interval(sum(after.values()), total)
    paid = costs.incurred(outcome.true, outcome.said)[answered].sum()
    return CostReport(
        total=total,
        mistakes_before=_in_thousand(sum(before.values()), total),
        mistakes_after=_in_thousand(sum(after.values()), total),
        mistakes_low=low,
        mistakes_high=high,
        cost_before=_in_thousand(float(costs.incurred(outcome.true, plain).sum()), total),
        cost_after=_in_thousand(float(paid), total),
        asked=_in_thousand(int((~answered).sum()), total),
        kinds=tuple(
            _rate(test.classes, kind, costs, before.get(kind, 0), after.get(kind, 0), total)
            for kind in [*named, *frequent][: max(_SHOWN_KINDS, len(named))]
        ),
    )


def _rate(
    classes: Sequence[str], kind: tuple[int, int], costs: Costs, before: int, after: int, total: int
) -> MistakeRate:
    low, high = _thousand_interval(after, total)
    return MistakeRate(
        true=classes[kind[0]],
        said=classes[kind[1]],
        cost=costs.of(*kind),
        before=_in_thousand(before, total),
        after=_in_thousand(after, total),
        after_low=low,
        after_high=high,
    )


def _pair_limits(classes: Sequence[str], costs: Costs) -> list[PairLimit]:
    limits: dict[tuple[int, int], PairLimit] = {}
    for true, wrong, _ in costs.pairs:
        share = costs.least_share(wrong, true)
        said, other = (wrong, true) if share > 0.5 else (true, wrong)
        share = max(share, 1 - share)
        limits.setdefault((said, other), PairLimit(said=classes[said], other=classes[other], share=share))
    return [limit for limit in limits.values() if limit.share > 0.5]


def _in_thousand(number: float, total: int) -> float:
    return _THOUSAND * number / total


def _thousand_interval(number: int, total: int) -> tuple[float, float]:
    low, high = wilson_interval(number, total)
    return _THOUSAND * low, _THOUSAND * high
