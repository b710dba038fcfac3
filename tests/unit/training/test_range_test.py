"""The learning-rate range test: finds a rate that trains well, stops in time, and leaves the network as it was."""

import copy

import numpy as np
import pytest
import torch
from torch import nn

from clf_core.errors import CancelledError, ClfError
from clf_core.training.loop import ParameterGroup, Task, fit
from clf_core.training.plan import Plan
from clf_core.training.range_test import range_test, steepest, suggest, valley
from tests.unit.training.small_task import CLASSES, Listener, Pictures, same_weights, small_task, weights

PLAN = Plan(epochs=2, batch_size=8, learning_rate=1e-3, seed=5)


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that wait for each other cost more than such small networks take."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


class Watcher(Listener):
    """Remembers the progress; cancels after so many looks."""

    looks_left = 10**6

    def progress(self, done):
        self.done = done

    def check_cancelled(self):
        self.looks_left -= 1
        if self.looks_left < 0:
            raise CancelledError("enough")


def test_the_network_and_the_random_state_stay_as_they_were():
    task = small_task()
    task.network[0].weight.requires_grad_(False)
    before, learns = weights(task.network), [p.requires_grad for p in task.network.parameters()]
    torch.manual_seed(11)
    state = torch.get_rng_state()
    range_test(task, PLAN, Watcher(), steps=40)
    assert same_weights(before, weights(task.network))
    assert [p.requires_grad for p in task.network.parameters()] == learns
    assert all(p.grad is None for p in task.network.parameters())
    assert torch.equal(torch.get_rng_state(), state)


def test_rates_rise_by_the_same_multiple_until_the_loss_explodes():
    task, watcher = small_task(), Watcher()
    found = range_test(task, Plan(epochs=1, batch_size=8, learning_rate=1.0, optimizer="sgd"), watcher, highest=1e6)
    rates = np.array([rate for rate, _ in found.points])
    np.testing.assert_allclose(rates[1:] / rates[:-1], rates[1] / rates[0])
    assert rates[0] == pytest.approx(1e-7)
    assert found.report.exploded
    assert rates[-1] < 1e6
    assert watcher.done == len(rates) < 100
    assert [(point.rate, point.loss) for point in found.report.points] == list(found.points)


def test_it_goes_on_to_the_highest_rate_where_nothing_explodes():
    found = range_test(small_task(), PLAN, Watcher(), steps=12, highest=1e-4)
    assert not found.report.exploded
    assert len(found.points) == 12
    assert found.points[-1][0] == pytest.approx(1e-4)


def test_the_same_seed_finds_the_same():
    assert range_test(small_task(), PLAN, Watcher(), steps=30) == range_test(small_task(), PLAN, Watcher(), steps=30)


def test_the_suggested_rate_trains_better_than_ones_far_from_it():
    """A wide linear problem: hundred times less learns nothing in the time, hundred times more does not settle."""
    random = np.random.default_rng(0)
    pixels = random.normal(0, 1, (240, 3, 8, 8))
    labels = (pixels.reshape(240, -1) @ random.normal(0, 1, (192, 3))).argmax(1)

    def task():
        torch.manual_seed(0)
        network = nn.Sequential(nn.Flatten(), nn.Linear(192, 3))
        groups = [ParameterGroup("all", list(network.parameters()))]
        return Task(network, groups, Pictures(pixels), labels, Pictures(pixels), labels, CLASSES)

    rate = range_test(task(), PLAN, Watcher()).suggestion

    def ends_at(chosen):
        plan = Plan(epochs=3, batch_size=8, learning_rate=chosen, warmup=0.0, seed=5)
        return fit(task(), plan, Watcher()).epochs[-1].val_loss

    assert ends_at(rate) < ends_at(rate / 100)
    assert ends_at(rate) < ends_at(rate * 100)


def test_only_what_is_to_learn_learns():
    """Rates of earlier layers stay in proportion: with scale 0 nothing changes, so the loss neither falls nor rises."""
    task = small_task(dropout=0.0)
    groups = [ParameterGroup("still", list(task.network.parameters()), scale=0.0)]
    still = Task(
        task.network, groups, *[getattr(task, n) for n in ("learn", "learn_labels", "judge", "judge_labels")], CLASSES
    )
    found = range_test(
        still, Plan(epochs=1, batch_size=40, learning_rate=1.0, batch_norm="frozen"), Watcher(), steps=20
    )
    assert np.ptp([loss for _, loss in found.points]) < 1e-6
    assert "hardly falls" in found.report.reason


def test_it_can_be_cancelled():
    watcher = Watcher()
    watcher.looks_left = 5
    with pytest.raises(CancelledError):
        range_test(small_task(), PLAN, watcher)
    assert watcher.done == 5


def test_a_network_that_gives_no_numbers_is_refused_in_words():
    task = small_task()
    with torch.no_grad():
        task.network[-1].bias.fill_(float("nan"))
    with pytest.raises(ClfError, match="cannot be tested"):
        range_test(task, PLAN, Watcher())


def test_suggestions_of_known_curves():
    rates = [10.0**k for k in range(-7, 2)]
    falling = [2.0, 2.0, 1.95, 1.5, 1.0, 0.8, 0.75, 3.0, 9.0]
    assert valley(rates, falling) == pytest.approx(1e-3)
    assert steepest(rates, falling) == pytest.approx(1e-4)
    assert suggest(rates, falling) == (
        pytest.approx(1e-3),
        "It lies in the middle of the stretch on which the loss falls.",
    )
    flat = [0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.12, 0.5, 3.0]
    rate, reason = suggest(rates, flat)
    assert rate == pytest.approx(1e-1 / 3, rel=0.02)
    assert "hardly falls" in reason


def test_points_of_the_copy_do_not_reach_the_original_optimizer_groups():
    task = small_task()
    held = copy.copy(list(task.groups[0].parameters))
    range_test(task, PLAN, Watcher(), steps=10)
    assert all(one is other for one, other in zip(held, task.groups[0].parameters, strict=True))
