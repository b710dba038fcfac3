"""A model that needs no network: its features are a picture's mean colours, and its evidence is a colour channel."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clf_core.config import ImportLimits, Preprocessing
from clf_core.models.backbone import BackboneSpec
from clf_core.models.classifier import Classifier, ClassifierSpec
from clf_core.prediction.predictor import Predictor

PREPROCESSING = Preprocessing(input_size=16, resize_size=16, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
CHANNELS = {"red": 0, "green": 1, "blue": 2}
_IN_FLIGHT = 3
_WEIGHTS = "0" * 64


class MeanColours:
    """A runtime whose features are the three mean colours of a picture, 0..1."""

    spec = BackboneSpec(
        name="mean-colours",
        weights_sha256=_WEIGHTS,
        feature_dim=3,
        preprocessing=PREPROCESSING,
        class_names=(),
        licence="",
        source="test",
        parameters=1,
        files={},
    )
    engine = "numpy"

    def __init__(self) -> None:
        self.asked = 0

    def features(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        self.asked += len(batch)
        return np.asarray(batch.mean(axis=(1, 2)) / 255, dtype=np.float32)

    def stream(self, inputs: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        # Like a real one it has some pictures in flight before the first answer comes.
        held: deque[NDArray[np.uint8]] = deque()
        for picture in inputs:
            held.append(picture)
            if len(held) > _IN_FLIGHT:
                yield self.features(held.popleft()[None])[0]
        for picture in held:
            yield self.features(picture[None])[0]


class ColourHeatmaps:
    """Evidence for a class is its colour."""

    layer = "colours"

    def __init__(self, classes: tuple[str, ...]) -> None:
        self._classes = classes
        self.asked = 0

    def heatmap(self, picture: NDArray[np.uint8], target: int) -> NDArray[np.float32]:
        self.asked += 1
        return np.asarray(picture[..., CHANNELS[self._classes[target]]] / 255, dtype=np.float32)


def pretended_classifier(classes: tuple[str, ...], channels: Sequence[int], *, strength: float = 20) -> Classifier:
    """A head on mean colours; ``channels`` are those of the first classes, the others have none."""
    spec = ClassifierSpec(
        backbone="mean-colours", weights_sha256=_WEIGHTS, feature_dim=3, preprocessing=PREPROCESSING, classes=classes
    )
    weight = np.zeros((len(classes), 3), dtype=np.float32)
    weight[np.arange(len(channels)), channels] = strength
    return Classifier(spec, weight, np.zeros(len(classes), dtype=np.float32))


def pretended_model(classes: tuple[str, ...]) -> Any:
    """What the background work on a run needs of a loaded model; ``classes`` are names of colours in class order."""
    classifier = pretended_classifier(classes, [CHANNELS[name] for name in classes])
    runtime = MeanColours()
    return SimpleNamespace(
        classifier=classifier,
        runtime=runtime,
        predictor=Predictor(classifier, runtime),
        heatmaps=ColourHeatmaps(classes),
        limits=ImportLimits(),
    )
