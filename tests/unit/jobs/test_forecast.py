"""The time left settles within a fifth after a tenth of the run, whatever the machine; and no clock confuses it."""

import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from clf_core.jobs.forecast import Forecast
from clf_core.results import EpochPoint, RunEvent, StepPoint, stages_of
from clf_core.training.estimate import Work, stage_seconds

POINT = {"train_loss": 1.0, "train_accuracy": 0.5, "val_loss": 1.0, "val_accuracy": 0.5, "learning_rate": 1e-3}
YEAR = 365 * 86_400.0
NOISE = st.floats(0.85, 1.15)


def told(stage, seconds, start, *, epochs=8, batches=25, judging=0.15, units=40):
    """Events of one stage that takes ``seconds``, evenly; the last comes at its end."""
    if stage in ("prepare", "finish"):
        return [RunEvent(time=start, kind="stage", stage=stage)]
    if stage != "tune":
        events = [RunEvent(time=start, kind="stage", stage=stage, total=units)]
        return events + [
            RunEvent(time=start + seconds * n / units, kind="progress", stage=stage, done=n, total=units)
            for n in range(1, units + 1)
        ]
    judge = judging * seconds / (epochs + 1)
    batch = (seconds - judge * (epochs + 1)) / (epochs * batches)
    total, now = epochs * batches, start
    events = [RunEvent(time=now, kind="stage", stage="tune", total=total)]
    for epoch in range(epochs + 1):
        for n in range(1, batches + 1) if epoch else ():
            now += batch
            step = StepPoint(epoch=epoch, epochs=epochs, batch=n, batches=batches, loss=1.0, learning_rate=1e-3)
            done = (epoch - 1) * batches + n
            events.append(RunEvent(time=now, kind="step", stage="tune", done=done, total=total, step=step))
        now += judge
        point = EpochPoint(epoch=epoch, seconds=1.0, images_per_second=1.0, **POINT)
        events.append(RunEvent(time=now, kind="epoch", stage="tune", epoch=point))
    return events


def run_events(preset, durations, start=1e9):
    events, now = [], start
    for stage in (stage for stage in stages_of(preset) if stage in durations):
        events += told(stage, durations[stage], now)
        now += durations[stage]
    return events, now


def total_foretold(expected, events, start, until):
    """The whole run's seconds as foretold at some moment."""
    forecast = Forecast(expected)
    for event in events:
        if event.time > until:
            break
        forecast.take(event)
        latest = event.time
    return until - start + forecast.left(until - latest)


PRESET = st.sampled_from(["quick", "balanced", "thorough", "full", "scratch"])
WOBBLE = st.lists(NOISE, min_size=8, max_size=8)


def simulated(preset, train, machine, noise):
    """What is expected of a run, and the events of one on a machine ``machine`` times slower, unevenly so."""
    expected = stage_seconds(Work(preset, train, train // 4, train // 4))
    pace = {stage: 1.0 if stage in ("prepare", "head") else machine for stage in expected}
    durations = {stage: expected[stage] * pace[stage] * wobble for stage, wobble in zip(expected, noise, strict=False)}
    return expected, durations, *run_events(preset, durations)


@settings(max_examples=60, deadline=None)
@given(preset=PRESET, train=st.integers(300, 20_000), machine=st.floats(0.85, 1.15), share=st.floats(0.1, 1))
def test_it_is_within_a_fifth_from_a_tenth_of_the_run_on(preset, train, machine, share):
    expected, _, events, end = simulated(preset, train, machine, [1.0] * 7)
    start = events[0].time
    foretold = total_foretold(expected, events, start, start + share * (end - start))
    assert foretold == pytest.approx(end - start, rel=0.2)


@settings(max_examples=60, deadline=None)
@given(preset=PRESET, train=st.integers(300, 20_000), machine=st.floats(0.3, 3), noise=WOBBLE, share=st.floats(0.1, 1))
@example(preset="quick", train=2600, machine=0.3, noise=[1.0] * 8, share=0.5)  # the head is as slow as anywhere
def test_on_a_strange_machine_a_tenth_of_the_longest_stage_is_enough(preset, train, machine, noise, share):
    expected, durations, events, end = simulated(preset, train, machine, noise)
    start = events[0].time
    longest = max(durations.keys() - {"prepare", "head", "finish"}, key=durations.__getitem__)
    began = next(event.time for event in events if event.stage == longest)
    assume(began + 0.1 * durations[longest] <= (until := start + share * (end - start)))
    assert total_foretold(expected, events, start, until) == pytest.approx(end - start, rel=0.2)


@pytest.mark.parametrize("wrong", [0.2, 5.0])
def test_a_rule_of_thumb_that_is_far_off_is_corrected_by_the_first_epoch(wrong):
    truth = stage_seconds(Work("full", 5000, 500, 500))
    expected = {**truth, "tune": truth["tune"] * wrong}
    events, end = run_events("full", truth)
    start = events[0].time
    second_epoch = next(event.time for event in events if event.step and event.step.epoch == 2)
    assert total_foretold(expected, events, start, second_epoch) == pytest.approx(end - start, rel=0.2)


@given(jumps=st.lists(st.tuples(st.integers(0, 250), st.sampled_from([-YEAR, YEAR, -2.0, -7200.0])), max_size=4))
@settings(max_examples=40, deadline=None)
def test_a_clock_that_is_set_makes_no_nonsense(jumps):
    expected = stage_seconds(Work("balanced", 1000, 200, 200))
    events, end = run_events("balanced", expected)
    true_seconds = end - events[0].time
    shift, forecast = 0.0, Forecast(expected)
    for place, event in enumerate(events):
        shift += sum(by for at, by in jumps if at == place)
        forecast.take(event.model_copy(update={"time": event.time + shift}))
        assert 0 <= forecast.left() <= 3 * true_seconds


def test_a_machine_that_becomes_busy_is_noticed():
    expected = {"tune": 100.0}
    forecast = Forecast(expected)
    forecast.take(RunEvent(time=0.0, kind="stage", stage="tune", total=100))
    now = 0.0
    for n in range(1, 91):
        now += 1.0 if n <= 40 else 4.0
        forecast.take(RunEvent(time=now, kind="progress", stage="tune", done=n, total=100))
    assert forecast.left() == pytest.approx(10 * 4.0, rel=0.25)


def test_a_limit_of_time_rules_over_epochs_without_end():
    forecast = Forecast({"tune": 60.0, "finish": 4.0, "test": 1.0}, budget=60.0)
    forecast.take(RunEvent(time=0.0, kind="stage", stage="tune", total=0))
    step = StepPoint(epoch=1, epochs=1_000_000, batch=5, batches=10, loss=1.0, learning_rate=1e-3)
    forecast.take(RunEvent(time=20.0, kind="step", stage="tune", done=5, total=10_000_000, step=step))
    assert 40.0 < forecast.left() < 50.0


def test_a_run_gone_on_with_does_not_count_what_was_done_before():
    forecast = Forecast({"prepare": 1.0, "tune": 100.0})
    for session, first in enumerate((1, 61)):
        base = session * 1000.0
        forecast.take(RunEvent(time=base, kind="stage", stage="prepare"))
        forecast.take(RunEvent(time=base + 1, kind="stage", stage="tune", total=100))
        for n in range(first, first + 20):
            forecast.take(RunEvent(time=base + 2 + n - first, kind="progress", stage="tune", done=n, total=100))
    assert forecast.left() == pytest.approx(20.0, rel=0.25)


def test_without_an_expectation_it_goes_by_its_pace_alone():
    forecast = Forecast({})
    assert forecast.left() is None
    forecast.take(RunEvent(time=5.0, kind="stage", stage="features", total=20))
    assert forecast.left() is None
    forecast.take(RunEvent(time=6.0, kind="progress", stage="features", done=10, total=20))
    assert forecast.left() == pytest.approx(1.0)
