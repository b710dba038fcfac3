"""A training small enough to be run many times, and callbacks that remember, pause and crash."""

from dataclasses import dataclass, field

import numpy as np
import torch
from torch import nn

from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.loop import ParameterGroup, Task
from clf_core.training.plan import Plan

CLASSES = ("ant", "bee", "wasp")
PLAN = Plan(epochs=4, batch_size=16, learning_rate=1e-2, seed=3)


class Pictures:
    """Inputs that change a little with each epoch, and nothing else."""

    def __init__(self, pixels, seed=0):
        self.pixels, self.seed = pixels, seed
        self.asked = []

    def learn(self, rows, epoch):
        self.asked.append((epoch, rows.tolist()))
        noise = [np.random.default_rng((self.seed, epoch, row)).normal(0, 0.2, self.pixels.shape[1:]) for row in rows]
        return torch.from_numpy(self.pixels[rows] + np.array(noise)).float()

    def judge(self, rows):
        return torch.from_numpy(self.pixels[rows]).float()


def small_network(classes=3, dropout=0.3, seed=0):
    """Convolution, batch norm, depthwise convolution, dropout, linear: each kind of state there is."""
    torch.manual_seed(seed)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3),
        nn.BatchNorm2d(6),
        nn.ReLU(),
        nn.Conv2d(6, 6, 3, groups=6),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(24, classes),
    )


def small_data(count, seed, classes=3):
    """Pictures [count, 3, 8, 8] whose class brightens one colour, and the classes [count]."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, count)
    pixels = random.normal(0, 1, (count, 3, 8, 8))
    pixels[np.arange(count), labels % 3] += 0.7
    return pixels, labels


def small_task(train=40, val=20, *, dropout=0.3, network=None, seed=0):
    """A fresh task; the same every time."""
    network = small_network(dropout=dropout) if network is None else network
    pixels, labels = small_data(train, seed)
    seen, says = small_data(val, seed + 1)
    panel = ((0, "a" * 64), (1, "b" * 64)) if val else ()
    groups = [ParameterGroup("all", list(network.parameters()))]
    return Task(network, groups, Pictures(pixels), labels, Pictures(seen), says, CLASSES, panel)


class CrashError(Exception):
    """What kill -9 would have done."""


@dataclass
class Listener(SilentCallbacks):
    """Remembers what it is told; at step ``at`` (counted over all sittings) it wishes or crashes."""

    at: int = 0
    wants: str = ""
    saved: list = field(default_factory=list)
    points: list = field(default_factory=list)
    panels: list = field(default_factory=list)
    messages: list = field(default_factory=list)
    stages: list = field(default_factory=list)
    steps: list = field(default_factory=list)
    done: int = 0

    def stage(self, stage, total):
        self.stages.append((stage, total))

    def step(self, done, point):
        self.done = done
        self.steps.append(point)
        if self.wants == "crash" and done == self.at:
            raise CrashError

    def epoch(self, point):
        self.points.append(point)

    def panel(self, answers):
        self.panels.append(answers)

    def message(self, text):
        self.messages.append(text)

    def save(self, checkpoint):
        self.saved.append(checkpoint)

    def wish(self):
        return self.wants if self.wants in ("pause", "stop") and self.done == self.at else ""


def weights(network):
    """Every number of a network, by name."""
    return {name: value.clone() for name, value in network.state_dict().items()}


def same_weights(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def timeless(points):
    """Epochs without what depends on the machine."""
    return [p.model_dump(exclude={"seconds", "memory_bytes", "images_per_second"}) for p in points]
