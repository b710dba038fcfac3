"""What is typed to pause runs, go on, and order the queue; no worker is started here."""

import pytest

from clf_core.config import TrainConfig
from clf_core.workspace import Workspace
from tests.pretended_workers import PretendedWorkers, end


@pytest.fixture(autouse=True)
def workers(monkeypatch):
    """Every launcher only pretends."""
    for name in ("submit", "cancel"):
        monkeypatch.setattr(f"clf_core.jobs.local.LocalLauncher.{name}", getattr(PretendedWorkers, name))
    monkeypatch.setattr("clf_core.jobs.local.LocalLauncher.started", [], raising=False)
    monkeypatch.setattr("clf_core.api.run_control._PAUSE_SECONDS", 0.1)


@pytest.fixture
def resting(bench, pets):
    """``resting("paused", "mine")`` makes a run of that name with a checkpoint, in that state."""

    def make(state, name):
        bench.runs.start("Pets", TrainConfig(preset="balanced"), name=name)
        run = Workspace(bench.settings.workspace).runs.find(name)
        run.checkpoints.write(b"x" * 2_000_000)
        end(run, state, epochs=3)
        return run

    return make


def test_pause_says_whether_it_is_done_or_asked_for(typed, said, resting, bench):
    bench.runs.set_slots(2)
    resting("paused", "resting")
    bench.runs.start("Pets", TrainConfig(preset="balanced"), name="going")
    assert typed("runs", "pause", "resting")["status"] == "paused"
    assert "will pause" in said("runs", "pause", "going")[1]


def test_runs_go_on_stop_and_are_extended_by_themselves(typed, resting):
    resting("paused", "mine")
    assert typed("runs", "resume", "mine", "--detach")["status"] == "running"
    assert typed("runs", "stop", "mine", "--detach")["wish"] == "stop"


def test_a_finished_run_is_extended(typed, resting, bench):
    resting("done", "mine")
    longer = typed("runs", "extend", "mine", 2, "--name", "longer", "--detach")
    assert (longer["run"], longer["status"]) == ("longer", "running")
    assert bench.runs.config("longer").epochs == 5


def test_the_queue_is_shown_and_ordered(typed, said, bench, pets):
    for name in ("first", "second", "third"):
        shown = said("train", "Pets", "--name", name, "--detach")[1]
    assert "waits for its turn at place 2" in shown
    assert typed("runs", "move", "third", 1)["place"] == 1
    assert typed("runs", "prioritise", "second", 3)["place"] == 1
    assert "second: queued (place 1)" in said("runs", "list")[1]
    assert typed("runs", "cancel", "second")["status"] == "cancelled"
    assert typed("runs", "slots") == {"slots": 1}
    assert typed("runs", "slots", 2) == {"slots": 2}
    assert "2 runs at a time" in said("runs", "slots")[1]
    assert typed("runs", "show", "third")["status"] == "running"


def test_what_is_kept_is_told_and_freed(said, resting):
    resting("done", "mine")
    assert "keeps 2.0 MB" in said("runs", "show", "mine")[1]
    assert "2.0 MB are free" in said("runs", "drop-checkpoints", "mine")[1]
    status, words = said("runs", "extend", "mine", 2)
    assert status == 2
    assert "kept no checkpoint" in words


def test_a_pause_from_elsewhere_ends_the_waiting_with_words(said, resting, monkeypatch):
    run = resting("paused", "mine")
    monkeypatch.setattr("clf_core.api.runs.Runs.resume", lambda self, ref: self.get(ref))
    status, words = said("runs", "resume", run.record.name)
    assert status == 2
    assert "paused after epoch 3" in words
