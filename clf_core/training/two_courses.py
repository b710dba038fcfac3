"""What tells the checkpoints of a first and a second course apart, and what is kept between the two. Imports torch.

See ``course``: settings are chosen with some pictures held out, then the network learns once more from all of them.
"""

import io
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError

from clf_core.errors import StorageError
from clf_core.files import write_bytes, write_text
from clf_core.results import EpochPoint
from clf_core.training.checkpoint import from_bytes
from clf_core.training.plan import Plan, plan_from
from clf_core.values import Value


class Tuned(Value):
    """What came of learning with some pictures held out."""

    epochs: tuple[EpochPoint, ...]
    best_epoch: int
    images_per_second: float
    learning_rate: float
    again: bool = Field(description="Whether it learns once more, from all pictures.")


class Notes:
    """What the first course leaves for the second, in the run's scratch folder, should a session come between.

    tuned.json      what was chosen; from then on the run learns from all pictures
    held-out.npy    what the network said of the pictures held out, before it learned from them
    """

    def __init__(self, folder: Path) -> None:
        self._tuned = folder / "tuned.json"
        self._said = folder / "held-out.npy"

    def read(self) -> Tuned | None:
        """Return what an earlier session chose, if it got so far."""
        try:
            return Tuned.model_validate_json(self._tuned.read_bytes())
        except (OSError, ValidationError):
            return None

    def write(self, tuned: Tuned, said: NDArray[np.float32]) -> None:
        """Note what was chosen, last, and the logits [J, K] of the pictures held out.

        Raises:
            StorageError: the disk refuses.
        """
        buffer = io.BytesIO()
        np.save(buffer, said)
        write_bytes(self._said, buffer.getvalue())
        write_text(self._tuned, tuned.model_dump_json())

    def said(self) -> NDArray[np.float32]:
        """Return those logits; [0, 0] where an earlier version of the studio kept none."""
        try:
            return np.asarray(np.load(self._said, allow_pickle=False), dtype=np.float32)
        except (OSError, ValueError, EOFError):
            return np.zeros((0, 0), dtype=np.float32)


def second(plan: Plan) -> Plan:
    """The plan of the second course. Another seed tells its checkpoints from those of the first."""
    return replace(plan, seed=plan.seed + 1, patience=None)


def of_plan(plan: Plan, checkpoints: Iterable[bytes]) -> Iterator[bytes]:
    """Those of the checkpoints that were made with this plan, and those that cannot be read: ``fit`` says so."""
    for data in checkpoints:
        try:
            found = plan_from(from_bytes(data).standing.plan)
        except (StorageError, TypeError):
            yield data
        else:
            if found.fingerprint() == plan.fingerprint():
                yield data


def stored_plan(plan: Plan, checkpoints: Iterable[bytes]) -> Plan | None:
    """The plan of the latest sound checkpoint of the first course; its learning rate may differ from ``plan``."""
    for data in checkpoints:
        try:
            found = plan_from(from_bytes(data).standing.plan)
        except (StorageError, TypeError):
            continue
        if replace(found, learning_rate=plan.learning_rate).fingerprint() == plan.fingerprint():
            return found
    return None
