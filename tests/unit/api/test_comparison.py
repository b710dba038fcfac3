import time

import numpy as np
import pytest

from clf_core.api import Workbench
from clf_core.config import TrainConfig
from clf_core.errors import NotFoundError, StateError
from tests.planted_runs import answers_of, dataset_answers, plant_run

SHA = [f"{number:064x}" for number in range(120)]
TRUE = np.arange(120) % 2


@pytest.fixture
def plant(bench, pets):
    """``plant(name, wrong)`` writes a finished run that mistakes the first ``wrong`` of 120 pictures."""
    dataset = bench.datasets.get("Pets")

    def planted(name, wrong, config=None, dataset=dataset, **more):
        said = np.where(np.arange(120) < wrong, 1 - TRUE, TRUE)
        return plant_run(bench, dataset, answers_of(("blue", "red"), SHA, TRUE, said), name, config, **more)

    return planted


def test_the_better_of_two_is_named_with_what_sets_them_apart(bench, plant):
    first, second = plant("Ann", 40), plant("Ben", 10, TrainConfig(seed=7))
    found = bench.comparison.compare("Ann", second)
    assert (found.first.id, found.second.id) == (first, second)
    assert found.figures.headline.startswith("'Ben' is better")
    assert (found.figures.only_first, found.figures.only_second, found.figures.neither) == (0, 30, 10)
    assert [(row.field, row.first, row.second) for row in found.settings] == [("seed", "0", "7")]
    assert (found.data.kind, found.data.words) == ("same version", "Both saw version 1 of 'Pets'.")
    assert found.shared.same


def test_the_order_of_asking_turns_the_sign_and_nothing_else(bench, plant):
    plant("Ann", 40), plant("Ben", 10)
    one, other = bench.comparison.compare("Ann", "Ben").figures, bench.comparison.compare("Ben", "Ann").figures
    assert one.difference == -other.difference
    assert one.p_value == other.p_value
    assert one.headline == other.headline


def test_comparing_is_a_look_at_both_and_listing_is_none(bench, plant):
    plant("Ann", 40), plant("Ben", 10)
    dataset = bench.datasets.get("Pets").id
    assert (bench.comparison.looks([dataset]).runs, bench.comparison.looks([dataset]).looks) == (2, 0)
    assert bench.comparison.compare("Ann", "Ben").looks.looks == 2
    bench.comparison.pictures("Ann", "Ben", "only_second")
    assert bench.comparison.looks([dataset]).looks == 2
    again = Workbench(bench.settings).comparison.compare("Ben", "Ann")
    assert again.looks.looks == 4
    assert "looked at 4 times" in again.cautions[-1]


def test_the_pictures_only_one_gets_right_come_in_parts(bench, plant):
    plant("Ann", 40), plant("Ben", 10)
    page = bench.comparison.pictures("Ann", "Ben", "only_second", offset=25, limit=10)
    assert (page.total, len(page.pictures)) == (30, 5)
    assert all(picture.said_second == picture.true != picture.said_first for picture in page.pictures)
    assert bench.comparison.pictures("Ann", "Ben", "only_first").total == 0


def test_a_run_of_an_earlier_version_is_compared_by_what_it_said(bench, plant):
    plant("Old", 40, with_answers=False), plant("New", 10)
    figures = bench.comparison.compare("Old", "New").figures
    assert (figures.n, figures.only_second) == (120, 30)


def test_another_version_of_the_data_is_told_with_what_changed(bench, plant):
    plant("Ann", 40)
    (picture, *_) = bench.datasets.pictures("Pets").pictures
    bench.editing.relabel("Pets", [picture.id], "red" if picture.label == "blue" else "blue")
    plant("Ben", 10, dataset=bench.datasets.get("Pets"))
    for pair in (("Ann", "Ben"), ("Ben", "Ann")):
        data = bench.comparison.compare(*pair).data
        assert data.kind == "other version"
        assert (data.versions.old, data.versions.new, data.versions.relabelled) == (1, 2, 1)


def test_another_dataset_and_other_test_pictures_are_said(bench, plant, write_pictures, tmp_path):
    plant("Ann", 40)
    write_pictures(tmp_path / "zoo", {"red": 10, "green": 10}, seed=5)
    bench.imports.path(tmp_path / "zoo", "Zoo")
    zoo = bench.datasets.get("Zoo")
    plant_run(bench, zoo, dataset_answers(bench, zoo, [True] * zoo.splits["test"]), "Cleo")
    found = bench.comparison.compare("Ann", "Cleo")
    assert found.figures is None
    assert (found.shared.n, found.shared.first_alone) == (0, 120)
    assert found.data.words == "Different datasets: 'Pets' version 1 and 'Zoo' version 1."
    assert "cannot be compared" in found.cautions[0]


def test_a_run_it_went_on_from_is_told_by_its_name(bench, plant):
    first = plant("Ann", 40)
    plant("Ben", 10, TrainConfig(continue_from=first))
    rows = {row.field: (row.first, row.second) for row in bench.comparison.compare("Ann", "Ben").settings}
    assert rows["continue_from"] == ("none", "Ann")


def test_what_cannot_be_compared_says_why(bench, plant, run_in_state):
    plant("Ann", 40)
    with pytest.raises(StateError, match="with itself"):
        bench.comparison.compare("Ann", "Ann")
    with pytest.raises(NotFoundError):
        bench.comparison.compare("Ann", "Nobody")
    with pytest.raises(StateError):
        bench.comparison.compare("Ann", run_in_state("failed"))
    untested = plant("Ben", 10)
    (bench.settings.workspace / "runs" / untested / "evaluation.json").unlink()
    with pytest.raises(StateError, match="was not tested"):
        bench.comparison.compare("Ann", "Ben")


def test_runs_are_told_how_they_stand_beside_the_best_without_a_look(bench, plant):
    refs = {name: plant(name, wrong) for name, wrong in (("Poor", 40), ("Good", 12), ("Best", 10), ("Twin", 10))}
    dataset = bench.datasets.get("Pets")
    others = answers_of(("blue", "red"), SHA[:50], TRUE[:50], TRUE[:50])
    plant_run(bench, dataset, others, "Other pictures")
    standings = bench.comparison.standings([*refs.values(), "r-gone"])
    assert {name: standings[ref] for name, ref in refs.items() if name != "Twin"} == {
        "Poor": "behind",
        "Good": "unclear",
        "Best": "best",
    }
    assert standings[refs["Twin"]] in ("alike", "unclear")
    assert bench.comparison.standings([refs["Poor"]]) == {}
    assert bench.comparison.standings([refs["Poor"], "Other pictures"]) == {}
    assert bench.comparison.looks([dataset.id]).looks == 0


def test_ten_thousand_pictures_of_a_hundred_classes_are_compared_quickly(bench, pets):
    random = np.random.default_rng(0)
    sha, true = [f"{number:064x}" for number in range(10_000)], random.integers(0, 100, 10_000)
    classes = tuple(f"class {number}" for number in range(100))
    for name, share in (("Ann", 0.85), ("Ben", 0.9)):
        said = np.where(random.uniform(size=10_000) < share, true, (true + 1) % 100)
        plant_run(bench, bench.datasets.get("Pets"), answers_of(classes, sha, true, said), name)
    started = time.perf_counter()
    found = bench.comparison.compare("Ann", "Ben")
    seconds = time.perf_counter() - started
    assert found.figures.outcome == "second"
    assert len(found.figures.classes) == 100
    assert seconds < 2.0
