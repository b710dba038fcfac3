import time

import pytest

from clf_core.errors import StorageError
from clf_core.results import RunEvent
from clf_core.workspace.records import ProcessIdentity, RunStatus
from clf_core.workspace.run_directory import RunDirectory

WORKER = ProcessIdentity(pid=99, started="now")


def test_a_new_run_has_no_status_and_no_evaluation(run):
    assert run.status() is None
    assert run.launched() is None
    assert run.evaluation() is None
    assert run.last_sign_of_life() is None
    assert not run.cancel_requested()


def test_a_status_changes_until_it_is_final(run):
    run.write_status(RunStatus(state="running", worker=WORKER, began=1.0))
    assert run.status().state == "running"
    run.write_status(RunStatus(state="done", worker=WORKER, began=1.0, metrics={"accuracy": 0.5}))
    assert run.status().metrics == {"accuracy": 0.5}
    (run.path / "status.json").unlink()
    assert run.status().state == "done"


def test_a_cancel_mark_can_be_set_twice(run):
    run.request_cancel()
    run.request_cancel()
    assert RunDirectory(run.path).cancel_requested()


@pytest.mark.parametrize("content", [b"", b"{", b'{"state": "flying"}', b"\xff"])
def test_a_damaged_file_is_told_in_words(run, content):
    (run.path / "status.json").write_bytes(content)
    with pytest.raises(StorageError, match=r"status\.json .* is damaged"):
        RunDirectory(run.path).status()


def test_events_are_lines_and_the_last_one_is_a_sign_of_life(run):
    run.append_event(RunEvent(time=1.0, kind="message", stage="prepare", text="line\nbreak"))
    run.append_event(RunEvent(time=2.0, kind="progress", stage="features", done=1))
    assert run.events_path.read_bytes().count(b"\n") == 2
    assert run.last_sign_of_life() == 2.0
    with run.events_path.open("ab") as events:
        events.write(b'{"time": 3.0, "ki')
    assert run.last_sign_of_life() == 2.0


def test_events_that_cannot_be_read_are_a_sign_of_life_all_the_same(run):
    run.events_path.write_bytes(b"\xff")
    assert abs(run.last_sign_of_life() - time.time()) < 60


def test_the_evaluation_comes_back_as_written(run):
    import numpy as np

    from clf_core.evaluation.evaluator import evaluate

    probabilities = np.array([[0.9, 0.1], [0.6, 0.4]], dtype=np.float32)
    report = evaluate("mine", ("a", "b"), np.array([0, 1]), probabilities, {"a": 1, "b": 1})
    run.write_evaluation(report)
    assert RunDirectory(run.path).evaluation() == report


def test_what_a_killed_worker_left_half_written_is_removed(run):
    run.checkpoints.write(b"one")
    for folder in (run.path, run.path / "checkpoints", run.model_folder / "backbone"):
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".writing-0123abcd").write_bytes(b"half")
    run.tidy()
    assert not list(run.path.rglob(".writing-*"))
    assert list(run.checkpoints) == [b"one"]


def test_a_new_session_forgets_what_was_asked_of_the_last(run):
    run.write_launched(WORKER)
    run.request("pause")
    run.request_cancel()
    run.write_exit(-9)
    assert run.exit_code() == -9
    run.begin_again(RunStatus(state="queued", worker=WORKER, began=2.0, sessions=2))
    assert (run.wish(), run.cancel_requested(), run.exit_code(), run.launched()) == ("", False, None, None)
    assert run.starter() == WORKER
    assert run.status().sessions == 2


def test_a_status_that_may_be_gone_on_from_is_read_anew(run):
    for state in ("failed", "paused", "queued", "running"):
        run.write_status(RunStatus(state=state, worker=WORKER, began=1.0))
        assert run.status().state == state


def test_waiting_is_a_mark(run):
    assert not run.is_waiting()
    run.mark_waiting()
    run.mark_waiting()
    assert RunDirectory(run.path).is_waiting()
    run.clear_waiting()
    run.clear_waiting()
    assert not run.is_waiting()
