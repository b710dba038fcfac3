import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.evaluation.power import pairs_needed, rounded_up
from clf_core.metrics.paired import mcnemar_mid_p


def test_a_published_example():
    """Connor (1987) as worked out at powerandsamplesize.com: 45 % and 5 % of the pairs disagree, 23 are needed."""
    assert pairs_needed(0.40, 0.50) == 23


@pytest.mark.parametrize(("difference", "disagreement"), [(0.05, 0.10), (-0.1, 0.3), (0.02, 0.04)])
def test_so_many_pictures_find_the_difference_four_times_out_of_five(difference, disagreement):
    n = pairs_needed(difference, disagreement)
    random = np.random.default_rng(0)
    shares = [(disagreement - difference) / 2, (disagreement + difference) / 2, 1 - disagreement]
    told: dict[tuple[int, int], bool] = {}
    found = 0
    for first, second, _ in random.multinomial(n, shares, size=4000):
        pair = (int(first), int(second))
        if pair not in told:
            told[pair] = mcnemar_mid_p(*pair) < 0.05
        found += told[pair]
    assert found / 4000 == pytest.approx(0.8, abs=0.04)


@given(st.floats(0.01, 0.4), st.floats(0.0, 0.5))
def test_smaller_differences_and_more_disagreement_take_more(difference, more):
    least = pairs_needed(difference, difference)
    assert pairs_needed(difference, min(1.0, difference + more)) >= least
    assert pairs_needed(difference / 2, difference) >= least


@pytest.mark.parametrize("wrong", [(0.0, 0.1), (0.2, 0.1), (0.1, 1.5)])
def test_impossible_differences_are_refused(wrong):
    with pytest.raises(ValueError, match="difference"):
        pairs_needed(*wrong)


@pytest.mark.parametrize(
    ("count", "said"), [(1, 10), (10, 10), (11, 20), (34, 40), (99, 100), (301, 310), (1234, 1300), (98_001, 99_000)]
)
def test_counts_are_rounded_up_as_people_say_them(count, said):
    assert rounded_up(count) == said


@given(st.integers(1, 10**9))
def test_rounding_never_promises_less_and_hardly_more(count):
    assert count <= rounded_up(count) <= max(count + 9, count * 1.1)
