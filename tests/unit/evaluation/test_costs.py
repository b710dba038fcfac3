import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from clf_core.evaluation.costs import Costs, kinds_of_mistakes


def shares(classes: int = 4):
    """Probabilities [N, K], away from ties."""
    numbers = arrays(np.float64, st.tuples(st.integers(1, 8), st.just(classes)), elements=st.floats(0.01, 1))
    return numbers.map(lambda table: table / table.sum(axis=1, keepdims=True))


@st.composite
def costs(draw, classes: int = 4):
    places = st.integers(0, classes - 1)
    pairs = draw(st.dictionaries(st.tuples(places, places).filter(lambda p: p[0] != p[1]), st.floats(0.1, 50)))
    return Costs(tuple((true, said, cost) for (true, said), cost in pairs.items()))


@given(shares(), costs())
def test_the_expected_cost_is_that_of_the_whole_table(probabilities, priced):
    table = 1.0 - np.eye(4)
    for true, said, cost in priced.pairs:
        table[true, said] = cost
    np.testing.assert_allclose(priced.expected(probabilities), probabilities @ table, atol=1e-9)
    said, risk = priced.decide(probabilities)
    np.testing.assert_allclose(risk, (probabilities @ table).min(axis=1), atol=1e-9)
    np.testing.assert_allclose((probabilities @ table)[np.arange(len(said)), said], risk, atol=1e-9)


@given(shares())
def test_where_all_mistakes_cost_alike_the_most_probable_is_said(probabilities):
    said, risk = Costs().decide(probabilities)
    assert (said == probabilities.argmax(axis=1)).all()
    np.testing.assert_allclose(risk, 1 - probabilities.max(axis=1))


def test_the_answer_turns_at_the_share_that_is_told():
    # Taking class 0 for class 1 counts five times: class 1 is said only from 5/6 on.
    priced = Costs(((0, 1, 5.0),))
    share = priced.least_share(1, 0)
    assert share == pytest.approx(5 / 6)
    assert priced.least_share(0, 1) == pytest.approx(1 / 6)
    for more, said in ((1e-6, 1), (-1e-6, 0)):
        probabilities = np.array([[1 - share - more, share + more, 0.0]])
        assert priced.decide(probabilities)[0][0] == said


def test_what_answers_did_cost():
    priced = Costs(((0, 1, 5.0), (2, 0, 0.5)))
    true, said = np.array([0, 0, 1, 2, 2]), np.array([0, 1, 0, 0, 2])
    assert priced.incurred(true, said).tolist() == [0, 5, 1, 0.5, 0]
    assert priced.worst == 5
    assert (priced.of(1, 1), priced.of(0, 1), priced.of(1, 0)) == (0, 5, 1)


@pytest.mark.parametrize("pairs", [((1, 1, 2.0),), ((0, 1, 0.0),), ((0, 1, 2.0), (0, 1, 3.0))])
def test_costs_that_mean_nothing_are_refused(pairs):
    with pytest.raises(ValueError, match="cost"):
        Costs(pairs)


def test_mistakes_are_counted_by_kind_the_most_frequent_first():
    true, said = np.array([0, 0, 1, 2, 2, 2, 1]), np.array([0, 1, 2, 0, 0, 2, 2])
    assert kinds_of_mistakes(true, said, 3) == [(1, 2, 2), (2, 0, 2), (0, 1, 1)]
    assert kinds_of_mistakes(true, true, 3) == []
