"""Figures for TensorBoard and MLflow; neither can harm a training."""

import sys
from dataclasses import replace

import pytest

from clf_core.training.loop import fit
from clf_core.training.trackers import Tracker
from tests.unit.training.small_task import PLAN, Listener, small_task

pytestmark = pytest.mark.usefixtures("one_thread")
TENSORBOARD = replace(PLAN, tracker="tensorboard", epochs=2)


def test_tensorboard_gets_the_figures(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    heard = Listener()
    fitted = fit(small_task(), TENSORBOARD, heard, tracker_folder=tmp_path / "tracker")
    assert heard.messages == []
    events = EventAccumulator(str(tmp_path / "tracker" / "figures")).Reload()
    losses = {event.step: event.value for event in events.Scalars("val_loss")}
    assert losses == pytest.approx({p.epoch: p.val_loss for p in fitted.epochs})
    assert [event.step for event in events.Scalars("train_loss")] == [1, 2]


@pytest.mark.parametrize(
    ("tracker", "module", "name"),
    [("tensorboard", "torch.utils.tensorboard", "TensorBoard"), ("mlflow", "mlflow", "MLflow")],
)
def test_a_missing_package_is_said_and_training_goes_on(tracker, module, name, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    monkeypatch.delattr("torch.utils.tensorboard", raising=False)
    heard = Listener()
    fitted = fit(small_task(), replace(TENSORBOARD, tracker=tracker), heard, tracker_folder=tmp_path)
    assert len(fitted.epochs) == 3
    assert len(heard.messages) == 1
    assert heard.messages[0].startswith(f"{name} is not installed")
    assert tracker in heard.messages[0]


def test_a_folder_that_cannot_be_written_is_said_and_training_goes_on(tmp_path):
    (tmp_path / "tracker").write_text("a file where the folder should be")
    heard = Listener()
    assert len(fit(small_task(), TENSORBOARD, heard, tracker_folder=tmp_path / "tracker").epochs) == 3
    assert len(heard.messages) == 1
    assert "training goes on" in heard.messages[0]


def test_a_program_that_fails_later_is_left_alone(tmp_path):
    heard = Listener()
    fitted = fit(small_task(), replace(PLAN, epochs=1), heard)
    tracker = Tracker(TENSORBOARD, tmp_path, heard.message)

    class Fails:
        def log(self, values, step):
            raise OSError("No space left on device")

    tracker._tracker.finish()
    tracker._tracker = Fails()
    for _ in range(3):
        tracker.log(fitted.epochs[0])
    tracker.close()
    assert heard.messages == ["TensorBoard is not told any more figures (No space left on device); training goes on."]


@pytest.mark.parametrize("plan", [PLAN, TENSORBOARD])
def test_without_a_wish_or_a_folder_nothing_is_imported(plan, tmp_path):
    heard = Listener()
    folder = tmp_path / "tracker" if plan is PLAN else None
    Tracker(plan, folder, heard.message).close()
    assert heard.messages == []
    assert list(tmp_path.iterdir()) == []
