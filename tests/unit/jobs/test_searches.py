"""What a search is said to be, whatever became of its process."""

import signal
import subprocess
import sys

import pytest

from clf_core.config import SearchConfig
from clf_core.errors import StorageError
from clf_core.jobs import process
from clf_core.jobs.searches import SearchJobs
from clf_core.results import DatasetSummary, ErrorWords, Trial
from clf_core.workspace import Workspace
from clf_core.workspace.records import ProcessIdentity
from clf_core.workspace.search_directory import SearchStatus

GONE = ProcessIdentity(pid=2**22 - 1, started="another boot:1")


@pytest.fixture
def search(tmp_path):
    dataset = DatasetSummary(
        id="d-" + "0" * 20, name="Pets", version=2, created=0.0, pictures=30, classes={"a": 15, "b": 15},
        splits={"train": 16, "val": 4, "test": 10}, class_splits={}, skipped=(), ignored_count=0, notices=(),
    )  # fmt: skip
    return Workspace(tmp_path).searches.create(dataset, SearchConfig(trials=4), None, process.current())


def state(search):
    return SearchJobs().summary(search).state


def write(search, state, worker=GONE, **more):
    search.write_status(SearchStatus(state=state, worker=worker, **more))


def test_before_and_after_its_worker_is_there(search):
    assert state(search) == "starting"
    search.write_launched(process.current())
    assert state(search) == "starting"
    write(search, "running", process.current())
    assert state(search) == "running"
    write(search, "done", process.current())
    assert state(search) == "done"


def test_a_worker_that_is_gone_was_interrupted_and_can_be_gone_on_with(search):
    search.write_launched(GONE)
    assert state(search) == "interrupted"
    write(search, "running")
    summary = SearchJobs().summary(search)
    assert (summary.state, summary.resumable) == ("interrupted", True)
    assert "Resume" in summary.error.remedy
    search.request("cancel")
    assert state(search) == "cancelled"


def test_a_search_started_anew_is_not_taken_for_its_earlier_end(search):
    write(search, "cancelled")
    search.write_launched(GONE)
    search.request("stop")
    search.begin_again(search.status().model_copy(update={"state": "queued", "worker": process.current()}))
    assert (state(search), search.wish()) == ("starting", "")
    search.write_launched(GONE)
    assert state(search) == "interrupted"
    assert SearchJobs().summary(search, place=2).state == "queued"


def test_one_that_cannot_be_started_says_so(search):
    search.log_path.mkdir()
    with pytest.raises(StorageError):
        SearchJobs().submit(search)
    summary = SearchJobs().summary(search)
    assert (summary.state, summary.error.kind) == ("failed", "storage")


def test_a_damaged_status_is_a_failure_in_words(search):
    (search.path / "status.json").write_text("{")
    summary = SearchJobs().summary(search)
    assert (summary.state, summary.error.kind, summary.resumable) == ("failed", "storage", False)


def test_a_failure_keeps_its_words_and_trials_stay_listed(search):
    error = ErrorWords(what="No", kind="input")
    write(search, "failed", error=error)
    search.write_trial(Trial(number=0, state="done", drawn={}, accuracy=0.8, loss=0.2, began=0.0))
    search.write_trial(Trial(number=1, state="failed", drawn={}, began=0.0, reason="x"))
    progress = SearchJobs().progress(search)
    assert progress.search.error == error
    assert (progress.search.trials, progress.search.accuracy, progress.best) == (2, 0.8, 0)


def test_cancel_ends_a_worker_that_does_not_listen(search, monkeypatch):
    monkeypatch.setattr("clf_core.jobs.searches._GRACE_SECONDS", 0.2)
    deaf = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"], start_new_session=True)
    worker = process.identify(deaf.pid)
    write(search, "running", worker)
    search.write_launched(worker)
    jobs = SearchJobs()
    jobs._children.append(deaf)
    jobs.cancel(search)
    assert jobs.state(search) == "cancelled"
    assert deaf.wait(5) == -signal.SIGKILL
