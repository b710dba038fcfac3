import numpy as np
import pytest
from pydantic import ValidationError

from clf_core.errors import ConfigError, StateError
from clf_core.evaluation.answers import Answers
from clf_core.evaluation.doubt import costs_of, report, rule_of
from clf_core.results.doubt import DoubtSettings, PairCost

CLASSES = ("ant", "bee", "wasp")


def answers(count: int, seed: int, skill: float = 2.0) -> Answers:
    """Pictures of a classifier whose probabilities are calibrated: the true class is drawn by them."""
    random = np.random.default_rng(seed)
    logits = (skill * random.normal(size=(count, 3))).astype(np.float32)
    odds = np.exp(logits.astype(np.float64))
    shares = odds / odds.sum(axis=1, keepdims=True)
    true = (random.random(count)[:, None] > np.cumsum(shares, axis=1)).sum(axis=1).clip(0, 2)
    keys = tuple(f"{number:064x}" for number in range(count))
    return Answers(CLASSES, keys, keys, np.arange(count), true.astype(np.int64), logits)


@pytest.fixture(scope="module")
def split() -> tuple[Answers, Answers]:
    return answers(300, 1), answers(400, 2)


def test_answering_less_is_answering_better(split):
    made = report(*split, 1.0, DoubtSettings(), None)
    everything = made.points[-1].val
    assert everything.answered == everything.total == 300
    assert made.recommended == made.chosen
    assert made.chosen.val.accuracy > everything.accuracy + 0.02
    assert made.test.accuracy > made.points[-1].val.accuracy
    assert made.test.right_low < made.test.accuracy < made.test.right_high
    assert made.answers_from == pytest.approx(2 / 3, abs=0.12)  # where refusing costs a third of a mistake
    assert [point.val.answered for point in made.points] == sorted({point.val.answered for point in made.points})


def test_the_test_pictures_choose_nothing(split):
    val, test = split
    shuffled = Answers(
        CLASSES, test.sha256, test.source_names, test.groups, test.true_index[::-1].copy(), test.logits[::-1] * 3
    )
    for settings in (DoubtSettings(), DoubtSettings(answered=0.6), DoubtSettings(costs=(cost("ant", "bee", 4),))):
        ours, theirs = report(val, test, 1.3, settings, None), report(val, shuffled, 1.3, settings, None)
        assert ours.chosen == theirs.chosen
        assert ours.points == theirs.points
        assert ours.test != theirs.test
        rule = rule_of(val, 1.3, settings)
        assert rule.limit == ours.chosen.limit


def cost(true: str, said: str, price: float) -> PairCost:
    return PairCost(true=true, said=said, cost=price)


def test_the_share_asked_for_is_answered(split):
    made = report(*split, 1.0, DoubtSettings(answered=0.5), None)
    assert made.chosen.val.answered == 150
    assert made.recommended.val.answered != 150
    assert 0.4 < made.test.coverage < 0.6
    # What the slider stores comes back as the same point.
    for point in made.points:
        again = report(*split, 1.0, DoubtSettings(answered=point.val.coverage), None)
        assert again.chosen.val == point.val


def test_the_temperature_moves_probabilities_not_who_is_surest(split):
    plain = report(*split, 1.0, DoubtSettings(answered=1.0), None)
    cooler = report(*split, 3.0, DoubtSettings(answered=1.0), None)
    assert plain.test == cooler.test
    assert plain.sets != cooler.sets


def test_costs_spare_the_mistake_that_hurts(split):
    val, test = split
    settings = DoubtSettings(answered=1.0, costs=(cost("ant", "bee", 8.0),))
    made = report(val, test, 1.0, settings, None)
    assert made.answers_from is None
    first = made.costs.kinds[0]
    assert (first.true, first.said, first.cost) == ("ant", "bee", 8.0)
    assert first.after < first.before / 2
    assert made.costs.cost_after < made.costs.cost_before
    assert made.costs.mistakes_after > made.costs.mistakes_before  # other mistakes are taken for it
    (limit,) = made.pair_limits
    assert (limit.said, limit.other, limit.share) == ("bee", "ant", pytest.approx(8 / 9))
    assert made.test.total == 400


def test_counts_in_a_thousand_are_those_of_the_test(split):
    val, test = split
    made = report(val, test, 1.0, DoubtSettings(), None)
    wrong = int((test.predicted != test.true_index).sum())
    assert made.costs.mistakes_before == pytest.approx(1000 * wrong / 400)
    assert made.costs.mistakes_after == pytest.approx(1000 * (made.test.answered - made.test.right) / 400)
    assert made.costs.asked == pytest.approx(1000 * (400 - made.test.answered) / 400)
    assert made.costs.mistakes_low <= made.costs.mistakes_after <= made.costs.mistakes_high
    assert sum(kind.before for kind in made.costs.kinds) == pytest.approx(made.costs.mistakes_before)


def test_sets_keep_their_promise(split):
    made = report(*split, 1.0, DoubtSettings(), None)
    assert [found.level for found in made.sets] == [0.9, 0.95, 0.99]
    for found in made.sets:
        assert found.possible
        assert found.held_high >= found.level
    assert made.sets[0].mean_size < made.sets[1].mean_size < made.sets[2].mean_size
    few = report(answers(12, 3), split[1], 1.0, DoubtSettings(), None)
    assert [found.possible for found in few.sets] == [True, False, False]
    assert few.sets[1].mean_size == 3


def test_without_test_pictures_nothing_is_said_of_them(split):
    made = report(split[0], None, 1.0, DoubtSettings(), None)
    assert (made.test, made.sets, made.costs) == (None, (), None)


def test_without_validation_pictures_there_is_no_rule():
    with pytest.raises(StateError, match="no validation pictures"):
        rule_of(answers(0, 0), 1.0, DoubtSettings())
    with pytest.raises(StateError, match="no validation pictures"):
        report(answers(0, 0), None, 1.0, DoubtSettings(), None)


def test_one_picture_is_enough_not_to_fail():
    made = report(answers(1, 0), answers(1, 5), 1.0, DoubtSettings(), None)
    assert made.chosen.val.total == 1
    assert len(made.points) == 1


def test_costs_of_classes_there_are_not():
    with pytest.raises(ConfigError, match="no class 'hornet'"):
        costs_of(CLASSES, [cost("ant", "hornet", 2.0)])
    assert costs_of(CLASSES, [cost("ant", "bee", 1.0)]).pairs == ()


@pytest.mark.parametrize("pairs", [(cost("ant", "ant", 2.0),), (cost("ant", "bee", 2.0), cost("ant", "bee", 3.0))])
def test_settings_refuse_contradictions(pairs):
    with pytest.raises(ValidationError, match="one cost"):
        DoubtSettings(costs=pairs)
