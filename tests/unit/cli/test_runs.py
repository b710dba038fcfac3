"""Settings as they are typed."""

import pytest

from clf_core.cli.runs import _settings
from clf_core.config import TrainConfig, train_config
from clf_core.errors import ConfigError


@pytest.mark.parametrize(
    "typed",
    [
        ["augment.preset=light", "augment.flips=false", "fit=pad"],
        ["fit=pad", 'augment={"preset": "light", "flips": false}'],
        ['augment={"preset": "light"}', "augment.flips=false", "fit=pad"],
        ["augment=strong", 'augment={"preset": "light", "flips": false}', "fit = pad".replace(" ", "")],
    ],
)
def test_ways_to_type_the_same(typed):
    assert train_config(_settings(typed)) == TrainConfig(augment={"preset": "light", "flips": False}, fit="pad")


def test_a_word_is_a_preset_and_switches_alone_are_ones_own():
    assert train_config(_settings(["augment=strong"])).augment.preset == "strong"
    own = train_config(_settings(["augment.rotate=15", "augment.crop=0.7"])).augment
    assert (own.preset, own.rotate, own.crop) == ("custom", 15, 0.7)


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        (["augment=light", "augment.rotate=15"], "augment.rotate"),
        (["augment.rotate=far"], "augment.rotate"),
        (["augment.spin=1"], "augment.spin"),
        (["augment.preset=light", "augment.rotate=15"], "augment"),
        (["folds.many=1"], "folds"),
        (["augment"], "augment"),
    ],
)
def test_what_cannot_be_used_is_named(typed, field):
    with pytest.raises(ConfigError) as caught:
        train_config(_settings(typed))
    assert caught.value.field == field
    assert caught.value.why or caught.value.remedy
