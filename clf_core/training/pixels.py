"""Pictures decoded once and kept as bytes on the disk, mapped into memory: what training in epochs reads.

A picture is decoded and scaled once per run, not once per epoch; a batch is then a copy of bytes (0.2 ms for 32
pictures of 224 px that are in the system's cache). What is kept of each picture is the square the network sees with a
margin around it, so that turned variants find real pixels in their corners. The square itself is that of
``data.transforms.to_input`` to the last bit, so what is judged in training is what prediction will see.

The idea is FFCV's (Leclerc et al., "FFCV: Accelerating Training by Removing Data Bottlenecks", 2023); it is not used
itself, as it needs OpenCV, numba and libjpeg-turbo's headers to be built.
"""

import hashlib
import json
import math
import os
import shutil
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clf_core.config import AugmentConfig, ImportLimits, Preprocessing
from clf_core.data.augmentation import scaled_window
from clf_core.data.loading import load_made
from clf_core.data.transforms import seen_box, to_input
from clf_core.errors import StorageError
from clf_core.files import storage_error, write_json
from clf_core.training.batch_augment import Geometry, augment_batch, normalised

if TYPE_CHECKING:
    import torch

_FORMAT = 1
_SYNC_BYTES = 256 * 2**20
"""What is decoded again at most where the machine went down meanwhile."""

_SPARE_BYTES = 200 * 2**20
"""Left free on the disk: a run writes its checkpoints and its network beside the cache."""

_RESIDENT_SHARE = 0.25
"""Of a GPU's free memory: a cache that takes no more is kept there, which spares the way over the bus."""


def margin_for(augment: AugmentConfig, input_size: int) -> int:
    """Pixels around the network's square that the corners of a turned variant reach."""
    turn = math.radians(min(augment.resolved().rotate, 45.0))  # a square turned by 45 degrees reaches farthest
    if not turn:
        return 0
    return math.ceil(input_size * (math.cos(turn) + math.sin(turn) - 1) / 2) + 1


@dataclass(frozen=True)
class PixelCache:
    """Decoded pictures of one run.

    Attributes:
        pixels: [N, S + 2 margin, S + 2 margin, 3] uint8, RGB, mapped from the disk; not to be written to.
        sizes: [N, 2] uint32, width and height of each decoded picture.
        margin: pixels around the network's square.
        preprocessing: how the pictures became squares.
    """

    pixels: NDArray[np.uint8]
    sizes: NDArray[np.uint32]
    margin: int
    preprocessing: Preprocessing
    _places: dict[str, int]

    @classmethod
    def build(
        cls,
        folder: Path,
        keys: Sequence[str],
        read: Callable[[str], bytes],
        preprocessing: Preprocessing,
        *,
        margin: int = 0,
        limits: ImportLimits | None = None,
        progress: Callable[[int], None] = lambda _: None,
        check: Callable[[], None] = lambda: None,
    ) -> "PixelCache":
        """Decode what is not there yet, in threads, and map the file.

        A cache of the same pictures, preprocessing and margin is used again, and one whose making was broken off is
        gone on with; caches of anything else in the folder are removed.

        Args:
            folder: of the run; made if missing.
            keys: SHA-256 of each picture; one that occurs several times is kept once.
            read: gives the file of a key; called in threads.
            margin: pixels around the network's square, see ``margin_for``.
            progress: told the number of different pictures done, those found included.
            check: called after each picture; may raise to stop. What is decoded by then is kept.

        Raises:
            PictureError: a picture can no longer be decoded; names it.
            StorageError: the disk has no room for it, or refused.
        """
        unique = list(dict.fromkeys(keys))
        file = _CacheFile(folder, unique, preprocessing, margin)
        file.prepare()
        if file.done < len(unique):
            file.require_room()
            make = partial(_row, preprocessing=preprocessing, margin=margin, dtype=file.dtype)
            rows = load_made(unique[file.done :], read, preprocessing, limits or ImportLimits(), make)
            file.extend(rows, progress, check)
        progress(len(unique))
        kept = file.open()
        places = {key: place for place, key in enumerate(unique)}
        return cls(np.asarray(kept["pixels"]), np.asarray(kept["size"]), margin, preprocessing, places)

    def rows_of(self, keys: Iterable[str]) -> NDArray[np.int64]:
        """Rows of the pictures with these keys. Raises KeyError for one that is not kept here."""
        return np.fromiter((self._places[key] for key in keys), dtype=np.int64)

    def plain(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """The pictures as they are: [B, S, S, 3] uint8, equal to ``to_input``."""
        side, margin = self.preprocessing.input_size, self.margin
        return self.pixels[:, margin : margin + side, margin : margin + side][rows]


class PixelInputs:
    """Pictures of a cache as batches for the network: ``training.inputs.Inputs``.

    A variant depends on the seed, the epoch and the row, and on nothing else.
    """

    def __init__(
        self,
        cache: PixelCache,
        rows: NDArray[np.int64],
        preprocessing: Preprocessing,
        augment: AugmentConfig,
        seed: int,
        device: "torch.device | str" = "cpu",
    ) -> None:
        """Choose pictures.

        Args:
            cache: holds them.
            rows: [N] rows of the cache; what ``learn`` and ``judge`` are asked for counts within these.
            preprocessing: mean and std are taken.
            augment: how variants to learn from are made.
            seed: of the run.
            device: where the batches are wanted.
        """
        import torch

        self._cache = cache
        self._rows = np.asarray(rows, dtype=np.int64)
        self._preprocessing = preprocessing
        self._augment = augment.resolved()
        self._seed = seed
        self._device = torch.device(device)
        self._resident = self._on_the_device()

    def __len__(self) -> int:
        return len(self._rows)

    def learn(self, rows: NDArray[np.int64], epoch: int) -> "torch.Tensor":
        """Variants of these pictures for this epoch: [B, 3, S, S] float32, normalised, on the device."""
        if not self._augment.active:
            return self.judge(rows)
        chosen = self._rows[rows]
        geometry = Geometry(
            self._cache.margin, self._preprocessing.input_size, extents(self._cache.sizes[chosen], self._preprocessing)
        )
        pixels = self._bytes(chosen, plain=False)
        return augment_batch(pixels, rows, epoch, self._seed, self._augment, geometry, self._preprocessing)

    def judge(self, rows: NDArray[np.int64]) -> "torch.Tensor":
        """These pictures as they are: [B, 3, S, S] float32, normalised, on the device."""
        return normalised(self._bytes(self._rows[rows], plain=True), self._preprocessing)

    def _bytes(self, chosen: NDArray[np.int64], *, plain: bool) -> "torch.Tensor":
        """[B, P, P, 3] uint8 on the device, P with the margin unless plain."""
        import torch

        if self._resident is not None:
            pixels = self._resident[torch.from_numpy(chosen).to(self._device)]
            first, side = self._cache.margin, self._preprocessing.input_size
            return pixels[:, first : first + side, first : first + side] if plain else pixels
        copied = torch.from_numpy(self._cache.plain(chosen) if plain else self._cache.pixels[chosen])
        if self._device.type == "cuda":
            return copied.pin_memory().to(self._device, non_blocking=True)
        return copied

    def _on_the_device(self) -> "torch.Tensor | None":
        """All of the cache in the GPU's memory where that is a small part of it."""
        import torch

        if self._device.type != "cuda":
            return None
        free, _ = torch.cuda.mem_get_info(self._device)
        if self._cache.pixels.size > free * _RESIDENT_SHARE:
            return None
        return torch.from_numpy(np.ascontiguousarray(self._cache.pixels)).to(self._device)


def extents(sizes: NDArray[np.uint32], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """Which part of the network's square each picture fills: all of it, but for the bars of the fit 'pad'.

    Args:
        sizes: [B, 2] width and height.

    Returns:
        [B, 2] float32, shares of the square's width and height; the picture lies in the middle.
    """
    if preprocessing.fit != "pad":
        return np.ones((len(sizes), 2), dtype=np.float32)
    return np.asarray(sizes / sizes.max(axis=1, keepdims=True), dtype=np.float32)


def _row(picture: Image.Image, preprocessing: Preprocessing, margin: int, dtype: np.dtype[np.void]) -> bytes:
    """What is kept of one picture."""
    side = preprocessing.input_size
    row = np.zeros((), dtype=dtype)
    row["size"] = picture.size
    plain = to_input(picture, preprocessing)
    if margin:
        left, top, right, bottom = seen_box(picture.size, preprocessing)
        more_x, more_y = margin * (right - left) / side, margin * (bottom - top) / side
        wider = (left - more_x, top - more_y, right + more_x, bottom + more_y)
        row["pixels"] = scaled_window(picture, wider, side + 2 * margin, preprocessing)
        # Scaling a wider part rounds a few pixels to the neighbouring level; what is judged must not differ at all.
    row["pixels"][margin : margin + side, margin : margin + side] = plain
    return row.tobytes()


class _CacheFile:
    """The file behind a cache, and beside it a note of how many of its rows are whole."""

    def __init__(self, folder: Path, keys: list[str], preprocessing: Preprocessing, margin: int) -> None:
        side = preprocessing.input_size + 2 * margin
        self.dtype: np.dtype[np.void] = np.dtype([("size", "<u4", 2), ("pixels", "u1", (side, side, 3))])
        self.done = 0
        self._folder, self._count = folder, len(keys)
        about = [_FORMAT, margin, preprocessing.model_dump(mode="json"), keys]
        fingerprint = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]
        self._path = folder / f"pixels-{fingerprint}.bin"
        self._note = folder / f"pixels-{fingerprint}.json"

    def prepare(self) -> None:
        """Find out what is there already and remove what belongs to another cache."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            for other in self._folder.glob("pixels-*"):
                if other not in (self._path, self._note):
                    other.unlink()
            whole = self._path.stat().st_size // self.dtype.itemsize if self._path.exists() else 0
            self.done = min(whole, self._noted())
        except OSError as error:
            raise storage_error(error, self._path) from error

    def _noted(self) -> int:
        try:
            noted = json.loads(self._note.read_bytes())["done"]
        except (FileNotFoundError, ValueError, TypeError, KeyError):
            return 0
        return min(max(noted, 0), self._count) if isinstance(noted, int) else 0

    def require_room(self) -> None:
        """Raise StorageError, in words, where the disk cannot take what is missing."""
        needed = (self._count - self.done) * self.dtype.itemsize
        free = shutil.disk_usage(self._folder).free
        if needed + _SPARE_BYTES > free:
            raise StorageError(
                "There is not enough room on the disk for the decoded pictures",
                why=f"{self._count - self.done:,} pictures take {needed / 1e9:.1f} GB, and {free / 1e9:.1f} GB are "
                f"free in {self._folder}",
                remedy="Free some space, or choose a smaller input_size",
            )

    def extend(self, rows: Iterable[bytes], progress: Callable[[int], None], check: Callable[[], None]) -> None:
        """Write rows behind those that are there. Written, not mapped: a full disk then says so."""
        try:
            with self._path.open("r+b" if self._path.exists() else "x+b") as handle:
                handle.truncate(self.done * self.dtype.itemsize)
                handle.seek(0, os.SEEK_END)
                try:
                    self._append(handle, rows, progress, check)
                finally:
                    self._sync(handle)
        except OSError as error:
            raise storage_error(error, self._path) from error

    def _append(
        self, handle: BinaryIO, rows: Iterable[bytes], progress: Callable[[int], None], check: Callable[[], None]
    ) -> None:
        unsynced = 0
        for row in rows:
            handle.write(row)
            self.done += 1
            unsynced += len(row)
            if unsynced > _SYNC_BYTES:
                self._sync(handle)
                unsynced = 0
            progress(self.done)
            check()

    def _sync(self, handle: BinaryIO) -> None:
        handle.flush()
        os.fsync(handle.fileno())
        write_json(self._note, {"done": self.done})

    def open(self) -> "np.memmap[tuple[int], np.dtype[np.void]]":
        """Map the whole file, for reading."""
        try:
            return np.memmap(self._path, dtype=self.dtype, mode="r", shape=(self._count,))
        except OSError as error:
            raise storage_error(error, self._path) from error
