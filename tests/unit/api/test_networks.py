"""The facade for designing networks and for looking into trained ones."""

import numpy as np
import pytest

from clf_core.config import NETWORK_PRESETS, NetworkConfig, TrainConfig
from clf_core.errors import ConfigError, NotFoundError, PictureError
from clf_core.values import STARTER


def test_designs_and_what_they_come_to(bench):
    assert bench.networks.presets() == NETWORK_PRESETS
    assert bench.networks.shape(NetworkConfig(), 10).parameters == 1_050_890


def test_looking_into_the_starter_model(ready_bench, png):
    networks = ready_bench.networks
    assert networks.filters(STARTER).pictures.shape == (32, 3, 3, 3)
    layers = networks.layers(STARTER)
    seen = networks.feature_maps(STARTER, png(), layers[-1].name)
    assert seen.picture.shape == (224, 224, 3)
    coloured = networks.coloured(seen)
    assert coloured.shape == (*seen.maps.shape, 3)
    assert coloured.dtype == np.uint8
    with pytest.raises(NotFoundError):
        networks.feature_maps(STARTER, png(), "no such layer")
    with pytest.raises(PictureError, match=r"'x\.png' cannot be used"):
        networks.feature_maps(STARTER, b"no picture", layers[0].name, name="x.png")
    with pytest.raises(NotFoundError):
        networks.filters("no such run")


def test_a_run_whose_network_cannot_be_built_is_not_started(bench, pets):
    config = TrainConfig(preset="scratch", network=NetworkConfig(layers=()))
    with pytest.raises(ConfigError, match="the last layer does not fit") as caught:
        bench.runs.start("Pets", config)
    assert caught.value.field == "network"
    assert bench.runs.list() == ()
