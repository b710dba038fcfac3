"""Models kept ready in memory, so that the second picture is answered at once."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

from clf_core import device
from clf_core.api.runs import Runs
from clf_core.config import DEFAULT_BACKBONE, ImportLimits
from clf_core.values import STARTER
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory
from clf_core.workspace.starting import body_of

if TYPE_CHECKING:
    from clf_core.explanation.heatmap import HeatmapMaker
    from clf_core.models.backbone import Backbone
    from clf_core.models.classifier import Classifier
    from clf_core.prediction.predictor import Predictor

_KEPT = 2
"""Models in memory: the one in use and the one it is compared with."""


@dataclass
class LoadedModel:
    """One model with what predicting and explaining need; each part is made when first used."""

    backbone: "Backbone"
    classifier: "Classifier"
    limits: ImportLimits
    # Two locks: making the maps imports torch for seconds, and answers must not wait for that.
    _predictor_lock: threading.Lock = field(default_factory=threading.Lock)
    _heatmaps_lock: threading.Lock = field(default_factory=threading.Lock)

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
    def _predictor(self) -> "Predictor":
        from clf_core.models.runtime import open_runtime
        from clf_core.prediction.predictor import Predictor

        return Predictor(self.classifier, open_runtime(self.backbone, device.choose("auto")), self.limits)

    @cached_property
    def _heatmaps(self) -> "HeatmapMaker":
        from clf_core.explanation.heatmap import HeatmapMaker
        from clf_core.models.network import build_network

        return HeatmapMaker(build_network(self.backbone, self.classifier), self.classifier.spec.preprocessing)


class LoadedModels:
    """The models last used; the one unused longest makes room. Safe to call from several threads."""

    def __init__(self, workspace: Workspace, runs: Runs, limits: ImportLimits) -> None:
        self._workspace = workspace
        self._limits = limits
        self._runs = runs
        self._models: OrderedDict[str, LoadedModel] = OrderedDict()
        self._loading: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)
        self._lock = threading.Lock()

    def get(self, model_ref: str) -> LoadedModel:
        """Return the model of a finished run, or the pretrained one for ``STARTER``.

        Raises:
            NotFoundError: no such run.
            StateError: the run has no model (yet).
            StorageError: its files are damaged.
            WeightsUnavailableError: the pretrained network is not on this machine and cannot be fetched.
        """
        if model_ref == STARTER:
            return self._remembered(STARTER, self._load_starter)
        run = self._runs.finished(model_ref)
        return self._remembered(run.record.id, lambda: self._load_run(run))

    def _remembered(self, key: str, load: Callable[[], LoadedModel]) -> LoadedModel:
        with self._lock:
            loading = self._loading[key]
        # Held while loading: two threads that want the same model must not load it twice, and those that want another
        # must not wait for a network that is being prepared.
        with loading:
            with self._lock:
                model = self._models.get(key)
            if model is None:
                model = load()
            with self._lock:
                self._models[key] = model
                self._models.move_to_end(key)
                while len(self._models) > _KEPT:
                    self._models.popitem(last=False)
            return model

    def _load_starter(self) -> LoadedModel:
        from clf_core.models.classifier import starter_classifier

        backbone = self._workspace.backbones.ensure(DEFAULT_BACKBONE)
        return LoadedModel(backbone, starter_classifier(backbone), self._limits)

    def _load_run(self, run: RunDirectory) -> LoadedModel:
        from clf_core.models.classifier import load_classifier

        classifier = load_classifier(run.model_folder)
        return LoadedModel(body_of(self._workspace, run), classifier, self._limits)
