"""The loop: it learns, judges, keeps the best, and ends when it should."""

import math
import time
from dataclasses import replace

import numpy as np
import psutil
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch import nn

from clf_core.errors import CancelledError, ClfError, PausedError
from clf_core.training.loop import ParameterGroup, Task, fit
from tests.unit.training.small_task import PLAN, Listener, same_weights, small_network, small_task, weights

pytestmark = pytest.mark.usefixtures("one_thread")


class Snapshots(Listener):
    """Keeps the weights of each epoch."""

    def __init__(self, network):
        super().__init__()
        self.network, self.kept = network, []

    def epoch(self, point):
        super().epoch(point)
        self.kept.append(weights(self.network))


def test_it_learns_and_tells_everything():
    task, heard = small_task(train=90, val=45, dropout=0.0), Listener()
    fitted = fit(task, replace(PLAN, epochs=12, learning_rate=0.03), heard)
    assert heard.stages == [("tune", 12 * 6)]
    assert [p.epoch for p in heard.points] == list(range(13))
    assert fitted.epochs == tuple(heard.points)
    first, last = fitted.epochs[0], fitted.epochs[fitted.best_epoch]
    assert (first.train_loss, first.train_accuracy, first.best) == (None, None, True)
    assert last.val_loss < first.val_loss - 0.2
    assert last.val_accuracy > 0.6
    assert [(s.epoch, s.batch) for s in heard.steps] == [(e, b) for e in range(1, 13) for b in range(1, 7)]
    assert {(s.epochs, s.batches) for s in heard.steps} == {(12, 6)}
    assert heard.steps[5].loss == pytest.approx(fitted.epochs[1].train_loss)
    assert fitted.images_per_second > 0
    assert all(p.memory_bytes > 10**7 for p in fitted.epochs)
    assert len(heard.panels) == 13
    assert [a.sha256 for a in heard.panels[0]] == ["a" * 64, "b" * 64]
    assert [a.true for a in heard.panels[0]] == [task.classes[c] for c in task.judge_labels[:2]]
    assert not task.network.training


def test_the_figures_are_what_the_network_says():
    """The last epoch's, if best, can be computed again from the network that is left."""
    task = small_task(val=30)
    fitted = fit(task, PLAN, Listener())
    logits = task.network(task.judge.judge(np.arange(30))).detach()
    best = fitted.epochs[fitted.best_epoch]
    labels = torch.from_numpy(task.judge_labels)
    assert best.val_loss == pytest.approx(nn.functional.cross_entropy(logits, labels).item(), rel=1e-5)
    assert best.val_accuracy == pytest.approx((logits.argmax(1) == labels).float().mean().item())


def test_the_best_weights_are_kept():
    task = small_task(seed=5)
    heard = Snapshots(task.network)
    fitted = fit(task, replace(PLAN, epochs=5, learning_rate=0.3, schedule="constant"), heard)
    losses = [p.val_loss for p in fitted.epochs]
    assert 0 < fitted.best_epoch == int(np.argmin(losses)) < 5
    assert same_weights(weights(task.network), heard.kept[fitted.best_epoch])
    assert [p.best for p in fitted.epochs] == [p.val_loss == min(losses[: p.epoch + 1]) for p in fitted.epochs]


def test_without_validation_the_training_loss_decides():
    task = small_task(val=0)
    heard = Snapshots(task.network)
    fitted = fit(task, PLAN, heard)
    losses = [p.train_loss for p in fitted.epochs[1:]]
    assert fitted.best_epoch == 1 + int(np.argmin(losses))
    assert {p.val_loss for p in fitted.epochs} == {p.val_accuracy for p in fitted.epochs} == {None}
    assert same_weights(weights(task.network), heard.kept[fitted.best_epoch])
    assert heard.panels == []


def test_the_average_of_the_weights_is_what_is_judged_and_kept():
    task = small_task(val=30)
    heard = Snapshots(task.network)
    fitted = fit(task, replace(PLAN, average_weights=True), heard)
    logits = task.network(task.judge.judge(np.arange(30))).detach()
    loss = nn.functional.cross_entropy(logits, torch.from_numpy(task.judge_labels)).item()
    assert fitted.epochs[fitted.best_epoch].val_loss == pytest.approx(loss, rel=1e-5)
    assert not same_weights(weights(task.network), heard.kept[fitted.best_epoch])


def test_it_stops_once_nothing_gets_better():
    heard = Listener()
    fitted = fit(small_task(), replace(PLAN, epochs=60, learning_rate=0.3, patience=3), heard)
    assert len(fitted.epochs) - 1 == fitted.best_epoch + 3 < 60
    assert f"keeps the weights of epoch {fitted.best_epoch}" in heard.messages[0]


def test_patience_does_not_count_without_validation():
    assert len(fit(small_task(val=0), replace(PLAN, learning_rate=0.5, patience=1), Listener()).epochs) == 5


def test_stop_keeps_the_best_and_judges_what_was_begun():
    task, heard = small_task(), Listener(at=5, wants="stop")
    fitted = fit(task, PLAN, heard)
    assert [p.epoch for p in fitted.epochs] == [0, 1, 2]
    assert heard.done == 5
    again = Listener()
    assert fit(small_task(), PLAN, again, heard.saved[::-1]) == fitted, "it is over, also after a restart"
    assert again.steps == []


def test_stop_at_once_leaves_the_network_as_it_was():
    task = small_task()
    before = weights(task.network)
    fitted = fit(task, PLAN, Listener(at=0, wants="stop"))
    assert (len(fitted.epochs), fitted.best_epoch, fitted.images_per_second) == (1, 0, 0.0)
    assert same_weights(weights(task.network), before)


def test_pause_saves_first():
    heard = Listener(at=4, wants="pause")
    with pytest.raises(PausedError):
        fit(small_task(), PLAN, heard)
    assert heard.done == 4
    assert len(heard.saved) == 3, "epoch 0, epoch 1, and in the middle of epoch 2"


def test_cancelling_gives_the_network_back():
    class Cancels(Listener):
        def check_cancelled(self):
            if self.done == 2:
                raise CancelledError("stop")

    task = small_task()
    kinds = [type(m) for m in task.network.modules()]
    with pytest.raises(CancelledError):
        fit(task, replace(PLAN, precision="bfloat16"), Cancels())
    assert [type(m) for m in task.network.modules()] == kinds
    assert not task.network.training


def test_each_picture_comes_once_per_epoch_in_an_order_of_its_own():
    task = small_task()
    fit(task, PLAN, Listener())
    per_epoch = [[r for e, rows in task.learn.asked if e == epoch for r in rows] for epoch in range(1, 5)]
    assert all(sorted(rows) == list(range(40)) for rows in per_epoch)
    assert len({tuple(rows) for rows in per_epoch}) == 4
    sizes = [len(rows) for _, rows in task.learn.asked[:3]]
    assert sorted(sizes) == [13, 13, 14], "no tiny rest"


# What is frozen


def test_only_listed_parameters_learn_and_statistics_of_frozen_parts_stay():
    task = small_task()
    task = replace(task, groups=[ParameterGroup("head", list(task.network[7].parameters()))])
    before = weights(task.network)
    fit(task, PLAN, Listener())
    changed = {n for n, v in weights(task.network).items() if not torch.equal(v, before[n])}
    assert changed == {"7.weight", "7.bias"}


@pytest.mark.parametrize(("mode", "moves"), [("frozen", False), ("learned", True)])
def test_batch_norm(mode, moves):
    task = small_task()
    before = task.network[1].running_mean.clone()
    fit(task, replace(PLAN, batch_norm=mode), Listener())
    assert torch.equal(task.network[1].running_mean, before) is not moves


def test_a_picture_alone_in_a_batch_is_learned_from_all_the_same():
    """Batch normalisation has nothing to normalise it by."""
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.BatchNorm1d(8), nn.Linear(8, 3))
    task = small_task(train=3, network=network)
    assert len(fit(task, replace(PLAN, batch_size=2, epochs=2), Listener()).epochs) == 3
    assert len(fit(task, replace(PLAN, batch_size=1, epochs=2), Listener()).epochs) == 3


def test_groups_learn_at_their_own_pace():
    task = small_task(dropout=0.0)
    slow, fast = list(task.network[0].parameters()), list(task.network[7].parameters())
    task = replace(task, groups=[ParameterGroup("early", slow, 1e-6), ParameterGroup("head", fast)])
    before = weights(task.network)
    fitted = fit(task, replace(PLAN, epochs=1), Listener())
    after = weights(task.network)
    assert 0 < (after["0.weight"] - before["0.weight"]).abs().max() < 1e-6
    assert (after["7.weight"] - before["7.weight"]).abs().max() > 1e-3
    assert fitted.epochs[0].learning_rate > 1e-4


# What goes wrong


class Poisoned:
    """Inputs that are infinite from some epoch on."""

    def __init__(self, inputs, epoch):
        self.inputs, self.epoch = inputs, epoch

    def learn(self, rows, epoch):
        return self.inputs.learn(rows, epoch) * (math.inf if epoch >= self.epoch else 1.0)


@pytest.mark.fault("A8")
def test_an_infinite_loss_ends_it_with_the_best_so_far():
    task = small_task()
    heard = Snapshots(task.network)
    fitted = fit(replace(task, learn=Poisoned(task.learn, 3)), PLAN, heard)
    assert [p.epoch for p in fitted.epochs] == [0, 1, 2]
    assert all(torch.isfinite(v).all() for v in weights(task.network).values())
    assert same_weights(weights(task.network), heard.kept[fitted.best_epoch])
    assert "smaller learning rate, such as 1e-03" in heard.messages[0]
    assert "epoch 3" in heard.messages[0]


@pytest.mark.fault("A8")
def test_an_infinite_loss_in_the_first_epoch_is_an_error_in_words():
    task = small_task()
    with pytest.raises(ClfError, match="smaller learning rate"):
        fit(replace(task, learn=Poisoned(task.learn, 1)), PLAN, Listener())


@pytest.mark.fault("A8")
def test_a_learning_rate_far_too_high_is_noticed():
    """A real explosion, not an injected one."""
    task, heard = small_task(), Listener()
    plan = replace(PLAN, optimizer="sgd", learning_rate=10.0, schedule="constant", warmup=0.0, epochs=40, batch_size=4)
    network = nn.Sequential(nn.Conv2d(3, 8, 3), nn.Conv2d(8, 8, 3), nn.Conv2d(8, 8, 3), nn.Flatten(), nn.Linear(32, 3))
    task = replace(task, network=network, groups=[ParameterGroup("all", list(network.parameters()))])
    with pytest.raises(ClfError, match="out of bounds"):
        fit(task, plan, heard)


class Crowded(nn.Module):
    """Has room for a few pictures at a time."""

    def __init__(self, network, room, error):
        super().__init__()
        self.network, self.room, self.error, self.sizes = network, room, error, []

    def forward(self, pictures):
        self.sizes.append(len(pictures))
        if len(pictures) > self.room:
            raise self.error
        return self.network(pictures)


ERRORS = [
    torch.OutOfMemoryError("CUDA out of memory."),
    RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes."),
    MemoryError(),
]


@pytest.mark.fault("A7")
@pytest.mark.parametrize("error", ERRORS, ids=lambda e: type(e).__name__)
@pytest.mark.parametrize("mixup", [0.0, 0.5])
def test_too_little_memory_halves_the_pictures_at_a_time_and_changes_nothing_else(error, mixup):
    plan = replace(PLAN, batch_norm="frozen", mixup=mixup, cutmix=mixup, imbalance="weights", optimizer="sgd")
    roomy, crowded, heard = small_task(dropout=0.0), small_task(dropout=0.0), Listener()
    inner = crowded.network
    crowded = replace(crowded, network=Crowded(inner, 5, error))
    expected = fit(roomy, plan, Listener())
    fitted = fit(crowded, plan, heard)
    assert max(crowded.network.sizes[-20:]) <= 5
    assert len(heard.messages) == 2
    assert "it goes on with 4" in heard.messages[1]
    assert "per 16 pictures" in heard.messages[1]
    for one, other in zip(fitted.epochs, expected.epochs, strict=True):
        assert one.val_loss == pytest.approx(other.val_loss, rel=1e-4)
        assert one.train_loss is other.train_loss or one.train_loss == pytest.approx(other.train_loss, rel=1e-4)
    for name, value in inner.state_dict().items():
        assert torch.allclose(value, roomy.network.state_dict()[name], atol=1e-5), name


def test_a_resumed_run_remembers_how_much_fits():
    def crowded():
        task = small_task(dropout=0.0)
        return replace(task, network=Crowded(task.network, 5, MemoryError()))

    heard, again = Listener(at=4, wants="pause"), Listener()
    with pytest.raises(PausedError):
        fit(crowded(), PLAN, heard)
    task = crowded()
    fit(task, PLAN, again, heard.saved[::-1])
    assert again.messages == []
    assert max(task.network.sizes) <= 5


@pytest.mark.fault("A7")
def test_no_room_for_a_single_picture_is_an_error_in_words():
    task = small_task()
    with pytest.raises(ClfError, match="1 picture at a time"):
        fit(replace(task, network=Crowded(task.network, 0, MemoryError())), PLAN, Listener())


def test_other_errors_are_not_taken_for_a_lack_of_memory():
    task = small_task()
    with pytest.raises(RuntimeError, match="shapes"):
        fit(replace(task, network=Crowded(task.network, 5, RuntimeError("shapes differ"))), PLAN, Listener())


# Time


class Clock:
    """Goes on only where work is done."""

    def __init__(self):
        self.seconds = 1000.0

    def __call__(self):
        return self.seconds


class Slow:
    """Inputs that take time."""

    def __init__(self, inputs, clock, learn, judge):
        self.inputs, self.clock, self.took, self.judging = inputs, clock, learn, judge

    def learn(self, rows, epoch):
        self.clock.seconds += self.took * np.random.default_rng((epoch, int(rows[0]))).uniform(0.8, 1.2)
        return self.inputs.learn(rows, epoch)

    def judge(self, rows):
        self.clock.seconds += self.judging
        return self.inputs.judge(rows)


def timed(seconds, batch, judging, saved=(), heard=None, clock=None, elsewhere=0.0):
    clock = clock or Clock()
    task = small_task(train=24, val=8)
    task = replace(task, learn=Slow(task.learn, clock, batch, 0), judge=Slow(task.judge, clock, 0, judging), panel=())
    heard = heard or Listener()
    began = clock.seconds
    plan = replace(PLAN, epochs=10**6, batch_size=4, seconds=seconds).after(elsewhere)
    fitted = fit(task, plan, heard, saved, clock=clock)
    return clock.seconds - began, fitted, heard


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(limit=st.floats(20, 300), batch=st.floats(0.02, 0.08), judging=st.floats(0.0, 0.2))
def test_a_time_limit_holds_within_five_percent(limit, batch, judging):
    """A batch takes up to 8 % of the limit, judging up to a fifth."""
    took, fitted, heard = timed(limit, batch * limit, judging * limit / 2)
    assert abs(took - limit) <= 0.05 * limit
    assert sum(p.seconds for p in fitted.epochs) == pytest.approx(took, rel=1e-6)
    assert heard.stages == [("tune", 0)]
    assert fitted.epochs[-1].learning_rate < 0.2 * PLAN.learning_rate, "the schedule is fitted to the time"


def test_a_time_limit_spans_sittings():
    clock, heard = Clock(), Listener(at=9, wants="pause")
    with pytest.raises(PausedError):
        timed(60.0, 1.0, 1.0, heard=heard, clock=clock)
    first = clock.seconds - 1000
    clock.seconds += 1e6  # the night between them does not count
    second, fitted, _ = timed(60.0, 1.0, 1.0, saved=heard.saved[::-1], clock=clock)
    assert first + second == pytest.approx(60, rel=0.05)
    assert fitted.epochs[-1].learning_rate < 0.1 * PLAN.learning_rate


def test_more_time_goes_on_where_less_had_ended():
    _, first, heard = timed(30.0, 1.0, 1.0)
    took, longer, _ = timed(60.0, 1.0, 1.0, saved=heard.saved[::-1])
    assert took == pytest.approx(30, rel=0.1)
    assert len(longer.epochs) > len(first.epochs)


def test_other_stages_that_were_quicker_this_time_are_not_more_time():
    """A run that is over but for its last stages is made ready again from what is stored, and not trained further."""
    _, first, heard = timed(40.0, 1.0, 1.0, elsewhere=10.0)
    took, again, _ = timed(40.0, 1.0, 1.0, saved=heard.saved[::-1], elsewhere=1.0)
    assert (took, again) == (0.0, first)
    _, longer, _ = timed(60.0, 1.0, 1.0, saved=heard.saved[::-1], elsewhere=15.0)
    assert len(longer.epochs) > len(first.epochs)


def test_the_number_of_epochs_that_fit_is_foretold():
    _, fitted, heard = timed(100.0, 1.0, 0.5)
    last = fitted.epochs[-1].epoch
    assert all(abs(s.epochs - last) <= 1 for s in heard.steps[len(heard.steps) // 3 :])


def test_a_real_time_limit_holds():
    task = small_task(train=200, val=50)
    began = time.monotonic()
    fitted = fit(task, replace(PLAN, epochs=10**6, seconds=2.0), Listener())
    assert time.monotonic() - began == pytest.approx(2.0, rel=0.05, abs=0.25)  # 0.25 s for a machine that does more
    assert fitted.epochs[-1].epoch >= 2


# Memory


def test_memory_stays_level_over_thirty_epochs():
    """Checkpoints are made each time; the first epochs fill caches."""
    network = nn.Sequential(nn.Conv2d(3, 32, 3), nn.ReLU(), nn.Flatten(), nn.Linear(32 * 36, 300), nn.Linear(300, 3))
    task = small_task(network=network)

    class Watches(Listener):
        def save(self, checkpoint):
            assert len(checkpoint) > 2 * 10**6
            self.saved.append(psutil.Process().memory_info().rss)

    heard = Watches()
    fit(task, replace(PLAN, epochs=30, average_weights=True), heard)
    assert max(heard.saved[20:]) - max(heard.saved[:10]) < 6 * 2**20


def test_a_task_needs_no_normalisation_and_no_panel():
    pixels = np.zeros((6, 3, 8, 8))
    task = small_task(network=nn.Sequential(nn.Flatten(), nn.Linear(192, 3)))
    bare = Task(
        task.network, task.groups, task.learn, task.learn_labels[:1], task.judge, task.judge_labels[:1], ("a",) * 3
    )
    assert len(fit(bare, replace(PLAN, epochs=1), Listener()).epochs) == 2
    assert pixels.sum() == 0


def test_the_network_may_be_trained_twice():
    network = small_network()
    task = small_task(network=network)
    fit(task, replace(PLAN, precision="bfloat16"), Listener())
    second = fit(task, replace(PLAN, average_weights=True), Listener())
    assert len(second.epochs) == 5
