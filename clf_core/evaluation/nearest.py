"""Training pictures most like a picture: nearest neighbours in the space of the network's features.

A head that is linear in the features answers by them alone, so pictures near to each other there are alike to the
network whatever they are to people. Examples as explanations: Caruana et al. 1999 ('case-based explanation of
non-case-based learning methods'), Papernot and McDaniel 2018 (arXiv:1803.04765). Similarity is the cosine of features
from which the mean over the training pictures is taken: after a ReLU all features point into the same corner, and
uncentred cosines are alike (Mu and Viswanath 2018, arXiv:1702.01417, for word vectors).
"""

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clf_core.errors import NotFoundError, StorageError
from clf_core.files import write_bytes

_TINY = 1e-12


@dataclass(frozen=True)
class FeatureTable:
    """The features of stored pictures.

    Attributes:
        keys: SHA-256 of N pictures.
        features: [N, D] float32, the network's pooled features before the head.
    """

    keys: tuple[str, ...]
    features: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.features.ndim != 2 or len(self.features) != len(self.keys):
            raise ValueError(f"{len(self.keys)} keys do not fit features of shape {self.features.shape}")

    @cached_property
    def mean(self) -> NDArray[np.float32]:
        """[D] float32, over all pictures; zeros where there are none."""
        if not self.keys:
            return np.zeros(self.features.shape[1], dtype=np.float32)
        return np.asarray(self.features.mean(axis=0, dtype=np.float64), dtype=np.float32)

    @cached_property
    def _lengths(self) -> NDArray[np.float32]:
        """[N] float32, of the centred features. Never stored centred: that would double the memory."""
        squares = np.einsum("nd,nd->n", self.features, self.features)
        shifted = squares - 2 * (self.features @ self.mean) + float(self.mean @ self.mean)
        return np.asarray(np.sqrt(np.maximum(shifted, 0)), dtype=np.float32)

    def similarities(self, query: NDArray[np.float32]) -> NDArray[np.float32]:
        """Cosines of the centred features with those of one picture, [D] float32 -> [N] float32 in -1..1.

        0 where either has no direction, being the mean itself.
        """
        centred = query - self.mean
        length = float(np.linalg.norm(centred))
        products = self.features @ centred - float(self.mean @ centred)  # [N]
        scale = self._lengths * length
        cosines = np.divide(products, scale, out=np.zeros_like(products), where=scale > _TINY)
        return np.asarray(np.clip(cosines, -1, 1), dtype=np.float32)


def nearest(similarities: NDArray[np.float32], groups: Sequence[object], count: int) -> NDArray[np.int64]:
    """Places of the most similar pictures, the most similar first, one of each group.

    Args:
        similarities: [N] float32.
        groups: N; near copies share one, and of these only the nearest is taken.
        count: so many at most.

    Returns:
        [M] int64, M <= count.
    """
    taken: list[int] = []
    seen: set[object] = set()
    for place in np.argsort(-similarities, kind="stable").tolist():
        if len(taken) == count:
            break
        if groups[place] not in seen:
            seen.add(groups[place])
            taken.append(place)
    return np.array(taken, dtype=np.int64)


def chosen_evenly(label_index: NDArray[np.int64], most: int, seed: int = 0) -> NDArray[np.int64]:
    """Which pictures to keep features of where there are too many: all of small classes, as many of each large one.

    Args:
        label_index: [N] int64, class of each picture.
        most: so many in all, at most.

    Returns:
        [M] int64, rows in their order; all of them where N <= most.
    """
    total = len(label_index)
    if total <= most:
        return np.arange(total, dtype=np.int64)
    classes, counts = np.unique(label_index, return_counts=True)
    quota = _quota(counts, most)
    random = np.random.default_rng(seed)
    kept = [
        random.choice(np.flatnonzero(label_index == name), size=min(int(count), quota), replace=False)
        for name, count in zip(classes, counts, strict=True)
    ]
    return np.asarray(np.sort(np.concatenate(kept)), dtype=np.int64)


def _quota(counts: NDArray[np.int64], most: int) -> int:
    """The largest number per class, 1 at least, with which no more than ``most`` are taken."""
    low, high = 1, int(counts.max())
    while low < high:
        middle = (low + high + 1) // 2
        if int(np.minimum(counts, middle).sum()) <= most:
            low = middle
        else:
            high = middle - 1
    return low


def write_features(path: Path, table: FeatureTable) -> None:
    """Write a table as npz: keys [N] of 64 ASCII characters, features [N, D] float32.

    Raises:
        StorageError: the disk refused; nothing is changed.
    """
    buffer = io.BytesIO()
    np.savez(buffer, keys=np.array(table.keys, dtype="U64"), features=table.features.astype(np.float32, copy=False))
    write_bytes(path, buffer.getvalue())


def read_features(path: Path) -> FeatureTable:
    """Read what ``write_features`` wrote.

    Raises:
        NotFoundError: there is no such file.
        StorageError: it is damaged.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            keys, features = arrays["keys"], arrays["features"]
        if keys.ndim != 1 or keys.dtype.kind != "U" or features.dtype != np.float32 or not np.isfinite(features).all():
            raise ValueError("not a table of features")
        return FeatureTable(tuple(keys.tolist()), features)
    except FileNotFoundError:
        raise NotFoundError("The features of these pictures are not worked out yet", remedy="Wait a moment") from None
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise StorageError(
            "The features of the training pictures are damaged",
            why="Their file cannot be read",
            remedy="Delete the run's folder insights/features; they are worked out again",
        ) from error
