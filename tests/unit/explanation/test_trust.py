"""What is said of one heatmap."""

import numpy as np
import pytest

from clf_core.explanation import trust
from clf_core.explanation.faithfulness import SHARES, Removal
from clf_core.explanation.trust import judge

SIZE = 96


def test_a_heatmap_of_the_object_is_supported(fitted_maker, red_and_green_squares):
    shown = red_and_green_squares.pictures(SIZE, 1, seed=9)
    told = judge(fitted_maker, shown.pictures[0], int(shown.labels[0]), "red <b>")
    assert told.verdict == "supported"
    assert told.words.startswith("This heatmap shows what mattered: covering its brightest fifth takes 'red <b>' from")
    assert "with random weights the map is another one" in told.words
    assert [step.share for step in told.steps] == list(SHARES)
    assert told.depends_on_weights
    assert 0 < told.road <= 0.5
    assert told.road == pytest.approx(np.mean([step.darkest - step.brightest for step in told.steps]) / 2)
    assert (told.layer, told.method) == (fitted_maker.layer, "gradcam")


@pytest.fixture
def pretended(monkeypatch, fitted_maker, red_and_green_squares):
    """Judge with covering and random weights that end as given."""
    from clf_core.explanation import sanity

    def judged(bright, dark, correlation, before=3.0):
        removal = Removal(SHARES, before, np.zeros(4) + bright, np.zeros(4) + dark)  # numbers, or one for each step
        monkeypatch.setattr(trust, "cover", lambda *_: removal)
        monkeypatch.setattr(sanity, "rank_correlations", lambda *_: (0.0, 0.0, correlation))
        shown = red_and_green_squares.pictures(SIZE, 1)
        return judge(fitted_maker, shown.pictures[0], int(shown.labels[0]), "red")

    return judged


@pytest.mark.parametrize(
    ("bright", "dark", "correlation", "verdict", "words"),
    [
        (-3.0, 3.0, 0.1, "supported", "from 95 % to 5 %, covering its darkest fifth to 95 %"),
        (2.7, 3.0, 0.1, "weak", "Take this heatmap as a hint only"),
        (-3.0, 3.0, 0.9, "weak", "much the same (rank correlation 0.90)"),
        (3.0, 2.0, 0.1, "contradicted", "Do not rely on this heatmap"),
        (-9.0, 9.0, 0.1, "supported", "to under 1 %, covering its darkest fifth to over 99 %"),
        ([3, 3, 3, 3], [3, 4, 2, -3], 0.1, "contradicted", "its brightest half takes 'red' from 95 % to 95 %"),
        ([0, 3, 3, 0], [0, 2, 9, 0], 0.1, "supported", "its brightest three tenths takes"),
    ],
)
def test_verdicts(pretended, bright, dark, correlation, verdict, words):
    told = pretended(bright, dark, correlation)
    assert told.verdict == verdict
    assert words in told.words


def test_a_map_without_evidence_is_not_judged(fitted_maker, red_and_green_squares, monkeypatch):
    monkeypatch.setattr(fitted_maker, "heatmap", lambda *_: np.zeros((SIZE, SIZE), dtype=np.float32))
    told = judge(fitted_maker, red_and_green_squares.pictures(SIZE, 1).pictures[0], 0, "red")
    assert (told.verdict, told.randomised) == ("empty", ())
    assert told.words == "Nothing in the picture speaks for 'red', so there is no heatmap to trust."
    assert not told.depends_on_weights


def test_a_temperature_makes_it_less_sure(fitted_maker, red_and_green_squares):
    shown = red_and_green_squares.pictures(SIZE, 1, seed=9)
    given = (fitted_maker, shown.pictures[0], int(shown.labels[0]), "red")
    sure, unsure = judge(*given), judge(*given, temperature=4.0)
    assert 0.5 < unsure.probability < sure.probability
    assert unsure.log_odds_gap < sure.log_odds_gap
