"""What the frozen front of a network makes of every picture, computed once and kept: training then skips the front.

Each picture is decoded once; the picture as it is and its variants go through the front while the next are decoded, and
their maps are kept as float16 in a file that is mapped into memory. An epoch reads one of a picture's maps by chance.
(The idea is that of gradient-free feature caching, as in Keras' transfer learning guide, 'extract features once', but
with maps in place of vectors, so that blocks behind them can learn, and with several variants.)
"""

import hashlib
import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clf_core.config import AugmentConfig, ImportLimits, Preprocessing
from clf_core.data.loading import Wanted, load_views
from clf_core.errors import StorageError
from clf_core.files import storage_error, write_json
from clf_core.training.callbacks import TrainingCallbacks

if TYPE_CHECKING:
    import torch

    from clf_core.models.fronts import MapRuntime

_FORMAT = 1

_SPARE_BYTES = 200 * 2**20
"""Left free on the disk: a run writes its checkpoints and its network beside the maps."""

_VIEW = 3
"""Kind of draw, so that it does not repeat the numbers of ``batches``."""

_LARGEST = float(np.finfo(np.float16).max)


@dataclass(frozen=True)
class Views:
    """Which pictures, and how many variants of each of them.

    Attributes:
        keys: SHA-256 of each picture; may repeat.
        varied: SHA-256 of those of which there are variants, too.
        count: so many variants, V.
        augment: how they are made.
        seed: of the run.
    """

    keys: Sequence[str]
    varied: Sequence[str]
    count: int
    augment: AugmentConfig
    seed: int

    def wanted(self) -> list[Wanted]:
        """Each picture once, in the order of ``keys``."""
        varied = set(self.varied)
        return [Wanted(key, self.count if key in varied else 0) for key in dict.fromkeys(self.keys)]

    @property
    def inputs(self) -> int:
        """How many pictures and variants go through the front."""
        return sum(1 + item.views for item in self.wanted())


@dataclass(frozen=True)
class MapMaker:
    """The front, and what its maps depend on.

    Attributes:
        front: the loaded front.
        identity: tells it from others: hash of the weights, name of the cut.
        shape: of one map.
        preprocessing: how a picture becomes its input.
    """

    front: "MapRuntime"
    identity: tuple[str, ...]
    shape: tuple[int, ...]
    preprocessing: Preprocessing

    @property
    def bytes_per_map(self) -> int:
        """Of the file."""
        return 2 * int(np.prod(self.shape))


@dataclass(frozen=True)
class Activations:
    """Maps of one run.

    Attributes:
        maps: [R, ...] float16, mapped from the disk; not to be written to.
        views: variants of the pictures that have any, V.
    """

    maps: NDArray[np.float16]
    views: int
    _first: dict[str, int]

    def rows_of(self, keys: Sequence[str]) -> NDArray[np.int64]:
        """Rows of the pictures as they are; variants follow each. Raises KeyError for one that is not kept here."""
        return np.fromiter((self._first[key] for key in keys), dtype=np.int64, count=len(keys))


def collect(
    views: Views,
    maker: MapMaker,
    folder: Path,
    read: Callable[[str], bytes],
    callbacks: TrainingCallbacks,
    limits: ImportLimits,
) -> Activations:
    """Compute all maps, or map a file that holds them already.

    The stage 'features' is told to the callbacks, with one step per input. Files of other maps in the folder are
    removed. Where the disk has no room for all variants there are fewer of them.

    Args:
        views: what of which pictures.
        maker: turns inputs into maps.
        folder: of the run; made if missing.
        read: gives the file of a key; called in threads.
        callbacks: told what happens.
        limits: caps for decoding.

    Raises:
        PictureError: a stored picture can no longer be decoded; names it.
        StorageError: the disk has no room even without variants, or refused.
        CancelledError: from the callbacks.
    """
    path = _path(folder, views, maker)
    if not _is_whole(path, views.inputs * maker.bytes_per_map):
        try:
            folder.mkdir(parents=True, exist_ok=True)
            for other in folder.glob("maps-*"):
                other.unlink()
        except OSError as error:
            raise storage_error(error, folder) from error
        fitting = _that_fit(views, maker, folder, callbacks)
        if fitting.count != views.count:
            return collect(fitting, maker, folder, read, callbacks, limits)
        callbacks.stage("features", views.inputs)
        _write(path, _computed(views, maker, read, callbacks, limits))
    else:
        callbacks.stage("features", views.inputs)
        callbacks.progress(views.inputs)
    return _opened(path, views, maker)


class ActivationInputs:
    """Maps as batches for the tail: ``training.inputs.Inputs``.

    Which variant of a picture an epoch sees depends on the seed, the epoch and the row, and on nothing else.
    """

    def __init__(
        self,
        activations: Activations,
        keys: Sequence[str],
        seed: int,
        device: "torch.device | str" = "cpu",
        *,
        views: int | None = None,
        channels_last: bool = False,
    ) -> None:
        """Choose pictures.

        Args:
            activations: hold them.
            keys: SHA-256 of each, N of them; what is asked for counts within these.
            seed: of the run.
            device: where the batches are wanted.
            views: so many variants are drawn from beside the picture as it is; None for all there are. The pictures
                must have so many.
            channels_last: how maps [B, C, h, w] lie in memory; convolutions on a processor are quicker so.
        """
        self._maps = activations.maps
        self._rows = activations.rows_of(keys)
        self._views = activations.views if views is None else views
        self._seed = seed
        self._device = device
        self._channels_last = channels_last and activations.maps.ndim == 4

    def __len__(self) -> int:
        return len(self._rows)

    def learn(self, rows: NDArray[np.int64], epoch: int) -> "torch.Tensor":
        """One of the views of each of these pictures: [B, ...] float32 on the device."""
        if not self._views:
            return self.judge(rows)
        drawn = np.random.default_rng((self._seed, epoch, _VIEW)).integers(0, self._views + 1, len(self._rows))
        return self._tensor(self._rows[rows] + drawn[rows])

    def judge(self, rows: NDArray[np.int64]) -> "torch.Tensor":
        """These pictures as they are: [B, ...] float32 on the device."""
        return self._tensor(self._rows[rows])

    def _tensor(self, places: NDArray[np.int64]) -> "torch.Tensor":
        import torch

        maps = torch.from_numpy(self._maps[places]).to(self._device)
        order = torch.channels_last if self._channels_last else torch.contiguous_format
        return maps.to(dtype=torch.float32, memory_format=order)


def _path(folder: Path, views: Views, maker: MapMaker) -> Path:
    """The file's name says all that the maps depend on."""
    about = {
        "format": _FORMAT,
        "front": [*maker.identity, maker.front.engine, *maker.shape],
        "preprocessing": maker.preprocessing.model_dump(mode="json"),
        "pictures": [[item.sha256, item.views] for item in views.wanted()],
        "augment": views.augment.resolved().model_dump(mode="json") if views.count else None,
        "seed": views.seed if views.count else 0,
    }
    digest = hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:32]
    return folder / f"maps-{digest}.bin"


def _is_whole(path: Path, size: int) -> bool:
    """The note beside the file is written once all of the file is."""
    try:
        note = json.loads(path.with_suffix(".json").read_bytes())
        return bool(note["boot"] == _boot()) and path.stat().st_size == size
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _boot() -> str:
    """Which start of the machine this is; empty where the system does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return ""


def _that_fit(views: Views, maker: MapMaker, folder: Path, callbacks: TrainingCallbacks) -> Views:
    """The same with as many variants as the disk has room for.

    Raises:
        StorageError: there is no room even without.
    """
    room = shutil.disk_usage(folder).free - _SPARE_BYTES
    for count in range(views.count, -1, -1):
        fewer = replace(views, count=count)
        if fewer.inputs * maker.bytes_per_map <= room:
            if count < views.count:
                callbacks.message(
                    f"The disk has no room for {views.count} variants of each training picture; "
                    f"it learns from {count or 'none'}."
                )
            return fewer
    needed = replace(views, count=0).inputs * maker.bytes_per_map
    raise StorageError(
        "There is not enough room on the disk for what the network makes of the pictures",
        why=f"It takes {needed / 1e9:.1f} GB, and {max(room, 0) / 1e9:.1f} GB can be used in {folder}",
        remedy="Free some space, or choose the preset quick, which needs none",
    )


def _computed(
    views: Views,
    maker: MapMaker,
    read: Callable[[str], bytes],
    callbacks: TrainingCallbacks,
    limits: ImportLimits,
) -> Iterator[NDArray[np.float16]]:
    """Each input's map, in order; decoding goes on meanwhile."""
    inputs = load_views(views.wanted(), read, maker.preprocessing, views.augment, views.seed, limits)
    for done, computed in enumerate(maker.front.stream(inputs), start=1):
        yield np.clip(computed, -_LARGEST, _LARGEST).astype(np.float16)
        callbacks.progress(done)
        callbacks.check_cancelled()


def _write(path: Path, maps: Iterator[NDArray[np.float16]]) -> None:
    """Write the file, then the note that it is whole. Written, not mapped: a full disk then says so.

    It is not flushed to the disk, which may take longer than computing it: after the machine was started anew it is
    computed again.
    """
    try:
        with path.open("wb") as handle:
            for computed in maps:
                handle.write(computed.tobytes())
        write_json(path.with_suffix(".json"), {"boot": _boot()})
    except OSError as error:
        raise storage_error(error, path) from error


def _opened(path: Path, views: Views, maker: MapMaker) -> Activations:
    first, row = {}, 0
    for item in views.wanted():
        first[item.sha256] = row
        row += 1 + item.views
    try:
        maps = np.memmap(path, dtype=np.float16, mode="r", shape=(row, *maker.shape))
    except OSError as error:
        raise storage_error(error, path) from error
    return Activations(maps, views.count, first)
