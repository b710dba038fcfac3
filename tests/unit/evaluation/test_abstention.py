import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.evaluation.abstention import LEAST_ANSWERED, RiskCoverage, limit_for, recommended_limit, risk_coverage

outcomes = st.lists(st.tuples(st.sampled_from([0.0, 0.1, 0.2, 0.25, 0.4, 0.6, 0.9]), st.booleans()), min_size=1)


def curve_of(pairs) -> RiskCoverage:
    """(risk, whether the answer was wrong) of each picture."""
    return risk_coverage(np.array([risk for risk, _ in pairs]), np.array([float(wrong) for _, wrong in pairs]))


def cost_at(pairs, limit: float, refusal: float) -> float:
    return sum(float(wrong) if risk <= limit else refusal for risk, wrong in pairs)


@given(outcomes)
def test_each_point_counts_what_answering_up_to_it_gives(pairs):
    curve = curve_of(pairs)
    for place, limit in enumerate(curve.risk):
        answered = [wrong for risk, wrong in pairs if risk <= limit]
        assert curve.answered[place] == len(answered)
        assert curve.right[place] == answered.count(False)
        assert curve.cost[place] == answered.count(True)
    assert curve.coverage[-1] == 1
    assert (np.diff(curve.risk) > 0).all()


@given(outcomes, st.floats(0.05, 0.9))
def test_no_allowed_limit_would_have_cost_less(pairs, refusal):
    limit = recommended_limit(curve_of(pairs), refusal)
    spent = cost_at(pairs, limit, refusal)
    assert sum(risk <= limit for risk, _ in pairs) >= LEAST_ANSWERED * len(pairs)
    for other in {risk for risk, _ in pairs}:
        if sum(risk <= other for risk, _ in pairs) >= LEAST_ANSWERED * len(pairs):
            assert spent <= cost_at(pairs, other, refusal) + 1e-9


@given(outcomes, st.floats(0.01, 1))
def test_a_share_asked_for_is_met_as_nearly_as_can_be(pairs, share):
    curve = curve_of(pairs)
    limit = limit_for(curve, share)
    got = sum(risk <= limit for risk, _ in pairs) / len(pairs)
    assert abs(got - share) == pytest.approx(np.abs(curve.coverage - share).min())


def test_where_nothing_was_wrong_the_limit_of_calibrated_probabilities_is_taken():
    assert recommended_limit(curve_of([(0.01, False), (0.1, False)]), 0.3) == pytest.approx(0.3)
    # A right answer beyond it shows that more may be answered.
    assert recommended_limit(curve_of([(0.01, False), (0.45, False)]), 0.3) == pytest.approx(0.45)


def test_unsure_mistakes_are_left_and_sure_ones_cannot_be():
    pairs = [(0.02, False)] * 20 + [(0.03, True)] + [(0.04, False)] * 20 + [(0.5, True)] * 3
    limit = recommended_limit(curve_of(pairs))
    assert 0.04 <= limit < 0.5
    everything = limit_for(curve_of(pairs), 1.0)
    assert everything == 1.0


def test_there_must_be_pictures():
    with pytest.raises(ValueError, match="one risk and one cost"):
        risk_coverage(np.zeros(0), np.zeros(0))
    with pytest.raises(ValueError, match="one risk and one cost"):
        risk_coverage(np.zeros(3), np.zeros(2))
