"""Runs the frozen front of a cut network: pictures in, maps out. Imports torch.

On a CPU the front is converted once for OpenVINO and kept beside the network it was cut from; on a GPU, or where it
cannot be converted, torch runs it.
"""

import hashlib
import json
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from clf_core.config import Preprocessing
from clf_core.device import Device
from clf_core.errors import StorageError
from clf_core.files import write_json
from clf_core.models.backbone import COMPILED_FILE, COMPILED_WEIGHTS_FILE, Backbone, file_sha256
from clf_core.models.compiled import convert
from clf_core.models.network import normalise
from clf_core.models.runtime import OpenVinoRuntime

_FORMAT = 1
_NOTE = "front.json"
_FILES = (COMPILED_FILE, COMPILED_WEIGHTS_FILE)


class MapRuntime(Protocol):
    """A loaded front."""

    @property
    def engine(self) -> str:
        """What does the work, for people: such as 'OpenVINO, bf16'."""

    def stream(self, inputs: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """Pictures uint8 [S, S, 3] one by one -> maps float32 without the batch's axis, in the same order.

        Drawing from ``inputs`` goes on while the network works. Errors raised by ``inputs`` pass through.
        """


@dataclass(frozen=True)
class FrontSource:
    """What a front is made of.

    Attributes:
        backbone: the network it was cut from.
        module: the front, ``cutting.Front``, on the CPU.
        name: of the cut, such as 'blocks.5'.
        preprocessing: how a picture becomes its input.
    """

    backbone: Backbone
    module: nn.Module
    name: str
    preprocessing: Preprocessing


def open_front(source: FrontSource, device: Device, scratch: Path) -> MapRuntime:
    """Load a front, converting it first where that was not done yet.

    Args:
        source: what it is made of.
        device: where it runs.
        scratch: where it is kept if the backbone's own folder cannot be written to.

    Raises:
        StorageError: neither folder can be written to.
    """
    if device == "cpu":
        folder = _converted(source, source.backbone.folder / "fronts") or _converted(source, scratch / "fronts")
        if folder is not None:
            spec = source.backbone.spec
            files = dict.fromkeys(_FILES, "")
            return OpenVinoRuntime(Backbone(spec.model_copy(update={"files": files}), folder))
    return TorchFront(source.module, source.preprocessing, device)


class TorchFront:
    """The front as it is, on a GPU or, where it cannot be converted, on the CPU."""

    def __init__(self, module: nn.Module, preprocessing: Preprocessing, device: Device) -> None:
        self._module = module.eval().to(device)
        self._preprocessing = preprocessing
        self._device = device
        self._batch = 64 if device == "cuda" else 8

    @property
    def engine(self) -> str:
        """Such as 'torch on cuda, float32'."""
        return f"torch on {self._device}, float32"

    def stream(self, inputs: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """See ``MapRuntime.stream``."""
        pictures = iter(inputs)
        while chunk := list(islice(pictures, self._batch)):
            with torch.inference_mode():
                maps = self._module(normalise(np.stack(chunk), self._preprocessing, self._device))
            yield from maps.float().cpu().numpy()


def _converted(source: FrontSource, place: Path) -> Path | None:
    """The folder with the converted front, made where it is not there yet; None where that is impossible."""
    about = {
        "format": _FORMAT,
        "weights": source.backbone.spec.weights_sha256,
        "cut": source.name,
        "preprocessing": source.preprocessing.model_dump(mode="json", exclude={"fit", "resize_size", "interpolation"}),
    }
    folder = place / hashlib.sha256(json.dumps(about, sort_keys=True).encode()).hexdigest()[:24]
    if _is_whole(folder):
        return folder
    try:
        place.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(dir=place, prefix=".making-"))
    except OSError:
        return None
    try:
        if not convert(source.module, source.preprocessing, temporary / COMPILED_FILE):
            return None
        files = {name: file_sha256(temporary / name) for name in _FILES}
        write_json(temporary / _NOTE, {"about": about, "files": files})
        _replace(temporary, folder)
        return folder if _is_whole(folder) else None
    except (OSError, RuntimeError, StorageError):  # OpenVINO reports a full disk as a RuntimeError
        return None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def _replace(temporary: Path, folder: Path) -> None:
    """Move what was made into place; who comes second keeps what the first one made."""
    if folder.exists() and not _is_whole(folder):
        shutil.rmtree(folder, ignore_errors=True)
    try:
        temporary.rename(folder)
    except OSError:
        if not _is_whole(folder):
            raise


def _is_whole(folder: Path) -> bool:
    """Whether the files are those that were written."""
    try:
        files = json.loads((folder / _NOTE).read_bytes())["files"]
        return bool(files) and all(file_sha256(folder / name) == files[name] for name in _FILES)
    except (OSError, ValueError, KeyError, TypeError):
        return False
