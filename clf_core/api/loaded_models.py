"""Models kept ready in memory, so that the second picture is answered at once."""

import threading
from collections import OrderedDict, defaultdict
from collections.abc import Callable

from clf_core.api.runs import Runs
from clf_core.config import DEFAULT_BACKBONE, ImportLimits
from clf_core.prediction.loaded_model import LoadedModel
from clf_core.values import STARTER
from clf_core.workspace import Workspace
from clf_core.workspace.starting import model_of

__all__ = ["LoadedModel", "LoadedModels"]

_KEPT = 2
"""Models in memory: the one in use and the one it is compared with."""


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
        return self._remembered(run.record.id, lambda: model_of(self._workspace, run, self._limits))

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
