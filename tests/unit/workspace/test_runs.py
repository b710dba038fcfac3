from concurrent.futures import ThreadPoolExecutor

import pytest

from clf_core.config import TrainConfig
from clf_core.errors import NameTakenError, NotFoundError
from clf_core.workspace import Workspace


def test_runs_are_named_after_dataset_and_preset(workspace, imported, me):
    dataset = workspace.datasets.add("Pets", imported, "me")
    runs = [workspace.runs.create(dataset, TrainConfig(), None, me) for _ in range(3)]
    assert [run.record.name for run in runs] == ["Pets quick 1", "Pets quick 2", "Pets quick 3"]
    assert [run.record.name for run in workspace.runs.list()] == ["Pets quick 3", "Pets quick 2", "Pets quick 1"]


def test_a_long_dataset_name_still_makes_a_run_name(workspace, imported, me):
    dataset = workspace.datasets.add("x" * 500, imported, "me")
    names = [workspace.runs.create(dataset, TrainConfig(), None, me).record.name for _ in range(2)]
    assert all(len(name) == 500 for name in names)
    assert names[0].endswith("x 1")
    assert names[1].endswith("x 2")


def test_a_run_keeps_what_it_was_made_with(workspace, imported, me):
    dataset = workspace.datasets.add("Pets", imported, "me")
    config = TrainConfig(seed=7, strengths=(0.1, 1.0))
    created = workspace.runs.create(dataset, config, "mine", me)
    found = Workspace(workspace.root).runs.find("MINE")
    assert found.record == created.record
    assert found.config == config
    assert (found.record.dataset_id, found.record.version) == (dataset.id, 1)
    assert (found.record.fitted_pictures, found.record.test_pictures) == (7, 3)


def test_a_run_name_is_taken_once(workspace, imported, me):
    dataset = workspace.datasets.add("Pets", imported, "me")
    workspace.runs.create(dataset, TrainConfig(), "mine", me)
    with pytest.raises(NameTakenError, match="already a run called 'mine'"):
        workspace.runs.create(dataset, TrainConfig(), "Mine", me)
    with pytest.raises(NotFoundError, match="There is 'mine'"):
        workspace.runs.find("yours")


def test_runs_are_listed_again_after_the_index_was_lost(run, workspace):
    (workspace.root / "index.sqlite3").unlink()
    assert [found.record for found in workspace.runs.list()] == [run.record]


def test_runs_made_and_listed_by_many_at_once_are_all_there(workspace, imported, me):
    dataset = workspace.datasets.add("Pets", imported, "me")

    def make_and_list(_number):
        mine = Workspace(workspace.root)
        made = [mine.runs.create(dataset, TrainConfig(), None, me).record.id for _ in range(5)]
        assert set(made) <= {run.record.id for run in mine.runs.list()}
        return made

    with ThreadPoolExecutor(6) as pool:
        made = sorted(identifier for made in pool.map(make_and_list, range(6)) for identifier in made)
    listed = workspace.runs.list()
    assert sorted(run.record.id for run in listed) == made
    assert {run.record.name for run in listed} == {f"Pets quick {number}" for number in range(1, 31)}
