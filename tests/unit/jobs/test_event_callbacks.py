import pytest

from clf_core.errors import CancelledError
from clf_core.jobs import event_callbacks
from clf_core.jobs.event_callbacks import EventCallbacks
from clf_core.results import CurvePoint
from clf_core.workspace.events import EventTail

POINT = CurvePoint(strength=1.0, train_loss=0.1, train_accuracy=1.0, val_loss=0.2, val_accuracy=0.9)


def test_everything_said_is_written_in_order(run):
    callbacks = EventCallbacks(run)
    callbacks.stage("features", 2)
    callbacks.progress(2)
    callbacks.stage("head", 1)
    callbacks.curve(POINT)
    callbacks.message("A word.")
    events = EventTail(run.events_path).read_new()
    assert [(event.kind, event.stage) for event in events] == [
        ("stage", "features"),
        ("progress", "features"),
        ("stage", "head"),
        ("curve", "head"),
        ("message", "head"),
    ]
    assert (events[1].done, events[1].total) == (2, 2)
    assert events[1].rate == callbacks.pictures_per_second > 0
    assert events[3].point == POINT


def test_progress_is_written_seldom_but_its_end_always(run):
    callbacks = EventCallbacks(run)
    callbacks.stage("features", 1000)
    for done in range(1, 1001):
        callbacks.progress(done)
    written = [event.done for event in EventTail(run.events_path).read_new() if event.kind == "progress"]
    assert len(written) < 100
    assert written[-1] == 1000


def test_a_cancel_mark_is_seen_by_progress_and_by_asking(run, monkeypatch):
    monkeypatch.setattr(event_callbacks, "_CANCEL_SECONDS", 0.0)
    callbacks = EventCallbacks(run)
    callbacks.check_cancelled()
    run.request_cancel()
    with pytest.raises(CancelledError):
        callbacks.check_cancelled()
    with pytest.raises(CancelledError):
        callbacks.progress(1)
