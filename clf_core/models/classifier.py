"""A trained classifier as data: which backbone it stands on, its classes and one linear layer.

Stored as model.json and head.safetensors; reading them runs no code from the files.
"""

import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, ValidationError, model_validator

from clf_core.config import Preprocessing
from clf_core.errors import NotFoundError, StateError, StorageError
from clf_core.files import write_bytes, write_json
from clf_core.models.backbone import HEAD_FILE, Backbone, BackboneSpec
from clf_core.values import Value

MODEL_FILE = "model.json"


class ClassifierSpec(Value):
    """All of a classifier but its numbers."""

    format_version: Literal[1] = 1
    backbone: str = Field(min_length=1, max_length=200, description="Name of the timm model it stands on.")
    weights_sha256: str = Field(
        pattern="^[0-9a-f]{64}$", description="SHA-256 of the backbone's weights it was made with."
    )
    feature_dim: int = Field(gt=0, description="Length D of the feature vector.")
    preprocessing: Preprocessing
    classes: tuple[str, ...] = Field(min_length=2, description="Class names in the order of the logits.")
    created: float = Field(0.0, description="Unix seconds; 0 for a published model.")
    temperature: float = Field(
        1.0, gt=0, allow_inf_nan=False, description="The logits are divided by it before they become probabilities."
    )

    @model_validator(mode="after")
    def _classes_differ(self) -> Self:
        if len(set(self.classes)) != len(self.classes):
            raise ValueError("class names must differ from each other")
        return self


@dataclass(frozen=True)
class Classifier:
    """A linear layer over a backbone's features.

    Attributes:
        spec: what it belongs to.
        weight: [K, D] float32.
        bias: [K] float32.
    """

    spec: ClassifierSpec
    weight: NDArray[np.float32]
    bias: NDArray[np.float32]

    def __post_init__(self) -> None:
        shape = (len(self.spec.classes), self.spec.feature_dim)
        if self.weight.shape != shape or self.bias.shape != shape[:1]:
            raise ValueError(f"a head of shape {self.weight.shape} + {self.bias.shape} does not fit {shape}")
        if self.weight.dtype != np.float32 or self.bias.dtype != np.float32:
            raise ValueError("a head is float32")
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            raise ValueError("a head holds finite numbers only")

    def logits(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features [N, D] float32 -> logits [N, K] float32, before the temperature."""
        return np.asarray(features @ self.weight.T + self.bias, dtype=np.float32)

    def probabilities(self, features: NDArray[np.float32]) -> NDArray[np.float32]:
        """Features [N, D] float32 -> softmax of logits over temperature, [N, K] float32, each row adding up to 1."""
        logits = self.logits(features).astype(np.float64) / self.spec.temperature
        logits -= logits.max(axis=1, keepdims=True)
        odds = np.exp(logits)
        return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float32)

    def calibrated(self, temperature: float) -> "Classifier":
        """The same with another temperature; which class is named does not change."""
        return replace(self, spec=self.spec.model_copy(update={"temperature": temperature}))

    def require(self, backbone: BackboneSpec) -> None:
        """Make sure that this classifier was made with exactly these backbone weights.

        Raises:
            StateError: it was made with others, so its answers would be meaningless.
        """
        if backbone.weights_sha256 != self.spec.weights_sha256:
            raise StateError(
                f"This classifier does not fit the weights of {backbone.name} on this machine",
                why="It was trained on other weights",
                remedy="Train it again here, or use it where it was trained",
            )


def save_classifier(folder: Path, classifier: Classifier) -> None:
    """Write ``classifier`` into ``folder``; model.json comes last, so its presence means it is whole.

    Raises:
        StorageError: the disk refused.
    """
    from safetensors.numpy import save

    write_bytes(folder / HEAD_FILE, save({"weight": classifier.weight, "bias": classifier.bias}))
    write_json(folder / MODEL_FILE, classifier.spec.model_dump(mode="json"))


def load_classifier(folder: Path) -> Classifier:
    """Read what ``save_classifier`` wrote.

    Raises:
        NotFoundError: there is no classifier in ``folder``.
        StorageError: the files are damaged, or from a newer version of the studio.
    """
    try:
        spec = ClassifierSpec.model_validate(json.loads((folder / MODEL_FILE).read_bytes()))
        weight, bias = read_head(folder / HEAD_FILE)
        return Classifier(spec, weight, bias)
    except FileNotFoundError as error:
        raise NotFoundError("There is no trained model here", why="Its files are missing", remedy="Train it") from error
    except (OSError, ValueError, ValidationError) as error:
        raise StorageError(
            "The trained model cannot be read",
            why="Its files are damaged or were written by a newer version of the studio",
            remedy="Train it again, or update the studio",
        ) from error


def starter_classifier(backbone: Backbone) -> Classifier:
    """The backbone's own classes, as published with it.

    Raises:
        NotFoundError: this backbone comes without classes of its own.
    """
    spec = backbone.spec
    if backbone.head is None:
        raise NotFoundError(
            f"The model {spec.name} comes without classes of its own", remedy="Train it on your pictures first"
        )
    weight, bias = read_head(backbone.head)
    return Classifier(
        ClassifierSpec(
            backbone=spec.name,
            weights_sha256=spec.weights_sha256,
            feature_dim=spec.feature_dim,
            preprocessing=spec.preprocessing,
            classes=spec.class_names,
        ),
        weight,
        bias,
    )


def read_head(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Read 'weight' [K, D] and 'bias' [K], float32.

    Raises:
        FileNotFoundError: no such file.
        ValueError: not a head in safetensors form.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        tensors = load(path.read_bytes())
        return tensors["weight"], tensors["bias"]
    except (SafetensorError, KeyError) as error:
        raise ValueError(f"not a head: {error}") from error
