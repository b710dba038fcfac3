"""One model in memory with what predicting and explaining need; each part is made when first used."""

import threading
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from clf_core import device
from clf_core.config import ImportLimits

if TYPE_CHECKING:
    from clf_core.explanation.heatmap import HeatmapMaker
    from clf_core.models.backbone import Backbone
    from clf_core.models.classifier import Classifier
    from clf_core.models.runtime import FeatureRuntime
    from clf_core.prediction.predictor import Predictor


@dataclass
class LoadedModel:
    """A network and the classifier that stands on it. Safe to use from several threads."""

    backbone: "Backbone"
    classifier: "Classifier"
    limits: ImportLimits
    # A lock each: making the maps imports torch for seconds, and answers must not wait for that.
    _runtime_lock: threading.Lock = field(default_factory=threading.Lock)
    _predictor_lock: threading.Lock = field(default_factory=threading.Lock)
    _heatmaps_lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def runtime(self) -> "FeatureRuntime":
        """The network without its head, compiled: pictures in, feature vectors out.

        Raises:
            StorageError: the compiled network's files are damaged.
        """
        with self._runtime_lock:
            return self._runtime

    @property
    def predictor(self) -> "Predictor":
        """The compiled network with the head: answers for pictures.

        Raises:
            StateError: the model does not fit the pretrained network on this machine.
            StorageError: the compiled network's files are damaged.
        """
        with self._predictor_lock:
            return self._predictor

    @property
    def heatmaps(self) -> "HeatmapMaker":
        """The torch network, only for maps; importing torch takes seconds, so it waits until asked for."""
        with self._heatmaps_lock:
            return self._heatmaps

    @cached_property
    def _runtime(self) -> "FeatureRuntime":
        from clf_core.models.runtime import open_runtime

        return open_runtime(self.backbone, device.choose("auto"))

    @cached_property
    def _predictor(self) -> "Predictor":
        from clf_core.prediction.predictor import Predictor

        return Predictor(self.classifier, self.runtime, self.limits)

    @cached_property
    def _heatmaps(self) -> "HeatmapMaker":
        from clf_core.explanation.heatmap import HeatmapMaker
        from clf_core.models.network import build_network

        return HeatmapMaker(build_network(self.backbone, self.classifier), self.classifier.spec.preprocessing)
