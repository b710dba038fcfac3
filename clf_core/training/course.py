"""From maps to a trained network: fit the last layer, choose by pictures held out, learn, and learn once more.

Imports torch. See ``partial``.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import nn

from clf_core.config import TrainConfig
from clf_core.models.backbone import Backbone
from clf_core.models.backbone_files import Origin
from clf_core.models.classifier import Classifier
from clf_core.models.trained import save_trained
from clf_core.results import EpochPoint, Stage, StepPoint
from clf_core.training import head
from clf_core.training.callbacks import SilentCallbacks, TrainingCallbacks
from clf_core.training.division import Division
from clf_core.training.loop import Task, fit
from clf_core.training.panel import panel_of
from clf_core.training.plan import Plan, make_plan
from clf_core.training.recipes import RECIPES, variants_of
from clf_core.training.result import Resources
from clf_core.training.tails import Learnable, features_of
from clf_core.training.two_courses import Notes, Tuned, of_plan, second, stored_plan


class Course:
    """From the maps to a trained network."""

    def __init__(
        self,
        body: nn.Module,
        origin: Origin,
        learnable: Learnable,
        division: Division,
        classes: tuple[str, ...],
        config: TrainConfig,
        resources: Resources,
        callbacks: TrainingCallbacks,
    ) -> None:
        self._body, self._origin, self._learnable = body, origin, learnable
        self._division, self._classes = division, classes
        self._config, self._resources, self._callbacks = config, resources, callbacks
        self._recipe = RECIPES[config.preset]
        self._notes = Notes(resources.scratch_folder)
        self.plan = make_plan(config, self._recipe.defaults, len(division.learn), resources.device)

    def fit_head(self) -> None:
        """Fit the last layer to the features of the frozen network; the stage 'head' is told."""
        keys, count = self._division.all.keys, len(self._division.all)
        blank = self._learnable.blank()
        inputs = self._learnable.inputs(keys)
        self._features = features_of(blank, inputs, count, self.plan.precision, self._callbacks)
        self._callbacks.stage("head", head.steps(self._config))
        self.head = self._fitted_head(self._config.model_copy(update={"refit": False}), self._callbacks)

    def run(self) -> tuple[Any, Tuned]:
        """Fit the head, choose, learn, and learn once more."""
        self.fit_head()
        tuned = self._notes.read()
        if tuned is None or not tuned.again:
            network, tuned, said = self._tune()
            if not tuned.again:
                return network, tuned
            self._notes.write(tuned, said)
        return self._learn_all(tuned), tuned

    def held_out(self, tuned: Tuned, given: int) -> NDArray[np.float32] | None:
        """What the network said of the validation pictures before it learned from them: logits [given, K] float32.

        None where it never learned from them, so that it can be asked itself.

        Args:
            tuned: what ``run`` returned.
            given: pictures of the validation split; they are the last of those held out.
        """
        if not tuned.again:
            return None
        said = self._notes.said()
        return said[max(0, len(said) - given) :]

    def save(self, network: Any) -> tuple[Backbone, Classifier]:
        """Write what was learned into the model's folder."""
        weight, bias = (value.detach().cpu().numpy().copy() for value in (network.head.weight, network.head.bias))
        self._learnable.put_back(network, self._body)
        return save_trained(self._resources.model_folder, self._body, (weight, bias), self._origin, self._classes)

    def chosen(self, tuned: Tuned) -> tuple[tuple[str, float | int | str], ...]:
        """What the studio decided of the settings that were left open."""
        augment, views = variants_of(self._config, len(self._division.all))
        decided: dict[str, float | int | str] = {
            name: getattr(self.plan, name)
            for name in ("optimizer", "weight_decay", "layer_decay", "batch_size", "precision", "batch_norm")
        }
        decided |= {"learning_rate": tuned.learning_rate, "views": views, "augment": augment.preset}
        if self.plan.seconds is None:
            decided["epochs"] = self.plan.epochs
        config = self._config.model_dump() | {"augment": self._config.augment.preset}
        return tuple((name, value) for name, value in decided.items() if config[name] != value)

    def _fitted_head(self, config: TrainConfig, callbacks: TrainingCallbacks) -> head.FittedHead:
        """The last layer, as the quick preset fits it."""
        parts = np.split(self._features, [len(self._division.learn)])
        learn, judge = (
            head.Examples(part, pictures.labels, pictures.groups)
            for part, pictures in zip(parts, (self._division.learn, self._division.judge), strict=True)
        )
        return head.fit_head(learn, judge, len(self._classes), config, callbacks)

    def _tune(self) -> tuple[Any, Tuned, NDArray[np.float32]]:
        """Learn with some pictures held out; also returns the logits [J, K] of these."""
        plan = self.plan
        earlier = stored_plan(plan, self._resources.checkpoints)
        if earlier is not None:
            plan = replace(plan, learning_rate=earlier.learning_rate)  # what was chosen when the run began
        elif self._tries_rates(plan):
            plan = replace(plan, learning_rate=self._best_rate(plan))
        plan = plan.after(self._resources.elsewhere())
        network = self._fresh(self.head)
        fitted = fit(
            self.task(network, plan),
            plan,
            self._callbacks,
            of_plan(plan, self._resources.checkpoints),
            tracker_folder=self._resources.tracker_folder,
        )
        best, said = fitted.best_epoch, self.head.held_out
        if best and len(self._division.judge):
            said = self._said_of_held_out(network)
        if best and not self._surely_better(said):
            self._callbacks.message(
                "On the pictures held out, what the blocks learned cannot be told from chance: "
                "they stay as they were, and the fitted last layer is kept."
            )
            network, best, said = self._fresh(self.head), 0, self.head.held_out
        tuned = Tuned(
            epochs=fitted.epochs,
            best_epoch=best,
            images_per_second=fitted.images_per_second,
            learning_rate=plan.learning_rate,
            again=self._learns_again(plan, best),
        )
        return network, tuned, said

    def _said_of_held_out(self, network: Any) -> NDArray[np.float32]:
        """Logits [J, K] of the pictures held out."""
        keys = self._division.judge.keys
        return features_of(network, self._learnable.inputs(keys), len(keys), self.plan.precision, self._callbacks)

    def _surely_better(self, said: NDArray[np.float32]) -> bool:
        """Whether it beats the fitted last layer alone by more than one standard error, picture by picture.

        A handful of pictures favours one of several epochs and learning rates by luck; what they cannot tell apart,
        the simpler wins, as in ``head``.

        Args:
            said: [J, K], the network's logits of the pictures held out.
        """
        labels = self._division.judge.labels
        if len(labels) < 2:
            return True
        gains = _losses(self.head.held_out, labels) - _losses(said, labels)
        return bool(gains.mean() > gains.std(ddof=1) / np.sqrt(len(gains)))

    def _tries_rates(self, plan: Plan) -> bool:
        cheap = plan.seconds is None and len(self._division.all) * plan.epochs <= self._recipe.tries
        return cheap and self._config.learning_rate is None and len(self._division.judge) > 0

    def _best_rate(self, plan: Plan) -> float:
        """The learning rate with which a whole course reached the least loss on the pictures held out."""
        losses, rates = {}, self._recipe.rates
        for number, rate in enumerate(rates):
            trial = replace(plan, learning_rate=rate, tracker="none")
            network = self._fresh(self.head)
            points = fit(self.task(network, trial), trial, _Tried(self._callbacks, number, rates)).epochs[1:]
            losses[rate] = min((point.val_loss for point in points if point.val_loss is not None), default=np.inf)
        return min(losses, key=lambda rate: losses[rate])

    def _learns_again(self, plan: Plan, best_epoch: int) -> bool:
        """Whether it learns once more from all pictures: always where training pictures were held out."""
        if not self._config.refit or plan.seconds is not None or not len(self._division.judge):
            return False
        return self._division.borrowed or len(self._division.all) * best_epoch <= self._recipe.repeats

    def _learn_all(self, tuned: Tuned) -> Any:
        """Learn from all pictures, as long as was best; only the last layer where no epoch was better than that."""
        strength = self._config.model_copy(update={"strengths": (self.head.strength,), "refit": True})
        network = self._fresh(self._fitted_head(strength, SilentCallbacks()))
        if not tuned.best_epoch:
            return network
        plan = replace(second(self.plan), learning_rate=tuned.learning_rate, epochs=tuned.best_epoch)
        epochs = "1 epoch" if plan.epochs == 1 else f"{plan.epochs} epochs"
        self._callbacks.message(f"It learns once more, {epochs}, from the pictures that were held out as well.")
        task = self.task(network, plan)
        everything = self._division.all
        task = replace(
            task,
            learn=self._learnable.inputs(everything.keys),
            learn_labels=everything.labels,
            judge_labels=np.zeros(0, dtype=np.int64),
            panel=(),
        )
        fit(task, plan, _Again(self._callbacks), of_plan(plan, self._resources.checkpoints))
        return network

    def _fresh(self, fitted: head.FittedHead) -> Any:
        return self._learnable.network(fitted.weight, fitted.bias)

    def task(self, network: Any = None, plan: Plan | None = None) -> Task:
        """What learns, with some pictures held out; by itself the network it begins with."""
        network, plan = network or self._fresh(self.head), plan or self.plan
        learn, judge = self._division.learn, self._division.judge
        return Task(
            network=network,
            groups=self._learnable.groups(network, plan.layer_decay),
            learn=self._learnable.inputs(learn.keys),
            learn_labels=learn.labels,
            judge=self._learnable.inputs(judge.keys),
            judge_labels=judge.labels,
            classes=self._classes,
            panel=panel_of(judge.labels, judge.keys) if len(judge) else (),
        )


class _Tried(SilentCallbacks):
    """For a course that is only tried: of all it says only how far it is comes through, and it can be cancelled.

    Args:
        callbacks: told the stage 'rates' when the first course begins, of all courses together.
        number: of this course, from 0.
        rates: the learning rates, one for each course.
    """

    def __init__(self, callbacks: TrainingCallbacks, number: int, rates: Sequence[float]) -> None:
        self._callbacks, self._number, self._rates = callbacks, number, rates
        self._batches = 0

    def stage(self, stage: Stage, total: int) -> None:
        """It begins."""
        del stage  # the course's own
        self._batches = total
        if not self._number:
            self._callbacks.stage("rates", total * len(self._rates))
        self._callbacks.progress(self._number * total)
        self._callbacks.message(
            f"Trying the learning rate {self._rates[self._number]:g}, {self._number + 1} of {len(self._rates)}."
        )

    def step(self, done: int, point: StepPoint) -> None:
        """A batch is learned from."""
        del point  # its losses would be taken for those of the training itself
        self._callbacks.progress(self._number * self._batches + done)

    def check_cancelled(self) -> None:
        """See ``TrainingCallbacks``."""
        self._callbacks.check_cancelled()


class _Again:
    """Tells all of a second course but its epochs: there are no pictures left to judge it by."""

    def __init__(self, callbacks: TrainingCallbacks) -> None:
        self._callbacks = callbacks

    def epoch(self, point: EpochPoint) -> None:
        """Ignored."""

    def __getattr__(self, name: str) -> Any:
        """Everything else is passed on as it is."""
        return getattr(self._callbacks, name)


def _losses(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Cross-entropy of each picture, nats: [M]."""
    shifted = logits.astype(np.float64) - logits.max(axis=1, keepdims=True)
    return np.asarray(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(len(labels)), labels])
