import shutil

import pytest

from clf_core.config import TrainConfig
from clf_core.workspace import Workspace
from clf_core.workspace.learned import learned_before


@pytest.fixture
def train(workspace, imported, me):
    """``train(**settings)`` returns the identifier of a run with these settings on the dataset 'Pets'."""
    dataset = workspace.datasets.add("Pets", imported, "me")

    def start(**settings):
        return workspace.runs.create(dataset, TrainConfig(**settings), None, me).record.id

    start.manifest = workspace.datasets.manifest(dataset.id, 1)
    return start


def _pictures(train, *splits):
    return frozenset(key for split in splits for key in train.manifest.select(split).sha256)


def test_a_published_network_has_learned_from_none(workspace):
    assert learned_before(workspace, TrainConfig()) == frozenset()


@pytest.mark.parametrize(
    ("settings", "splits"),
    [
        ({"preset": "quick"}, ()),
        ({"preset": "full"}, ("train",)),
        ({"preset": "scratch"}, ("train",)),
        ({"preset": "balanced"}, ("train", "val")),
        ({"preset": "thorough", "refit": False}, ("train",)),
    ],
)
def test_it_depends_on_what_the_earlier_run_taught(workspace, train, settings, splits):
    config = TrainConfig(continue_from=train(**settings))
    assert learned_before(workspace, config) == _pictures(train, *splits)


def test_runs_before_the_earlier_one_count_too(workspace, train):
    last = train(preset="quick", continue_from=train(preset="quick", continue_from=train(preset="balanced")))
    assert learned_before(workspace, TrainConfig(continue_from=last)) == _pictures(train, "train", "val")


def test_nobody_knows_what_a_run_that_is_gone_had_learned(workspace, train, tmp_path):
    assert learned_before(workspace, TrainConfig(continue_from="r-gone")) is None
    earlier = train(preset="full")
    shutil.rmtree(tmp_path / "workspace" / "datasets")
    assert learned_before(Workspace(tmp_path / "workspace"), TrainConfig(continue_from=earlier)) is None
