"""How a training goes, in plain words, from nothing but its epochs. Pure; torch is not imported.

One sentence says what is going on, by the first rule that holds; what may follow adds to it and cannot contradict it.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from clf_core.results import EpochPoint

_STREAK = 3
"""So many epochs in a row are more than chance."""

_LEVEL = 0.01
"""A share by which the loss must fall to count as progress."""

_JUMP = 1.5
"""The training loss itself hardly rises; one and a half times its lowest is a jump."""

_GAP = 0.1
"""Of accuracy, between training and validation pictures."""

_SOON = 2
"""Epochs before it stops by itself from which that is said."""


def coach(points: Sequence[EpochPoint], classes: int, patience: int | None = None) -> tuple[str, ...]:
    """Judge the course so far, the most important first.

    Args:
        points: epochs as told; may be in any order, and repeated ones count as told last.
        classes: how many there are.
        patience: epochs without anything better after which the training stops, if it does.

    Returns:
        one to four sentences; none before the first epoch is judged.
    """
    course = _course(points)
    if not course.epochs:
        return _before(course)
    return (_what_goes_on(course, classes), *_what_adds(course, patience))


@dataclass(frozen=True)
class _Course:
    """Epochs in order, from 1, with a finite training loss; the state before them apart.

    Attributes:
        judged: losses by which epochs are compared, one per epoch: validation's, or training's without validation.
        start: the same before the first epoch, if known.
        best: epoch of the lowest, 0 for the start.
    """

    start_point: EpochPoint | None
    epochs: tuple[EpochPoint, ...]
    judged: tuple[float, ...]
    start: float | None
    best: int
    has_validation: bool

    @property
    def last(self) -> EpochPoint:
        return self.epochs[-1]


def _course(points: Sequence[EpochPoint]) -> _Course:
    latest = {point.epoch: point for point in points}
    start_point = latest.pop(0, None)
    epochs = tuple(point for _, point in sorted(latest.items()) if _known(point.train_loss))
    has_validation = bool(epochs) and all(_known(point.val_loss) for point in epochs)
    judged = tuple((point.val_loss if has_validation else point.train_loss) or 0.0 for point in epochs)
    start = start_point.val_loss if start_point is not None and has_validation else None
    start = start if _known(start) else None
    best = min(zip(judged, (point.epoch for point in epochs), strict=True), default=(math.inf, 0))
    if start is not None and start <= best[0]:
        best = (start, 0)
    return _Course(start_point, epochs, judged, start, best[1], has_validation)


def _known(value: float | None) -> bool:
    return value is not None and math.isfinite(value)


def _before(course: _Course) -> tuple[str, ...]:
    point = course.start_point
    if point is None or point.val_accuracy is None:
        return ()
    return (f"Before the first epoch it is right for {_percent(point.val_accuracy)} of the validation pictures.",)


def _what_goes_on(course: _Course, classes: int) -> str:
    rising, falling = _rising(course.judged), _falling(course)
    if _jumps(course):
        return "The training loss jumps up and down: the learning rate is probably too high."
    if course.has_validation and rising >= _STREAK:
        if falling:
            return f"Validation loss has risen for {rising} epochs: it starts to memorise the training pictures."
        return f"Validation loss has risen for {rising} epochs: it gets worse."
    if _guesses(course, classes):
        return (
            f"After {len(course.epochs)} epochs it is hardly better than guessing: another learning rate, or a network "
            "that already knows pictures, may help."
        )
    if _level(course):
        return f"It has levelled off: the last {_STREAK} epochs brought hardly anything better."
    if course.best == course.last.epoch:
        return "It is still learning: the last epoch was the best so far."
    return "It goes a little up and down; that is usual."


def _what_adds(course: _Course, patience: int | None) -> list[str]:
    last, said = course.last, []
    waited = last.epoch - course.best
    if course.has_validation and patience is not None and waited and patience - _SOON <= waited < patience:
        left = patience - waited
        epochs = "1 more epoch brings" if left == 1 else f"{left} more epochs bring"
        said.append(f"It stops by itself if {epochs} nothing better.")
    if waited and course.best:
        said.append(f"Epoch {course.best} was the best so far; its weights are kept.")
    elif waited >= _STREAK:
        said.append("It has not become better than what it began with, which is kept.")
    if not course.has_validation:
        said.append("Without validation pictures nobody can tell whether it memorises.")
    elif (last.train_accuracy or 0.0) - (1.0 if last.val_accuracy is None else last.val_accuracy) > _GAP:
        said.append(
            f"It is right for {_percent(last.train_accuracy or 0.0)} of the training pictures but for "
            f"{_percent(last.val_accuracy or 0.0)} of the validation pictures: more pictures, or more variants of "
            "them, would help most."
        )
    return said


def _rising(losses: Sequence[float]) -> int:
    """How many epochs in a row the loss has risen, up to the last."""
    count = 0
    for before, after in zip(reversed(losses[:-1]), reversed(losses[1:]), strict=True):
        if after <= before:
            break
        count += 1
    return count


def _falling(course: _Course) -> bool:
    """Whether the training loss has fallen over the last epochs."""
    recent = [point.train_loss or 0.0 for point in course.epochs[-_STREAK - 1 :]]
    return recent[-1] < recent[0]


def _jumps(course: _Course) -> bool:
    """Whether the training loss has lately been far above its lowest twice, or was in the last epoch."""
    losses = [point.train_loss or 0.0 for point in course.epochs]
    far = [loss > _JUMP * min(losses[:place]) + 0.05 for place, loss in enumerate(losses) if place][-4:]
    return bool(far) and (far[-1] or sum(far) >= 2)


def _guesses(course: _Course, classes: int) -> bool:
    if len(course.epochs) < _STREAK or classes < 2:
        return False
    said = [p.val_accuracy if course.has_validation else p.train_accuracy for p in course.epochs]
    known = [accuracy for accuracy in said if accuracy is not None]
    return bool(known) and max(known) <= 1 / classes + 0.25 * (1 - 1 / classes) / classes


def _level(course: _Course) -> bool:
    if len(course.judged) <= _STREAK:
        return False
    before, lately = min(course.judged[:-_STREAK]), min(course.judged[-_STREAK:])
    if course.start is not None:
        before = min(before, course.start)
    return lately > before * (1 - _LEVEL)


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
