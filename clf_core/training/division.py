"""Which pictures are learned from while settings are chosen, and which are held out to choose by."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clf_core.config import TrainConfig
from clf_core.data.split import folds as make_folds
from clf_core.training.recipes import ENOUGH_TO_JUDGE

if TYPE_CHECKING:
    from clf_core.data.manifest import ManifestRows


@dataclass(frozen=True)
class Pictures:
    """Some pictures.

    Attributes:
        keys: SHA-256 of each, N of them.
        labels: [N] positions of their classes.
        groups: [N], pictures of one group are the same or nearly.
    """

    keys: tuple[str, ...]
    labels: NDArray[np.int64]
    groups: list[str]

    def __len__(self) -> int:
        return len(self.keys)

    def __add__(self, other: "Pictures") -> "Pictures":
        return Pictures(
            self.keys + other.keys, np.concatenate([self.labels, other.labels]), [*self.groups, *other.groups]
        )

    def where(self, chosen: NDArray[np.bool_]) -> "Pictures":
        """Those for which ``chosen`` [N] holds."""
        places = np.flatnonzero(chosen)
        return Pictures(
            tuple(self.keys[place] for place in places), self.labels[places], [self.groups[place] for place in places]
        )


@dataclass(frozen=True)
class Division:
    """Pictures to learn from and others to judge by, none of them of the test split.

    Attributes:
        learn: every class occurs in it.
        judge: may be empty.
        borrowed: whether training pictures are among those to judge by, and so are not learned from at first.
    """

    learn: Pictures
    judge: Pictures
    borrowed: bool

    @property
    def all(self) -> Pictures:
        """Both, those to learn from first."""
        return self.learn + self.judge


def divide(train: "ManifestRows", val: "ManifestRows", config: TrainConfig) -> Division:
    """Judge by the validation split; where that has fewer than ``ENOUGH_TO_JUDGE`` pictures, by a fifth of train too.

    Groups stay together, and a class with too few pictures to hold any out is learned from with all of them.
    """
    learn, judge = (Pictures(tuple(rows.sha256), rows.label_index, list(rows.group)) for rows in (train, val))
    if len(judge) >= ENOUGH_TO_JUDGE:
        return Division(learn, judge, borrowed=False)
    held_out = make_folds(learn.labels, learn.groups, config.folds, config.seed) == 0
    return Division(learn.where(~held_out), learn.where(held_out) + judge, borrowed=bool(held_out.any()))
