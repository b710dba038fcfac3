"""How good a set of settings is, by the validation pictures alone, and which of several is the best."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from clf_core.results import CurvePoint, EpochPoint, Trial

Judge = Literal["accuracy", "loss"]


class Judgement(NamedTuple):
    """What the validation pictures say.

    Attributes:
        accuracy: share answered right.
        loss: mean negative log-likelihood, nats.
        epochs: finished when this was measured; 0 for a fitted head.
    """

    accuracy: float
    loss: float
    epochs: int = 0

    def merit(self, judge: Judge) -> float:
        """A number that is larger for the better."""
        return self.accuracy if judge == "accuracy" else -self.loss


def of_head(curve: Sequence[CurvePoint], strength: float | None) -> Judgement | None:
    """Judge a fitted head by the strength that was chosen; None where nothing was compared."""
    point = next((point for point in curve if point.strength == strength), None)
    return None if point is None else Judgement(point.val_accuracy, point.val_loss)


def of_epochs(epochs: Iterable[EpochPoint]) -> Judgement | None:
    """Judge a training in epochs by the epoch whose weights are kept; None where nothing was judged.

    That is the last one marked as the best so far, else the one of least loss.
    """
    judged, kept = [], None
    for point in epochs:
        if point.val_loss is not None and point.val_accuracy is not None:
            judged.append(Judgement(point.val_accuracy, point.val_loss, point.epoch))
            kept = judged[-1] if point.best else kept
    return kept or min(judged, key=lambda judgement: judgement.loss, default=None)


def best_trial(trials: Iterable[Trial], judge: Judge) -> Trial | None:
    """Return the best trial: of those that ran to their end, or, where none did, of those judged at all.

    The other figure decides between equals, then the time it took: of two that are as good, the quicker.
    """
    judged = [trial for trial in trials if trial.accuracy is not None and trial.loss is not None]
    ended = [trial for trial in judged if trial.state == "done"]
    return max(ended or judged, key=lambda trial: _rank(trial, judge), default=None)


def _rank(trial: Trial, judge: Judge) -> tuple[float, float, float, int]:
    accuracy, loss = trial.accuracy or 0.0, trial.loss if trial.loss is not None else float("inf")
    first, second = (accuracy, -loss) if judge == "accuracy" else (-loss, accuracy)
    return first, second, -trial.seconds, -trial.number
