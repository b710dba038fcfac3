"""What a prepared backbone is: a folder of data files and the record that describes it.

Making such folders belongs to ``backbone_store``, running them to ``runtime`` and ``network``.
"""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from clf_core.config import NetworkConfig, Preprocessing
from clf_core.values import Value

SPEC_FILE = "spec.json"
WEIGHTS_FILE = "weights.safetensors"
HEAD_FILE = "head.safetensors"
COMPILED_FILE = "network.xml"
COMPILED_WEIGHTS_FILE = "network.bin"


class BackboneSpec(Value):
    """Everything one needs to know of a pretrained network without loading it."""

    format_version: Literal[1] = 1
    name: str = Field(description="Name of the timm model, with or without its pretrained tag.")
    weights_sha256: str = Field(description="SHA-256 of weights.safetensors; a classifier is tied to it.")
    feature_dim: int = Field(gt=0, description="Length D of the pooled feature vector.")
    preprocessing: Preprocessing
    class_names: tuple[str, ...] = Field(description="Classes of its own head, in order; empty where it has none.")
    licence: str
    source: str = Field(description="Where the weights came from.")
    parameters: int = Field(ge=0, description="Number of weights, without the head.")
    files: dict[str, str] = Field(
        description="SHA-256 of each file beside this one; without network.xml the network runs on torch."
    )
    network: NetworkConfig | None = Field(None, description="Layers of a small network; None for a timm model.")


@dataclass(frozen=True)
class Backbone:
    """A prepared backbone on disk.

    Attributes:
        spec: its description.
        folder: holds spec.json, weights.safetensors and, where there are such, head.safetensors
            (its own classes) and network.xml + network.bin (compiled form: uint8 [1, S, S, 3] RGB in,
            float32 [1, D] out, normalisation inside).
    """

    spec: BackboneSpec
    folder: Path

    @property
    def weights(self) -> Path:
        """State dict of the timm model without a head."""
        return self.folder / WEIGHTS_FILE

    @property
    def head(self) -> Path | None:
        """Its own head: 'weight' float32 [K, D] and 'bias' float32 [K]."""
        return self.folder / HEAD_FILE if HEAD_FILE in self.spec.files else None

    @property
    def compiled(self) -> Path | None:
        """The compiled form, or None where the network could not be converted."""
        return self.folder / COMPILED_FILE if COMPILED_FILE in self.spec.files else None


def file_sha256(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal. Raises OSError where it cannot be read."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def read_spec(path: Path) -> BackboneSpec | None:
    """Read a description; None where there is none, or none that can be used."""
    try:
        spec = BackboneSpec.model_validate(json.loads(path.read_bytes()))
    except (OSError, ValueError, ValidationError):
        return None
    known = {WEIGHTS_FILE, HEAD_FILE, COMPILED_FILE, COMPILED_WEIGHTS_FILE}
    return spec if set(spec.files) <= known else None
