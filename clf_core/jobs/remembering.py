"""A loaded network that remembers what it said: trials of a search show it the same pictures again and again."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from clf_core.models.backbone import BackboneSpec
    from clf_core.models.runtime import FeatureRuntime

_CHUNK = 64
"""Pictures held at a time: 10 MB at 224 px. The network waits a moment at the end of each, and that is when a trial
notices that it is broken off."""

_MOST_BYTES = 400 * 2**20


class RememberingRuntime:
    """``FeatureRuntime`` over another one. Inputs that are equal to the last bit are computed once.

    Pictures are still decoded each time, which is the smaller part.
    """

    def __init__(self, runtime: "FeatureRuntime") -> None:
        self._runtime = runtime
        self._known: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._most = max(_CHUNK, _MOST_BYTES // (4 * runtime.spec.feature_dim))
        self.computed = 0

    @property
    def spec(self) -> "BackboneSpec":
        """See ``FeatureRuntime``."""
        return self._runtime.spec

    @property
    def engine(self) -> str:
        """See ``FeatureRuntime``."""
        return self._runtime.engine

    def features(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See ``FeatureRuntime``."""
        rows = list(self.stream(batch))
        return np.stack(rows) if rows else np.zeros((0, self.spec.feature_dim), dtype=np.float32)

    def stream(self, inputs: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """See ``FeatureRuntime``."""
        pictures = iter(inputs)
        while chunk := list(islice(pictures, _CHUNK)):
            keys = [_key(picture) for picture in chunk]
            new = {key: picture for key, picture in zip(keys, chunk, strict=True) if key not in self._known}
            for key, row in zip(new, self._runtime.stream(new.values()), strict=True):
                self._known[key] = row
                self.computed += 1
            for key in keys:
                self._known.move_to_end(key)
                yield self._known[key]
            while len(self._known) > self._most:
                self._known.popitem(last=False)


def _key(picture: NDArray[np.uint8]) -> bytes:
    shape = repr(picture.shape).encode()
    return hashlib.blake2b(np.ascontiguousarray(picture).data, digest_size=16, key=shape).digest()
