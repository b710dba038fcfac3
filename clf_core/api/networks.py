"""Small networks of one's own design, and what the layers of any network learned."""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from clf_core.api.loaded_models import LoadedModels
from clf_core.api.pictures import told_with_name
from clf_core.config import NETWORK_PRESETS, NetworkConfig, NetworkPreset
from clf_core.results import FeatureMaps, LearnedFilters, NetworkShape, SeenLayer
from clf_core.settings import Settings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clf_core.explanation.layers import LayerViewer

_KEPT = 2


class Networks:
    """Designing networks, and looking into trained ones. ``model_ref`` is as for ``Explanations``."""

    def __init__(self, models: LoadedModels, settings: Settings) -> None:
        self._models = models
        self._limits = settings.limits
        self._viewers: OrderedDict[str, LayerViewer] = OrderedDict()
        self._lock = threading.Lock()

    def presets(self) -> dict[str, NetworkPreset]:
        """Return the networks to start from, by name; the first is the default."""
        return dict(NETWORK_PRESETS)

    def shape(self, network: NetworkConfig, classes: int) -> NetworkShape:
        """Return what each layer gives and costs, up to the first that cannot be; takes well under a millisecond.

        Args:
            network: its layers.
            classes: how many it tells apart; at least 2.
        """
        from clf_core.models.small_cnn_shapes import network_shape

        return network_shape(network, classes)

    def filters(self, model_ref: str) -> LearnedFilters:
        """Return what the first convolution of a model looks for.

        Raises:
            InputError: it has none.
            NotFoundError, StateError, WeightsUnavailableError: about the model.
        """
        return self._viewer(model_ref).filters()

    def layers(self, model_ref: str) -> tuple[SeenLayer, ...]:
        """Return the layers of a model whose maps can be looked at.

        Raises:
            InputError: it keeps no maps, such as a plain vision transformer; says so in words.
            NotFoundError, StateError, WeightsUnavailableError: about the model.
        """
        return self._viewer(model_ref).layers()

    def feature_maps(self, model_ref: str, data: bytes, layer: str, *, name: str = "") -> FeatureMaps:
        """Return what one layer makes of a picture.

        Args:
            model_ref: which model.
            data: the picture file's bytes.
            layer: name of one of ``layers()``.
            name: the picture's file name, for errors.

        Raises:
            PictureError: the bytes are not a picture that can be decoded.
            NotFoundError: no such layer, or no such run.
            InputError: the network keeps no maps.
            StateError, WeightsUnavailableError: about the model.
        """
        from clf_core.data.loading import input_from_bytes

        preprocessing = self._models.get(model_ref).classifier.spec.preprocessing
        with told_with_name(name):
            seen = input_from_bytes(data, preprocessing, self._limits)
        return self._viewer(model_ref).feature_maps(seen, layer)

    def coloured(self, seen: FeatureMaps) -> "NDArray[np.uint8]":
        """Return the maps in the colours of the heatmap, [N, h, w, 3] uint8; ``Explanations.legend`` goes with them."""
        from clf_core.explanation.overlay import colourise

        return colourise(seen.maps)

    def _viewer(self, model_ref: str) -> "LayerViewer":
        backbone = self._models.get(model_ref).backbone
        # Held while loading: two threads that want the same network must not load it twice.
        with self._lock:
            key = backbone.spec.weights_sha256 + str(backbone.folder)
            if key not in self._viewers:
                from clf_core.explanation.layers import LayerViewer
                from clf_core.models.network import load_body

                self._viewers[key] = LayerViewer(load_body(backbone), backbone.spec)
            self._viewers.move_to_end(key)
            while len(self._viewers) > _KEPT:
                self._viewers.popitem(last=False)
            return self._viewers[key]
