"""Networks as settings: by name, as JSON, and refused in words."""

from typing import get_args

import pytest
from pydantic import ValidationError

from clf_core.cli.runs import _settings
from clf_core.config import (
    NETWORK_PRESETS,
    Convolution,
    Dense,
    Flatten,
    Layer,
    NetworkConfig,
    Pooling,
    TrainConfig,
    train_config,
)
from clf_core.errors import ConfigError


def test_the_default_is_the_design_everyone_learns_with():
    assert NetworkConfig().layers == (
        Convolution(filters=32, kernel=3, activation="relu"),
        Pooling(mode="max", size=2),
        Flatten(),
        Dense(units=128, activation="relu"),
    )
    assert next(iter(NETWORK_PRESETS.values())).network == NetworkConfig()


@pytest.mark.parametrize("name", NETWORK_PRESETS)
def test_a_network_is_given_by_its_name(name):
    given = train_config({"preset": "scratch", **_settings([f"network={name}"])})
    assert given.network == NETWORK_PRESETS[name].network
    assert TrainConfig.model_validate_json(given.model_dump_json()) == given
    assert NETWORK_PRESETS[name].title
    assert NETWORK_PRESETS[name].description.endswith(".")


def test_a_network_is_given_layer_by_layer():
    layers = '[{"kind": "convolution", "filters": 8}, {"kind": "flatten"}]'
    given = train_config({"preset": "scratch", **_settings([f'network={{"input_size": 48, "layers": {layers}}}'])})
    assert given.network == NetworkConfig(input_size=48, layers=(Convolution(filters=8), Flatten()))
    single = train_config({"preset": "scratch", **_settings(["network.input_size=48"])})
    assert single.network == NetworkConfig(input_size=48)


@pytest.mark.parametrize(
    ("network", "words"),
    [
        ("enormous", "there is no network 'enormous'; those to start from are textbook, tiny"),
        ({"layers": [{"kind": "magic"}]}, "magic"),
        ({"layers": [{"kind": "dense", "units": 0}]}, "greater than or equal to 1"),
        ({"layers": [{"kind": "dense", "filters": 3}]}, ""),
        ({"input_size": 4}, "greater than or equal to 16"),
        ({"layers": [{"kind": "flatten"}] * 101}, "at most 100"),
        ({"layers": [{"kind": "dropout", "share": float("nan")}]}, ""),
        (3, ""),
    ],
)
def test_what_is_no_network_is_refused_with_the_field_named(network, words):
    with pytest.raises(ConfigError) as caught:
        train_config({"preset": "scratch", "network": network})
    assert caught.value.field.startswith("network")
    assert words in str(caught.value)


def test_every_setting_of_a_layer_has_a_help_text():
    for kind in (*get_args(get_args(Layer)[0]), NetworkConfig):
        assert kind.__doc__
        for name, field in kind.model_fields.items():
            assert field.description or name == "kind", f"{kind.__name__}.{name}"


def test_a_layer_cannot_be_changed():
    with pytest.raises(ValidationError):
        Dense().units = 3
