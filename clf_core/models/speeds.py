"""How fast networks ran on this machine: measured once, kept beside them, also noted after each training."""

import json
import threading
from pathlib import Path
from typing import Literal

from pydantic import Field, TypeAdapter, ValidationError

from clf_core.errors import StorageError
from clf_core.files import write_json
from clf_core.models.backbone import BackboneSpec
from clf_core.values import Value

SpeedSource = Literal["measured", "training"]


class Speed(Value):
    """Pictures through a frozen network, without its last layer."""

    pictures_per_second: float = Field(gt=0)
    source: SpeedSource = Field(
        description="measured: the network alone; training: as seen in a run, decoding included, so the network alone "
        "is at least as fast."
    )


_SPEEDS = TypeAdapter(dict[str, Speed])


class Speeds:
    """Speeds of one workspace. Safe to call from several threads; a file that cannot be read counts as empty.

    Args:
        path: the file, made when a first speed is noted.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()

    def all(self) -> dict[str, Speed]:
        """Return every speed known, by ``speed_key``."""
        try:
            return _SPEEDS.validate_python(json.loads(self._path.read_bytes()))
        except (OSError, ValueError, ValidationError):
            return {}

    def note(self, spec: BackboneSpec, pictures_per_second: float, source: SpeedSource) -> None:
        """Keep a speed. What a training showed never replaces a measurement, nor a faster training.

        That the disk refuses is passed over: the figure is a convenience, and a run must not fail for it.
        """
        if not pictures_per_second > 0:
            return
        key = speed_key(spec.name, spec.preprocessing.input_size)
        with self._lock:
            known = self.all()
            before = known.get(key)
            if source == "training" and before is not None:
                better = before.source == "training" and before.pictures_per_second < pictures_per_second
                if not better:
                    return
            known[key] = Speed(pictures_per_second=pictures_per_second, source=source)
            try:
                write_json(self._path, {name: speed.model_dump(mode="json") for name, speed in known.items()})
            except StorageError:
                return


def speed_key(name: str, input_size: int) -> str:
    """Return what a speed is filed under: the same network is slower on larger pictures."""
    return f"{name}@{input_size}"
