"""Two runs side by side in the terminal."""

import numpy as np
import pytest

from clf_core.config import TrainConfig
from tests.planted_runs import answers_of, plant_run


@pytest.fixture
def ann_and_ben(bench, pets):
    sha, true = [f"{number:064x}" for number in range(100)], np.arange(100) % 2
    for name, wrong, seed in (("Ann", 30, 1), ("Ben", 5, 2)):
        said = np.where(np.arange(100) < wrong, 1 - true, true)
        answers = answers_of(("blue", "red"), sha, true, said)
        plant_run(bench, bench.datasets.get("Pets"), answers, name, TrainConfig(seed=seed))


def test_the_outcome_comes_first_and_then_what_speaks_for_it(said, ann_and_ben):
    status, words = said("runs", "compare", "Ann", "Ben")
    assert status == 0
    lines = words.splitlines()
    assert lines[0].startswith("'Ben' is better, and it is unlikely to be luck. 'Ben' got 95 of 100 pictures right")
    assert "both right 70, only the first 0, only the second 25, neither 5" in lines[1]
    assert "McNemar's test (mid-p) p = " in lines[2]
    assert "  seed: 1 | 2" in lines
    assert "Only the second got these right (25):" in lines
    assert "they said red (90%) and blue (90%)" in words


def test_programs_get_the_same_as_figures(typed, ann_and_ben):
    found = typed("runs", "compare", "Ben", "Ann")
    assert found["figures"]["outcome"] == "first"
    assert found["figures"]["only_first"] == 25
    assert found["settings"] == [{"field": "seed", "first": "2", "second": "1"}]
    assert found["first"]["name"] == "Ben"


def test_what_cannot_be_compared_is_the_person_s_mistake(said, ann_and_ben):
    status, words = said("runs", "compare", "Ann", "Ann")
    assert status == 2
    assert "cannot be compared with itself" in words
