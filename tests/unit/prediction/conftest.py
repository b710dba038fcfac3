import io
from types import SimpleNamespace

import pytest
from PIL import Image

from clf_core.models.classifier import Classifier
from clf_core.prediction.predictor import Predictor
from tests.pretended_model import MeanColours, pretended_classifier


def _classifier(classes: tuple[str, ...] = ("red", "green", "blue")) -> Classifier:
    return pretended_classifier(classes, range(min(3, len(classes))), strength=10)


def _png(red: int, green: int, blue: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 16), (red, green, blue)).save(buffer, "PNG")
    return buffer.getvalue()


@pytest.fixture(scope="session")
def colours():
    """Makers: ``runtime``, ``classifier(classes)``, ``png(r, g, b)``; and a ready ``predictor``."""
    return SimpleNamespace(
        runtime=MeanColours,
        classifier=_classifier,
        png=_png,
        predictor=Predictor(_classifier(), MeanColours()),
    )
