import io
from collections.abc import Iterable, Iterator
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from clf_core.config import Preprocessing
from clf_core.models.backbone import BackboneSpec
from clf_core.models.classifier import Classifier, ClassifierSpec
from clf_core.prediction.predictor import Predictor

PREPROCESSING = Preprocessing(input_size=16, resize_size=16, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
WEIGHTS = "0" * 64


class MeanColour:
    """A runtime whose features are the three mean colours of a picture, 0..1."""

    spec = BackboneSpec(
        name="mean-colour",
        weights_sha256=WEIGHTS,
        feature_dim=3,
        preprocessing=PREPROCESSING,
        class_names=(),
        licence="",
        source="test",
        parameters=1,
        files={},
    )
    engine = "numpy"

    def features(self, batch: np.ndarray) -> np.ndarray:
        return (batch.mean(axis=(1, 2)) / 255).astype(np.float32)

    def stream(self, inputs: Iterable[np.ndarray]) -> Iterator[np.ndarray]:
        # Like a real one it has some pictures in flight before the first answer comes.
        held = []
        for picture in inputs:
            held.append(picture)
            if len(held) > 3:
                yield self.features(held.pop(0)[None])[0]
        for picture in held:
            yield self.features(picture[None])[0]


def _classifier(classes: tuple[str, ...] = ("red", "green", "blue")) -> Classifier:
    weight = np.zeros((len(classes), 3), dtype=np.float32)
    weight[:3, :3] = 10 * np.eye(3)[: len(classes)]
    spec = ClassifierSpec(
        backbone="mean-colour", weights_sha256=WEIGHTS, feature_dim=3, preprocessing=PREPROCESSING, classes=classes
    )
    return Classifier(spec, weight, np.zeros(len(classes), dtype=np.float32))


def _png(red: int, green: int, blue: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 16), (red, green, blue)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def colours():
    """Makers: ``runtime``, ``classifier(classes)``, ``png(r, g, b)``; and a ready ``predictor``."""
    return SimpleNamespace(
        runtime=MeanColour,
        classifier=_classifier,
        png=_png,
        predictor=Predictor(_classifier(), MeanColour()),
    )
