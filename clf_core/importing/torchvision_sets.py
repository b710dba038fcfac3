"""Published datasets that torchvision knows how to fetch, from a short list: each is checked against its checksum.

Files that hold pictures are passed on as they are; pictures in arrays become PNG files. CIFAR's arrays are published
as pickles, which can run code when they are opened, so they are read by an unpickler that knows arrays only.
"""

import io
import pickle
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from platformdirs import user_cache_path

from clf_core.config import ImportLimits
from clf_core.data.signatures import is_picture
from clf_core.errors import CancelledError, NotFoundError, PictureError, SourceError
from clf_core.importing.entries import Budget, SourceBase, SourceFile, shortened
from clf_core.importing.kinds import START_BYTES
from clf_core.importing.layout import named_split
from clf_core.reachability import answers
from clf_core.results import SkippedFile

PROBE_SECONDS = 5.0
_SOCKET_SECONDS = 20.0

Cancelled = Callable[[], bool]


@dataclass(frozen=True)
class _Set:
    """How torchvision is asked for one dataset.

    Attributes:
        splits: its names of the splits; () if it has none.
        server: what has to answer for a download.
        flag: whether the split is told by ``train=True``.
        paths: attribute with the pictures' files; empty where pictures are in an array.
        targets: attribute with the classes' numbers.
    """

    splits: tuple[str, ...]
    server: str
    flag: bool = False
    paths: str = ""
    targets: str = "_labels"


_MNIST = _Set(("train", "test"), "https://ossci-datasets.s3.amazonaws.com", flag=True, targets="targets")
_CIFAR = _Set(("train", "test"), "https://www.cs.toronto.edu", flag=True, targets="targets")

_SETS: dict[str, _Set] = {
    "MNIST": _MNIST,
    "FashionMNIST": _Set(
        ("train", "test"), "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com", True, "", "targets"
    ),
    "CIFAR10": _CIFAR,
    "CIFAR100": _CIFAR,
    "SVHN": _Set(("train", "test"), "http://ufldl.stanford.edu", targets="labels"),
    "STL10": _Set(("train", "test"), "http://ai.stanford.edu", targets="labels"),
    "Flowers102": _Set(("train", "val", "test"), "https://thor.robots.ox.ac.uk", paths="_image_files"),
    "Food101": _Set(("train", "test"), "http://data.vision.ee.ethz.ch", paths="_image_files"),
    "OxfordIIITPet": _Set(("trainval", "test"), "https://thor.robots.ox.ac.uk", paths="_images"),
    "EuroSAT": _Set((), "https://huggingface.co", paths="samples", targets="samples"),
    "GTSRB": _Set(("train", "test"), "https://sid.erda.dk", paths="_samples", targets="_samples"),
}

NAMES = tuple(_SETS)


class TorchvisionPictures(SourceBase):
    """The pictures of one dataset of torchvision's."""

    def __init__(
        self, title: str, parts: Sequence[tuple[str, _Set, Any]], limits: ImportLimits, most: int | None
    ) -> None:
        self.title = title
        self._parts = tuple(parts)
        self._limits = limits
        self._most = most

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """See ``Source.files``; sizes are unknown before reading."""
        budget = Budget(self._limits)
        taken = 0
        for word, how, dataset in self._parts:
            classes = list(getattr(dataset, "classes", ()))
            for place in range(len(dataset)):
                if taken == self._most:
                    return
                taken += 1
                budget.count_file()
                target = getattr(dataset, how.targets)[place]
                number = int(target[1] if isinstance(target, tuple) else target)
                label = str(classes[number]) if 0 <= number < len(classes) else f"{number:02d}"
                split = named_split("train" if word == "trainval" else word)
                read = partial(_read_file if how.paths else _draw, dataset, how, place)
                yield SourceFile(f"{word}/{place:06}", 0, read, label=label, split=split)


def open_torchvision(
    name: str,
    limits: ImportLimits,
    *,
    split: str | None,
    most: int | None,
    cache: Path | None,
    cancelled: Cancelled | None,
) -> TorchvisionPictures:
    """Fetch a dataset of torchvision's, unless it is here already, and open it. See ``open_hub``."""
    known = next((key for key in _SETS if key.lower() == name.strip().lower()), None)
    if known is None:
        raise NotFoundError(
            f"There is no dataset 'torchvision:{shortened(name)}' here", remedy=f"There is {', '.join(NAMES)}"
        )
    how = _SETS[known]
    words = how.splits or ("all",)
    if split is not None:
        words = tuple(word for word in words if split == word or (word == "trainval" and split == "train"))
        if not words:
            remedy = f"There is {', '.join(how.splits)}" if how.splits else "It is not divided"
            raise NotFoundError(f"The dataset {known} has no split called '{shortened(split)}'", remedy=remedy)
    folder = (cache or user_cache_path("image-classifier-studio", appauthor=False)) / "torchvision"
    parts = []
    for word in words:
        if cancelled is not None and cancelled():
            raise CancelledError("The import was cancelled", remedy="Nothing was added to your datasets")
        parts.append((word, how, _obtain(known, how, word, folder / known)))
    return TorchvisionPictures(known, parts, limits, most)


def _obtain(name: str, how: _Set, word: str, folder: Path) -> Any:
    """The dataset from the cache, else after a look whether anything answers, by download."""
    import torchvision.datasets

    kind = getattr(torchvision.datasets, name)
    options: dict[str, Any] = {}
    if how.splits:
        options = {"train": word == "train"} if how.flag else {"split": word}
    make = partial(_Cifar, kind) if name.startswith("CIFAR") else kind
    try:
        folder.mkdir(parents=True, exist_ok=True)
        try:
            return make(str(folder), download=False, **options)
        except (RuntimeError, FileNotFoundError):  # not here yet, or only in part
            pass
        if not answers(how.server, PROBE_SECONDS):
            raise _not_fetched(name, f"{how.server} could not be reached from this machine")
        with _short_patience():
            return make(str(folder), download=True, **options)
    except SourceError:
        raise
    except Exception as error:  # whatever a reader of foreign files may throw
        raise _not_fetched(name, next(iter(str(error).splitlines()), "")[:300]) from error


@contextmanager
def _short_patience() -> Iterator[None]:
    """torchvision's downloads wait for ever unless the process's default says otherwise."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(_SOCKET_SECONDS)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def _read_file(dataset: Any, how: _Set, place: int) -> bytes:
    entry = getattr(dataset, how.paths)[place]
    path = Path(entry[0] if isinstance(entry, tuple) else entry)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise PictureError(f"The file could not be read: {(error.strerror or 'unknown reason').lower()}") from error
    return data if is_picture(data[:START_BYTES]) else _png_of_ppm(data)


def _png_of_ppm(data: bytes) -> bytes:
    """GTSRB comes as PPM, the plainest format there is, which is not accepted elsewhere."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PPM",)) as picture:
            return _png(picture.convert("RGB"))
    except Exception as error:
        raise PictureError("Damaged: what this file holds cannot be decoded") from error


def _draw(dataset: Any, how: _Set, place: int) -> bytes:
    del how
    return _png(dataset[place][0])


def _png(picture: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", compress_level=1)
    return buffer.getvalue()


class _Cifar:
    """CIFAR-10 or CIFAR-100 as torchvision fetches and checks it, read without running what a pickle says."""

    def __init__(self, kind: Any, root: str, *, train: bool, download: bool) -> None:
        source = kind.__new__(kind)
        source.root = root
        if download:
            source.download()
        if not source._check_integrity():
            raise RuntimeError("not here, or damaged")
        folder = Path(root) / kind.base_folder
        listed = kind.train_list if train else kind.test_list
        batches = [_arrays_only(folder / file) for file, _ in listed]
        self.classes = [str(name) for name in _arrays_only(folder / kind.meta["filename"])[kind.meta["key"]]]
        self.targets = [int(label) for batch in batches for label in batch.get("labels", batch.get("fine_labels"))]
        pixels = np.concatenate([batch["data"] for batch in batches]).reshape(-1, 3, 32, 32)
        self.data = pixels.transpose(0, 2, 3, 1)  # [N, 32, 32, 3] uint8

    def __len__(self) -> int:
        return len(self.targets)

    def __getitem__(self, place: int) -> tuple[Any, int]:
        from PIL import Image

        return Image.fromarray(np.ascontiguousarray(self.data[place])), self.targets[place]


class _ArrayUnpickler(pickle.Unpickler):
    """Builds numbers, texts, lists, dictionaries and numpy arrays, and refuses everything else."""

    def find_class(self, module: str, name: str) -> Any:
        allowed = {"_reconstruct": np.empty(0).__reduce__()[0], "ndarray": np.ndarray, "dtype": np.dtype}
        if (module, name) == ("_codecs", "encode"):  # how Python 3 writes bytes into an old pickle
            return lambda text, _: text.encode("latin1")
        if module in ("numpy", "numpy.core.multiarray", "numpy._core.multiarray") and name in allowed:
            return allowed[name]
        raise pickle.UnpicklingError(f"{module}.{name} has no place in an array")


def _arrays_only(path: Path) -> Any:
    with path.open("rb") as handle:
        return _ArrayUnpickler(handle, encoding="latin1").load()


def _not_fetched(name: str, why: str) -> SourceError:
    return SourceError(
        f"The dataset {name} could not be fetched",
        why=why,
        remedy="Connect this machine to the internet, or download the dataset elsewhere and import its files",
    )
