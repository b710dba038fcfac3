"""Every drawn set of settings is one a run could be started with, whatever is searched."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.config import (
    NETWORK_PRESETS,
    PRESETS,
    SEARCHED_SETTINGS,
    SearchConfig,
    TrainConfig,
    search_config,
    settings_of,
    train_config,
)
from clf_core.errors import ConfigError
from clf_core.training.search_space import LEARNING_RATES, Choice, Space, Whole, first_of

BACKBONES = ("tf_efficientnet_lite0", "resnet18", "vit_tiny")


def any_draw(data):
    """Decide as hypothesis likes."""

    def draw(dimension):
        if isinstance(dimension, Choice):
            return data.draw(st.sampled_from(dimension.options), dimension.name)
        numbers = st.integers if isinstance(dimension, Whole) else st.floats
        return data.draw(numbers(dimension.low, dimension.high), dimension.name)

    return draw


@st.composite
def bases(draw):
    """Settings a person may begin from, of every preset, some of them unusual."""
    preset = draw(st.sampled_from(PRESETS))
    fields = {
        "backbone": draw(st.sampled_from(BACKBONES)),
        "network": draw(st.sampled_from(list(NETWORK_PRESETS))),
        "input_size": draw(st.sampled_from([None, 32, 100, 224])),
        "augment": draw(st.sampled_from(["none", "light", {"flips": False}, {"rotate": 20.0}])),
        "views": draw(st.integers(1, 20)),
        "learning_rate": draw(st.sampled_from([None, 1e-7, 3e-4, 5.0])),
        "epochs": draw(st.sampled_from([None, 1, 7])),
        "imbalance": draw(st.sampled_from(["none", "weights"])),
        "refit": draw(st.booleans()),
    }
    used = {name: value for name, value in fields.items() if name in settings_of(preset)}
    if used["augment"] in ("none", {"flips": False}):
        used.pop("views", None)  # a contradiction: there are none
    return train_config({"preset": preset, **used})


@st.composite
def searches(draw):
    fields = {
        "base": draw(bases()),
        "settings": draw(st.lists(st.sampled_from(SEARCHED_SETTINGS), min_size=1, unique=True)),
        "presets": draw(st.lists(st.sampled_from(PRESETS), min_size=1, unique=True)),
        "trials": 5,
    }
    try:
        return search_config(fields)
    except ConfigError:
        return SearchConfig(base=fields["base"], settings=("fit",), trials=5)


@given(searches(), st.data())
def test_whatever_is_drawn_can_be_trained(config, data):
    drawn, _ = Space(config, BACKBONES).draw(any_draw(data))
    assert train_config(drawn.model_dump()) == drawn
    assert drawn.preset in config.tried_presets
    unused = set(TrainConfig.model_fields) - settings_of(drawn.preset)
    assert all(getattr(drawn, name) == TrainConfig.model_fields[name].default for name in unused)


@given(searches(), st.data())
def test_what_is_not_searched_keeps_its_value(config, data):
    drawn, _ = Space(config, BACKBONES).draw(any_draw(data))
    changed = {name for name in TrainConfig.model_fields if getattr(drawn, name) != getattr(config.base, name)}
    if drawn.preset != config.base.preset:
        return  # another preset makes use of other settings
    allowed = {*config.settings} | ({"network"} if drawn.preset == "scratch" else set())
    allowed |= {"views"} if "augment" in config.settings else set()  # there are none where nothing is changed
    assert changed <= allowed


@given(searches())
def test_it_begins_with_the_settings_it_was_started_from(config):
    drawn, _ = Space(config, (config.base.backbone, *BACKBONES)).draw(first_of)
    base = config.base
    if base.preset in config.tried_presets:
        assert drawn.preset == base.preset
        assert drawn.augment == base.augment
        assert "backbone" not in config.settings or base.preset == "scratch" or drawn.backbone == base.backbone
        if drawn.learning_rate is not None and base.learning_rate is not None and "learning_rate" in config.settings:
            assert drawn.learning_rate == min(max(base.learning_rate, LEARNING_RATES[0]), LEARNING_RATES[1])


def test_the_small_network_begins_from_the_base_and_is_searched_within_it():
    config = SearchConfig(base=TrainConfig(preset="scratch", network="deeper"), settings=("network",), trials=1)
    drawn, values = Space(config, BACKBONES).draw(first_of)
    assert values == {"blocks": 3, "filters": 32, "batch norm": "no", "dense units": 128, "dropout": 0.5}
    kinds = [layer.kind for layer in drawn.network.layers]
    assert kinds == ["convolution", "pooling"] * 3 + ["flatten", "dense", "dropout"]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({}, "minutes"),
        ({"trials": 3, "settings": ["fit", "fit"]}, "settings"),
        ({"trials": 3, "settings": ["network"]}, "settings"),
        ({"trials": 3, "settings": ["learning_rate"]}, "settings"),
        ({"trials": 3, "settings": ["backbone"], "base": {"preset": "scratch"}}, "settings"),
        ({"trials": 0}, "trials"),
        ({"minutes": -1}, "minutes"),
        ({"trials": 3, "nonsense": 1}, "nonsense"),
        ({"trials": 3, "base": {"preset": "magic"}}, "base.preset"),
    ],
)
def test_a_search_that_cannot_be_is_refused_with_the_field_named(fields, field):
    with pytest.raises(ConfigError) as caught:
        search_config(fields)
    assert caught.value.field == field
    assert caught.value.why
