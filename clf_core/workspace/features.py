"""Feature vectors of pictures, kept so that the next version of a dataset computes only what is new.

features/<network>/<random>.npz    a shard: keys and their vectors, written once, all or nothing

<network> is a hash of the weights and of the preparation, so that features of one can never be taken for those
of another. Shards are only ever added, so several processes may write at once; one that cannot be read is
passed over, and its pictures count as missing. Everything here can be computed again.
"""

import hashlib
import io
import logging
import secrets
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clf_core.config import Preprocessing
from clf_core.files import write_bytes

_log = logging.getLogger(__name__)

_MOST_HALF = 60_000.0
"""float16 holds values up to 65,504; its error of one part in 2,000 is far below what a fitted layer notices."""


class FeatureStore:
    """The feature vectors of one network with one preparation.

    Args:
        root: the folder of all networks; made when first written to.
        weights_sha256: of the network's weights.
        preprocessing: how a picture becomes its input.
    """

    def __init__(self, root: Path, weights_sha256: str, preprocessing: Preprocessing) -> None:
        told = f"{weights_sha256}\n{preprocessing.model_dump_json()}"
        self._folder = root / hashlib.sha256(told.encode()).hexdigest()[:24]
        self._places: dict[str, tuple[Path, int]] = {}  # key -> shard and row
        self._known: set[Path] = set()

    def get(self, keys: Sequence[str]) -> tuple[dict[str, NDArray[np.float32]], list[str]]:
        """Return what is known.

        Args:
            keys: SHA-256 of pictures.

        Returns:
            Key -> [D] float32 of those that are known, and the keys of the others in the order asked for, each once.
        """
        self._look()
        wanted: dict[Path, list[tuple[str, int]]] = {}
        for key in dict.fromkeys(keys):
            if key in self._places:
                shard, row = self._places[key]
                wanted.setdefault(shard, []).append((key, row))
        found: dict[str, NDArray[np.float32]] = {}
        for shard, rows in wanted.items():
            table = _vectors(shard)
            if table is None:
                self._forget(shard)
                continue
            found.update({key: table[row].astype(np.float32) for key, row in rows})
        return found, [key for key in dict.fromkeys(keys) if key not in found]

    def put(self, keys: Sequence[str], features: NDArray[np.floating]) -> None:
        """Add the vectors of pictures.

        Args:
            keys: SHA-256 of M pictures.
            features: [M, D].

        Raises:
            StorageError: the disk refused; nothing is added.
        """
        if not len(keys):
            return
        half = float(np.abs(features).max()) < _MOST_HALF
        buffer = io.BytesIO()
        table = features.astype(np.float16 if half else np.float32)
        np.savez(buffer, keys=np.array(keys, dtype="S64"), features=table)
        write_bytes(self._folder / f"{secrets.token_hex(12)}.npz", buffer.getvalue())

    def _look(self) -> None:
        """Learn of shards that came since."""
        for shard in sorted(set(self._folder.glob("*.npz")) - self._known):
            self._known.add(shard)
            keys = _read(shard, "keys")
            if keys is not None and keys.ndim == 1 and keys.dtype.kind == "S":
                self._places.update({key.decode("ascii", "replace"): (shard, row) for row, key in enumerate(keys)})

    def _forget(self, shard: Path) -> None:
        self._places = {key: place for key, place in self._places.items() if place[0] != shard}


def _vectors(shard: Path) -> NDArray[np.floating] | None:
    table = _read(shard, "features")
    if table is None or table.ndim != 2 or table.dtype.kind != "f" or not np.isfinite(table).all():
        return None
    vectors: NDArray[np.floating] = table
    return vectors


def _read(shard: Path, name: str) -> NDArray[Any] | None:
    try:
        with np.load(shard, allow_pickle=False) as arrays:
            array: NDArray[Any] = arrays[name]
            return array
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        _log.warning("A shard of features cannot be read and is passed over: %s: %s", shard, error)
        return None
