import threading
import time

import pytest

from clf_core.api.runs import Runs
from clf_core.config import TrainConfig
from clf_core.errors import ConfigError, NotFoundError, StateError
from clf_core.jobs import process
from clf_core.workspace import Workspace
from clf_core.workspace.records import ProcessIdentity, RunStatus
from tests.pretended_workers import PretendedWorkers, end

GONE = ProcessIdentity(pid=2**22 - 1, started="long ago")
BALANCED = TrainConfig(preset="balanced")


@pytest.fixture
def workers():
    return PretendedWorkers()


@pytest.fixture
def runs(bench, pets, workers):
    return Runs(Workspace(bench.settings.workspace), workers)


@pytest.fixture
def rest(runs):
    """``rest("paused")`` returns a run of two epochs with a checkpoint, in that state."""

    def make(state, config=BALANCED, checkpoint=True):
        run = runs.directory(runs.start("Pets", config).id)
        if checkpoint:
            run.checkpoints.write(b"after two")
        if state == "interrupted":
            end(run, "running", worker=GONE, epochs=2)
        else:
            end(run, state, epochs=2, seconds=5.0)
        return run

    return make


def test_a_second_run_waits_and_its_place_is_told(runs, workers):
    first = runs.start("Pets", BALANCED)
    second, third = runs.start("Pets", BALANCED), runs.start("Pets", BALANCED, priority=1)
    assert [run.state for run in (first, second, third)] == ["running", "queued", "queued"]
    assert [run.name for run in runs.waiting()] == [third.name, second.name]
    assert [(run.state, run.place) for run in runs.list()] == [("queued", 1), ("queued", 2), ("running", 0)]
    assert runs.move(second.id, 1).place == 1
    assert runs.prioritise(third.id, 5).place == 1
    runs.set_slots(2)
    assert runs.slots == 2
    assert runs.get(third.id).state == "running"
    with pytest.raises(StateError, match="does not wait"):
        runs.move(third.id, 1)


def test_a_run_that_waits_is_cancelled_out_of_the_queue(runs, workers):
    runs.start("Pets", BALANCED)
    second = runs.start("Pets", BALANCED)
    assert runs.cancel(second.id).state == "cancelled"
    assert runs.waiting() == ()
    assert runs.cancel(second.id).state == "cancelled"
    assert len(workers.started) == 1


def test_what_ends_makes_room(runs, workers):
    first, second = runs.start("Pets", BALANCED), runs.start("Pets", BALANCED)
    runs.cancel(first.id)
    assert runs.get(second.id).state == "running"


def test_pause_asks_and_stop_asks(runs, workers, monkeypatch):
    monkeypatch.setattr("clf_core.api.run_control._PAUSE_SECONDS", 0.1)
    run = runs.start("Pets", BALANCED)
    assert runs.pause(run.id).wish == "pause"
    assert runs.directory(run.id).wish() == "pause"
    assert runs.stop(run.id).wish == "stop"
    end(runs.directory(run.id), "paused")
    assert runs.pause(run.id).state == "paused"
    assert runs.get(run.id).wish == ""


def test_a_pause_is_waited_for(runs):
    run = runs.start("Pets", BALANCED)
    threading.Timer(0.2, lambda: end(runs.directory(run.id), "paused")).start()
    assert runs.pause(run.id).state == "paused"
    assert runs.wait(run.id).state == "paused"


@pytest.mark.parametrize("state", ["done", "failed", "cancelled"])
def test_what_is_over_is_neither_paused_nor_stopped(runs, rest, state):
    run = rest(state, checkpoint=False)
    for ask in (runs.pause, runs.stop):
        with pytest.raises(StateError, match=f"It is {state}"):
            ask(run.record.id)


def test_what_waits_is_neither_paused_nor_stopped(runs):
    runs.start("Pets", BALANCED)
    second = runs.start("Pets", BALANCED)
    for ask in (runs.pause, runs.stop):
        with pytest.raises(StateError, match="waits for its turn"):
            ask(second.id)


def test_a_quick_run_has_no_epochs_to_pause_between(runs):
    run = runs.start("Pets", TrainConfig())
    for ask in (runs.pause, runs.stop):
        with pytest.raises(StateError, match="quick run"):
            ask(run.id)


@pytest.mark.parametrize("state", ["paused", "interrupted", "failed"])
def test_a_run_with_a_checkpoint_goes_on(runs, rest, workers, state):
    run = rest(state)
    run.request("pause")
    before = runs.get(run.record.id)
    assert before.resumable
    assert before.kept_bytes == 9
    after = runs.resume(run.record.id)
    assert (after.state, after.epochs, after.error, after.wish) == ("running", 2, None, "")
    assert after.seconds >= before.seconds
    assert run.status().sessions == 2
    assert workers.started == [run.record.name] * 2
    assert runs.resume(run.record.id).state == "running"  # somebody else has asked before
    assert workers.started == [run.record.name] * 2


def test_a_run_that_goes_on_waits_its_turn_like_any_other(runs, rest):
    run = rest("paused")
    other = runs.start("Pets", BALANCED)
    assert runs.resume(run.record.id).state == "queued"
    assert runs.cancel(run.record.id).state == "cancelled"
    assert not run.checkpoints
    assert runs.get(other.id).state == "running"


def test_two_who_resume_at_once_start_one_worker(runs, rest, workers, bench):
    run = rest("paused")
    others = [Runs(Workspace(bench.settings.workspace), workers) for _ in range(4)]
    threads = [threading.Thread(target=mine.resume, args=(run.record.id,)) for mine in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(workers.started) == 2
    assert run.status().sessions == 2


def test_an_interruption_says_at_which_epoch_and_begins_again_where_nothing_is_kept(runs, rest):
    words = runs.get(rest("interrupted").record.id).error
    assert words.what == "The training was interrupted at epoch 2"
    assert "Resume goes on after epoch 2" in words.remedy
    empty = runs.get(rest("interrupted", TrainConfig(), checkpoint=False).record.id)
    assert empty.resumable
    assert "begins again" in empty.error.remedy


@pytest.mark.parametrize(("state", "why"), [("failed", "kept no checkpoint"), ("done", "It is done")])
def test_what_cannot_go_on_says_why(runs, rest, state, why):
    with pytest.raises(StateError, match=why):
        runs.resume(rest(state, checkpoint=False).record.id)


def test_a_paused_run_is_woken_to_keep_its_best(runs, rest, workers):
    run = rest("paused")
    assert runs.stop(run.record.id).wish == "stop"
    assert len(workers.started) == 2


def test_a_paused_run_is_cancelled_with_what_it_kept(runs, rest):
    run = rest("paused")
    run.scratch_folder.mkdir()
    assert runs.cancel(run.record.id).state == "cancelled"
    assert not run.checkpoints
    assert not run.scratch_folder.exists()


def test_a_finished_run_is_extended_as_a_new_run(runs, rest):
    run = rest("done", TrainConfig(preset="balanced", minutes=3.0, learning_rate=1e-3))
    longer = runs.extend(run.record.id, 3, name="longer")
    config = runs.config("longer")
    assert (config.epochs, config.minutes, config.learning_rate) == (5, None, 1e-3)
    assert (longer.name, longer.dataset_id, longer.version) == ("longer", run.record.dataset_id, 1)
    made = runs.directory("longer")
    assert list(made.checkpoints) == [b"after two"]
    assert made.record.extends == run.record.id
    assert runs.get(run.record.id).state == "done"
    assert runs.get(run.record.id).kept_bytes == 9


def test_what_cannot_be_extended_says_why(runs, rest):
    kept_nothing, paused = rest("done", checkpoint=False), rest("paused")
    with pytest.raises(StateError, match="kept no checkpoint"):
        runs.extend(kept_nothing.record.id, 1)
    with pytest.raises(StateError, match="It is paused"):
        runs.extend(paused.record.id, 1)
    with pytest.raises(ConfigError) as caught:
        runs.extend(rest("done").record.id, 0)
    assert caught.value.field == "epochs"


def test_what_is_kept_to_go_on_can_be_freed(runs, rest):
    run = rest("done")
    assert runs.drop_checkpoints(run.record.id).kept_bytes == 0
    with pytest.raises(StateError, match="kept no checkpoint"):
        runs.extend(run.record.id, 1)
    with pytest.raises(StateError, match="needs its checkpoints"):
        runs.drop_checkpoints(runs.start("Pets", BALANCED).id)


def test_a_smaller_batch_is_offered_and_what_was_chosen_is_told(runs, rest):
    given = rest("failed", TrainConfig(preset="balanced", batch_size=16))
    assert runs.with_smaller_batch(given.record.id).batch_size == 8
    chosen = rest("failed")
    end(chosen, "failed", chosen={"batch_size": 48, "learning_rate": 0.01})
    assert runs.with_smaller_batch(chosen.record.id) == TrainConfig(preset="balanced", batch_size=24)
    assert runs.chosen(chosen.record.id) == {"batch_size": 48, "learning_rate": 0.01}


def test_a_run_is_continued_from_by_its_identifier_and_only_when_done(runs, rest):
    run = rest("done", TrainConfig())
    made = runs.start("Pets", TrainConfig(continue_from=run.record.name))
    assert runs.config(made.id).continue_from == run.record.id
    with pytest.raises(StateError):
        runs.start("Pets", TrainConfig(continue_from=made.id))
    with pytest.raises(NotFoundError):
        runs.start("Pets", TrainConfig(continue_from="none"))


def test_runs_that_were_at_work_when_the_queue_was_lost_keep_their_slot(bench, pets, workers):
    workspace = Workspace(bench.settings.workspace)
    run = workspace.runs.create(bench.datasets.get("Pets"), BALANCED, None, process.current())
    run.write_status(RunStatus(state="running", worker=process.current(), began=time.time()))
    assert Runs(workspace, workers).start("Pets", BALANCED).state == "queued"
