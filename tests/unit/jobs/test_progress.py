import pytest

from clf_core.jobs.progress import ProgressReader
from clf_core.jobs.summary import summarise
from clf_core.results import CurvePoint, EpochPoint, PanelAnswer, RunEvent, StepPoint

POINT = CurvePoint(strength=1.0, train_loss=0.1, train_accuracy=1.0, val_loss=0.2, val_accuracy=0.9)


@pytest.fixture
def read(run, in_state):
    reader = ProgressReader(lambda _run: {"prepare": 1.0, "features": 2.0, "head": 1.5, "test": 1.0})
    return lambda state="running": reader.read(run, summarise(run, in_state(state)))


def _progress(time, done, total, stage="features", rate=10.0):
    return RunEvent(time=time, kind="progress", stage=stage, done=done, total=total, rate=rate)


def test_before_the_first_event_nothing_is_known(read):
    progress = read("starting")
    assert (progress.stage, progress.done, progress.total, progress.eta_seconds) == ("prepare", 0, 0, None)


def test_it_follows_the_events(run, read):
    run.append_event(RunEvent(time=10.0, kind="stage", stage="features", total=20))
    assert read().total == 20
    run.append_event(_progress(11.0, 10, 20))
    run.append_event(RunEvent(time=11.5, kind="message", stage="features", text="Hello."))
    progress = read()
    assert (progress.done, progress.rate, progress.messages) == (10, 10.0, ("Hello.",))
    run.append_event(RunEvent(time=13.0, kind="stage", stage="head", total=7))
    run.append_event(RunEvent(time=13.1, kind="curve", stage="head", point=POINT))
    progress = read()
    assert (progress.stage, progress.done, progress.total, progress.curve) == ("head", 0, 7, (POINT,))


def test_its_stages_are_those_that_are_expected_and_those_that_came(run, read):
    assert read().stages == ("prepare", "features", "head", "test")
    run.append_event(RunEvent(time=10.0, kind="stage", stage="rates", total=20))
    assert read().stages == ("prepare", "features", "head", "rates", "test")


def test_the_time_left_counts_this_stage_and_those_after_it(run, read):
    run.append_event(RunEvent(time=10.0, kind="stage", stage="features", total=20))
    run.append_event(_progress(11.0, 10, 20))
    # 10 pictures in a second: 1 s for the other 10, the head, 1 s for the 10 test pictures.
    assert read().eta_seconds == pytest.approx(1.0 + 1.5 + 1.0, rel=0.1)
    run.append_event(RunEvent(time=12.0, kind="stage", stage="head", total=4))
    run.append_event(_progress(13.0, 1, 4, stage="head", rate=1.0))
    assert read().eta_seconds == pytest.approx(3.0 + 1.0, rel=0.1)
    run.append_event(RunEvent(time=16.0, kind="stage", stage="test", total=10))
    assert read().eta_seconds == pytest.approx(1.0, rel=0.1)
    run.append_event(_progress(16.5, 5, 10, stage="test"))
    assert read().eta_seconds == pytest.approx(0.5, rel=0.1)
    assert read("done").eta_seconds is None


def test_a_rule_of_thumb_serves_where_nothing_better_is_known(run, in_state):
    reader = ProgressReader()
    run.append_event(RunEvent(time=10.0, kind="stage", stage="prepare"))
    progress = reader.read(run, summarise(run, in_state("running")))
    assert 0 < progress.eta_seconds < 60
    assert not progress.at_most  # quick has no epochs to stop early in


def test_a_clock_set_back_makes_no_nonsense(run, read):
    run.append_event(RunEvent(time=1e9, kind="stage", stage="features", total=20))
    run.append_event(_progress(1e9 - 3e7, 10, 20))
    assert read().eta_seconds >= 0


def test_the_runs_longest_unasked_are_forgotten_and_read_anew(run, in_state, monkeypatch):
    monkeypatch.setattr("clf_core.jobs.progress._FOLLOWED_RUNS", 0)
    reader = ProgressReader()
    run.append_event(RunEvent(time=10.0, kind="stage", stage="features", total=20))
    for _ in range(2):
        assert reader.read(run, summarise(run, in_state("running"))).total == 20


def _epoch(number, loss):
    return EpochPoint(
        epoch=number, train_loss=loss, train_accuracy=0.5, val_loss=loss, val_accuracy=0.5, learning_rate=1e-3,
        seconds=1.0, images_per_second=10.0,
    )  # fmt: skip


def test_epochs_steps_and_the_panel_are_kept(run, read):
    run.append_event(RunEvent(time=1.0, kind="stage", stage="tune", total=20))
    step = StepPoint(epoch=1, epochs=2, batch=5, batches=10, loss=0.7, learning_rate=1e-3, memory_bytes=5_000_000)
    run.append_event(RunEvent(time=2.0, kind="step", stage="tune", done=5, total=20, rate=2.5, step=step))
    answers = (PanelAnswer(sha256="ab", true="ant", predicted="bee", probability=0.6),)
    run.append_event(RunEvent(time=3.0, kind="panel", stage="tune", panel=answers))
    run.append_event(RunEvent(time=3.0, kind="epoch", stage="tune", epoch=_epoch(0, 1.0)))
    progress = read()
    assert (progress.step, progress.panel, progress.done, progress.total) == (step, answers, 5, 20)
    assert [point.epoch for point in progress.epochs] == [0]


def test_epochs_told_again_after_going_on_replace_those_before(run, read):
    for number, loss in ((0, 1.0), (1, 0.9), (2, 0.8)):
        run.append_event(RunEvent(time=float(number), kind="epoch", stage="tune", epoch=_epoch(number, loss)))
    assert len(read().epochs) == 3
    for number, loss in ((1, 0.85), (2, 0.75), (3, 0.7)):
        run.append_event(RunEvent(time=10.0 + number, kind="epoch", stage="tune", epoch=_epoch(number, loss)))
    assert [(point.epoch, point.val_loss) for point in read().epochs] == [(0, 1.0), (1, 0.85), (2, 0.75), (3, 0.7)]


def test_the_head_fitted_anew_replaces_its_curve(run, read):
    for accuracy in (0.8, 0.9):
        point = POINT.model_copy(update={"val_accuracy": accuracy})
        run.append_event(RunEvent(time=1.0, kind="curve", stage="head", point=point))
    assert [point.val_accuracy for point in read().curve] == [0.9]


def test_the_coach_speaks_of_the_epochs(run, in_state):
    reader = ProgressReader(classes=lambda _run: 2)
    for number, (train, val) in enumerate([(1.0, 0.9), (0.6, 0.7), (0.4, 0.8), (0.3, 0.9), (0.2, 1.0)]):
        point = _epoch(number, train).model_copy(update={"val_loss": val})
        run.append_event(RunEvent(time=float(number), kind="epoch", stage="tune", epoch=point))
    assert "memorise" in reader.read(run, summarise(run, in_state("running"))).coach[0]
