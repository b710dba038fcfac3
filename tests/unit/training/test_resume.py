"""Going on from a checkpoint equals never having stopped, to the last bit."""

from dataclasses import replace

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from clf_core.errors import PausedError
from clf_core.training.checkpoint import from_bytes
from clf_core.training.loop import fit
from tests.unit.training.small_task import (
    PLAN,
    CrashError,
    Listener,
    same_weights,
    small_task,
    timeless,
    weights,
)

pytestmark = pytest.mark.usefixtures("one_thread")

KINDS = {
    "mixup and cutmix": replace(PLAN, mixup=0.4, cutmix=1.0, label_smoothing=0.1),
    "sampler and moving average": replace(PLAN, imbalance="sampler", average_weights=True),
    "focal, one-cycle, sgd": replace(PLAN, imbalance="focal", schedule="one-cycle", optimizer="sgd"),
    "weights, frozen norm, lamb": replace(PLAN, imbalance="weights", batch_norm="frozen", optimizer="lamb"),
    "bfloat16, lion": replace(PLAN, precision="bfloat16", optimizer="lion", learning_rate=1e-3),
}
"""Plans in which everything that has a state or draws at random occurs. Each has 4 epochs of 3 batches."""


def stripped(data):
    """All of a checkpoint but what depends on the clock."""
    checkpoint = from_bytes(data)
    seconds = {name for name in type(checkpoint.standing).model_fields if name.endswith("seconds")} | {"spent"}
    standing = checkpoint.standing.model_dump(exclude=seconds | {"points"})
    return standing, timeless(checkpoint.standing.points), checkpoint.optimizer, checkpoint.tensors


_WHOLE = {}


def whole(kind):
    """The uninterrupted run: weights kept, last checkpoint, epochs. Computed once per kind."""
    if kind not in _WHOLE:
        task, heard = small_task(), Listener()
        fitted = fit(task, KINDS[kind], heard)
        _WHOLE[kind] = weights(task.network), stripped(heard.saved[-1]), timeless(fitted.epochs)
    return _WHOLE[kind]


def in_sittings(kind, stops):
    """The same run, ended at some batches and gone on in a network made anew each time."""
    saved = []
    for at, how in [*stops, (0, "")]:
        task, heard = small_task(), Listener(at=at, wants=how, saved=saved)
        torch.manual_seed(at + 99)  # a new process would not have the old one's random state
        try:
            fitted = fit(task, KINDS[kind], heard, saved[::-1])
        except (PausedError, CrashError):
            continue
        return weights(task.network), stripped(saved[-1]), timeless(fitted.epochs)
    raise AssertionError("the last sitting ends by itself")


def assert_same(one, other):
    (weights_one, (numbers, points, rest, tensors), epochs) = one
    assert epochs == other[2] == points == other[1][1]
    assert numbers == other[1][0]
    assert rest == other[1][2]
    assert same_weights(tensors, other[1][3])
    assert same_weights(weights_one, other[0])


@pytest.mark.fault("A1")
@pytest.mark.parametrize("how", ["pause", "crash"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_stop_in_the_middle_of_an_epoch_changes_nothing(kind, how):
    assert_same(whole(kind), in_sittings(kind, [(5, how)]))


@pytest.mark.fault("A1")
@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    kind=st.sampled_from(list(KINDS)),
    stops=st.lists(st.tuples(st.integers(1, 11), st.sampled_from(["pause", "crash"])), min_size=1, max_size=3),
)
def test_stops_at_any_batches_change_nothing(kind, stops):
    assert_same(whole(kind), in_sittings(kind, sorted(stops)))


def test_a_run_that_has_ended_is_not_repeated():
    task, heard = small_task(), Listener()
    fitted = fit(task, PLAN, heard)
    again, silent = small_task(), Listener()
    assert fit(again, PLAN, silent, heard.saved[::-1]) == fitted
    assert silent.steps == silent.points == []
    assert same_weights(weights(again.network), weights(task.network))


def test_a_run_that_has_ended_goes_on_with_more_epochs():
    first, longer = Listener(), Listener()
    fit(small_task(), PLAN, first)
    fitted = fit(small_task(), replace(PLAN, epochs=6), longer, first.saved[::-1])
    assert timeless(fitted.epochs[:5]) == timeless(first.points)
    assert [p.epoch for p in fitted.epochs] == list(range(7))
    assert longer.stages == [("tune", 18)]
    last_before, first_after = fitted.epochs[4].learning_rate, longer.steps[0].learning_rate
    assert first_after > last_before, "the schedule is that of the longer run"


def test_patience_counts_anew_when_a_run_goes_on():
    """It had stopped because nothing got better; asked for more, it tries again before it gives up again."""
    impatient = replace(PLAN, epochs=30, patience=2, learning_rate=0.3)
    first, longer = Listener(), Listener()
    ended = fit(small_task(), impatient, first)
    assert len(ended.epochs) < 31
    gone_on = fit(small_task(), replace(impatient, epochs=40), longer, first.saved[::-1])
    assert len(gone_on.epochs) >= len(ended.epochs) + 2


@pytest.mark.fault("A1")
@pytest.mark.parametrize("harm", ["cut", "flipped", "empty", "another"])
def test_a_damaged_checkpoint_gives_way_to_the_one_before(harm):
    heard = Listener()
    whole_task = small_task()
    fit(whole_task, PLAN, heard)
    data = heard.saved[2]
    bad = {
        "cut": data[:-7],
        "flipped": data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
        "empty": b"",
        "another": b"PK\x03\x04" + data,
    }[harm]
    task, resumed = small_task(), Listener()
    fit(task, PLAN, resumed, [bad, heard.saved[1]])
    assert len(resumed.messages) == 1
    assert "damaged" in resumed.messages[0]
    assert [p.epoch for p in resumed.points] == [2, 3, 4]
    assert same_weights(weights(task.network), weights(whole_task.network))


def test_without_a_usable_checkpoint_it_starts_anew_and_says_so():
    other, heard = Listener(), Listener()
    fit(small_task(), replace(PLAN, epochs=1, batch_size=8), other)
    fitted = fit(small_task(), replace(PLAN, epochs=1), heard, [b"nothing", *other.saved])
    assert "starts from the beginning" in heard.messages[-1]
    assert "other settings" in heard.messages[1]
    assert [p.epoch for p in fitted.epochs] == [0, 1]


def test_a_checkpoint_of_another_network_leaves_the_weights_alone():
    from tests.unit.training.small_task import small_network

    heard, resumed = Listener(), Listener()
    fit(small_task(), replace(PLAN, epochs=1), heard)
    torch.manual_seed(0)
    network = small_network()
    network[7] = torch.nn.Linear(24, 3, bias=False)
    alone = small_task(network=network)
    before = weights(network)
    fit(alone, replace(PLAN, epochs=1, learning_rate=PLAN.learning_rate), resumed, heard.saved)
    assert "another network" in resumed.messages[0]
    assert resumed.points[0].epoch == 0
    assert before.keys() == weights(network).keys()
