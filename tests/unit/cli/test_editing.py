"""Changing a dataset as typed."""

from types import SimpleNamespace

import pytest

from clf_core.cli import editing
from clf_core.config import SplitConfig
from clf_core.errors import ConfigError


def test_changes_are_versions_that_can_be_listed_compared_and_undone(typed, said, pets):
    made = [
        typed("datasets", "relabel", "Pets", "green", 0, "2-3", "--who", "Ada"),
        typed("datasets", "exclude", "Pets", 4, "--reason", "Too dark"),
        typed("datasets", "restore", "Pets", 4),
        typed("datasets", "rename-class", "Pets", "green", "yellow"),
        typed("datasets", "merge-classes", "Pets", "yellow", "red", "--into", "red"),
        typed("datasets", "split", "Pets", "--seed", 4, "--unlock-test"),
        typed("datasets", "return", "Pets", 1),
        typed("datasets", "undo", "Pets"),
    ]
    assert [version["version"] for version in made] == list(range(2, 10))
    assert (made[0]["who"], made[0]["classes"]) == ("Ada", 3)
    assert made[1]["what"] == "Left out 1 picture: Too dark"
    assert made[-1]["what"] == "Returned to version 7"
    assert len(typed("datasets", "versions", "Pets")["versions"]) == 9
    history = said("datasets", "versions", "Pets")[1].splitlines()
    assert history[-1].startswith("   1  20")
    assert "Ada: " in history[-2]
    told = typed("datasets", "diff", "Pets", 1, 2)
    assert (told["relabelled"], [change["id"] for change in told["changes"]]) == (3, [0, 2, 3])
    text = said("datasets", "diff", "Pets", 1, 2)[1]
    assert "3 in another class" in text.splitlines()[0]
    assert "'green'" in text
    assert "no difference" in said("datasets", "diff", "Pets", 1, 8)[1]


def test_a_dataset_gets_another_name(typed, pets):
    assert typed("datasets", "rename", "Pets", "Animals")["dataset"] == "Animals"
    assert typed("datasets", "show", "Animals")["dataset_id"] == pets.dataset_id


def test_moving_into_or_out_of_test_must_be_said(typed, said, pets, bench):
    tested = bench.datasets.pictures("Pets", split="test").pictures[0].id
    status, line = said("datasets", "move", "Pets", "train", tested)
    assert status == 2
    assert "locked" in line
    assert typed("datasets", "move", "Pets", "train", tested, "--unlock-test")["version"] == 2


def test_all_pictures_of_a_finding_can_be_meant(monkeypatch):
    page = SimpleNamespace(pictures=[SimpleNamespace(id=7), SimpleNamespace(id=9)])
    asked = []

    def pictures(*arguments, **options):
        asked.append((arguments, options))
        return page, {}

    bench = SimpleNamespace(health=SimpleNamespace(pictures=pictures))
    options = SimpleNamespace(dataset="Pets", pictures=["1-2"], finding="dark")
    assert editing._chosen(options, bench) == [1, 2, 7, 9]
    assert asked[0][0] == ("Pets", "dark")


@pytest.mark.parametrize("typed_number", ["x", "-1", "1-", "1-x", "1.5", "", "0-99999999"])
def test_what_is_no_number_is_refused(typed_number):
    with pytest.raises(ConfigError):
        editing._ids([typed_number])


def test_no_picture_at_all_is_refused(said, pets):
    status, line = said("datasets", "exclude", "Pets")
    assert status == 2
    assert "datasets pictures" in line


def _options(**typed):
    names = ("train", "val", "test", "seed", "group_pattern", "copies")
    return SimpleNamespace(**{name: typed.get(name) for name in names}, unlock_test=typed.get("unlock", False))


@pytest.mark.parametrize(
    ("typed", "shares"),
    [
        ({}, (0.64, 0.16, 0.2)),
        ({"test": 0.5}, (0.4, 0.1, 0.5)),
        ({"train": 0.7, "test": 0.2}, (0.7, 0.1, 0.2)),
        ({"train": 0.5, "val": 0.25, "test": 0.25}, (0.5, 0.25, 0.25)),
    ],
)
def test_shares_that_are_not_typed_take_the_rest(typed, shares):
    config = editing._split_config(_options(**typed), SplitConfig())
    assert (config.train, config.val, config.test) == pytest.approx(shares)
    assert config.lock_test


@pytest.mark.parametrize(
    "typed", [{"test": 1.0}, {"train": 0.5, "val": 0.5}, {"train": 0.5, "val": 0.1, "test": 0.1}, {"seed": -1}]
)
def test_shares_and_seeds_that_cannot_be_are_refused(typed):
    with pytest.raises(ConfigError):
        editing._split_config(_options(**typed), SplitConfig())


def test_what_is_typed_replaces_what_was_set():
    before = SplitConfig(seed=3, group_pattern="{group}_*", keep_copies_together=False, lock_test=False)
    assert editing._split_config(_options(unlock=True), before) == before
    after = editing._split_config(_options(group_pattern="", copies=True, seed=0), before)
    assert after == SplitConfig()
