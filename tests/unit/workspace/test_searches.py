"""Searches on disk: made, named, found; trials read back; what is damaged hides nothing else."""

import pytest

from clf_core.config import SearchConfig, TrainConfig
from clf_core.errors import ConfigError, NameTakenError, NotFoundError, StorageError
from clf_core.jobs import process
from clf_core.results import DatasetSummary, Trial
from clf_core.workspace import Workspace
from clf_core.workspace.search_directory import SearchStatus
from clf_core.workspace.searches import SearchStore

CONFIG = SearchConfig(settings=("fit",), trials=3)
DATASET = DatasetSummary(
    id="d-" + "0" * 20, name="Pets", version=2, created=0.0, pictures=30, classes={"a": 15, "b": 15},
    splits={"train": 16, "val": 4, "test": 10}, class_splits={}, skipped=(), ignored_count=0, notices=(),
)  # fmt: skip


@pytest.fixture
def store(tmp_path) -> SearchStore:
    return Workspace(tmp_path).searches


def make(store, name=None):
    return store.create(DATASET, CONFIG, name, process.current())


def trial(number, state="done"):
    return Trial(number=number, state=state, drawn={"fit": "pad", "views": 3, "rate": 1e-3}, accuracy=0.5, began=1.0)


def test_a_search_is_found_by_name_whatever_its_case_and_by_identifier(store, tmp_path):
    first, second = make(store), make(store, "My search")
    assert first.record.name == "Pets search 1"
    assert (first.record.version, first.record.validation_pictures) == (2, 4)
    assert [search.record.name for search in store.list()] == ["My search", "Pets search 1"]
    assert store.find("MY SEARCH").path == store.find(second.record.id).path == second.path
    assert Workspace(tmp_path).searches.find("my search").config() == CONFIG
    assert make(store).record.name == "Pets search 2"


def test_a_name_is_given_once_and_must_be_usable(store):
    make(store, "One")
    with pytest.raises(NameTakenError):
        make(store, " one ")
    with pytest.raises(ConfigError):
        make(store, "a\nb")
    assert len(store.list()) == 1


@pytest.mark.parametrize("ref", ["../runs", "s-00000000000000000000", "", "nothing"])
def test_what_is_not_there_is_told(store, ref):
    make(store, "One")
    with pytest.raises(NotFoundError, match="One"):
        store.find(ref)


def test_trials_come_back_as_they_were_in_the_order_of_their_start(store, tmp_path):
    search = make(store)
    search.write_trial(trial(11, "running"), TrainConfig(fit="pad"))
    search.write_trial(trial(2))
    assert search.trials() == (trial(2), trial(11, "running"))
    search.write_trial(trial(11))
    assert search.trials()[1].state == "done"
    assert Workspace(tmp_path).searches.list()[0].trials() == search.trials()
    assert search.trial_config(11) == TrainConfig(fit="pad")
    with pytest.raises(NotFoundError, match="trial 3"):
        search.trial_config(3)


def test_a_damaged_trial_is_passed_over_and_a_damaged_search_hides_no_other(store):
    good, bad = make(store, "good"), make(store, "bad")
    good.write_trial(trial(0))
    good.write_trial(trial(1))
    (good.path / "trials" / "0001.json").write_text("{")
    (good.path / "importances.json").write_text("[")
    assert [one.number for one in good.trials()] == [0]
    assert good.importances() == ()
    (bad.path / "search.json").write_text("{")
    fresh = SearchStore(good.path.parent)
    assert [search.record.name for search in fresh.list()] == ["good"]
    (good.path / "status.json").write_text("{")
    with pytest.raises(StorageError, match="damaged"):
        good.status()


def test_wishes_status_and_importances_are_kept(store):
    search = make(store)
    assert (search.wish(), search.status(), search.launched()) == ("", None, None)
    search.request("stop")
    assert search.wish() == "stop"
    search.request("cancel")
    assert search.wish() == "cancel"
    search.clear_wish()
    search.clear_wish()
    assert search.wish() == ""
    status = SearchStatus(state="running", worker=process.current(), seconds=3.0)
    search.write_status(status)
    assert search.status() == status
    search.write_importances((("fit", 0.7), ("views", 0.3)))
    assert search.importances() == (("fit", 0.7), ("views", 0.3))
    search.shared_folder.mkdir()
    search.remove_shared()
    search.remove_shared()
    assert not search.shared_folder.exists()
