"""Feature vectors of a dataset's pictures: decoding and network overlapped, every picture decoded once."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.config import AugmentConfig, ImportLimits, Preprocessing
from clf_core.data.loading import Wanted, load_views
from clf_core.models.runtime import FeatureRuntime
from clf_core.training.callbacks import TrainingCallbacks


@dataclass(frozen=True)
class Variants:
    """Of which pictures variants are wanted, and what kind.

    Attributes:
        keys: SHA-256 of each picture, M of them; may repeat.
        config: how much they are changed.
        count: so many of each picture, V.
        seed: of the run.
    """

    keys: Sequence[str]
    config: AugmentConfig
    count: int
    seed: int


NO_VARIANTS = Variants((), AugmentConfig(), count=0, seed=0)


def extract_features(
    keys: Sequence[str],
    read: Callable[[str], bytes],
    runtime: FeatureRuntime,
    callbacks: TrainingCallbacks,
    limits: ImportLimits,
    preprocessing: Preprocessing | None = None,
) -> NDArray[np.float32]:
    """Run every picture through the frozen backbone.

    Args:
        keys: SHA-256 of each picture, N of them; one that occurs several times is computed once.
        read: gives the file of a key, such as ``PictureStore.read``; called in threads.
        callbacks: told the number of pictures done; the stage must have begun.
        preprocessing: how a picture becomes an input; None for the backbone's own.

    Returns:
        [N, D] float32, in the order of ``keys``.

    Raises:
        PictureError: a stored picture can no longer be decoded; names it.
        CancelledError: from the callbacks.
    """
    work = Extraction(keys, NO_VARIANTS, preprocessing or runtime.spec.preprocessing)
    plain, _ = work.run(read, runtime, callbacks, limits)
    return plain


class Extraction:
    """Which inputs have to go through the network: pictures as they are, and variants of some."""

    def __init__(self, keys: Sequence[str], variants: Variants, preprocessing: Preprocessing) -> None:
        """Plan.

        Args:
            keys: SHA-256 of each picture, N of them; one that occurs several times is computed once.
            variants: of which of them variants are wanted too.
            preprocessing: how a picture becomes an input.
        """
        self._keys = keys
        self._variants = variants
        self._preprocessing = preprocessing
        self._views = dict.fromkeys(variants.keys, variants.count)
        self._unique = list(dict.fromkeys(keys))

    @property
    def inputs(self) -> int:
        """How many pictures and variants go through the network."""
        return len(self._unique) + sum(self._views.values())

    def run(
        self,
        read: Callable[[str], bytes],
        runtime: FeatureRuntime,
        callbacks: TrainingCallbacks,
        limits: ImportLimits,
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Compute; the callbacks are told the number of inputs done.

        Returns:
            Features [N, D] float32 of the pictures in the order of the keys, and [M, V, D] float32 of the variants in
            the order of theirs.

        Raises:
            PictureError: a stored picture can no longer be decoded; names it.
            CancelledError: from the callbacks.
        """
        dim = runtime.spec.feature_dim
        plain = {key: np.empty(dim, dtype=np.float32) for key in self._unique}
        changed = {key: np.empty((count, dim), dtype=np.float32) for key, count in self._views.items()}
        wanted = [Wanted(key, self._views.get(key, 0)) for key in self._unique]
        rows = (row for item in wanted for row in self._rows(item, plain, changed))
        variants = self._variants
        inputs = load_views(wanted, read, self._preprocessing, variants.config, variants.seed, limits)
        for done, (features, row) in enumerate(zip(runtime.stream(inputs), rows, strict=True), start=1):
            row[:] = features
            callbacks.progress(done)
            callbacks.check_cancelled()
        empty = np.zeros((0, variants.count, dim), dtype=np.float32)
        return (
            np.stack([plain[key] for key in self._keys]) if self._keys else np.zeros((0, dim), dtype=np.float32),
            np.stack([changed[key] for key in variants.keys]) if variants.keys else empty,
        )

    @staticmethod
    def _rows(
        item: Wanted, plain: dict[str, NDArray[np.float32]], changed: dict[str, NDArray[np.float32]]
    ) -> Iterator[NDArray[np.float32]]:
        """Where the features of one picture's inputs belong, in the order in which they come."""
        yield plain[item.sha256]
        yield from changed.get(item.sha256, ())
