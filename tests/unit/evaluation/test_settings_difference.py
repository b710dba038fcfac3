import pytest

from clf_core.config import NetworkConfig, TrainConfig
from clf_core.config.network import Convolution, Dense, Flatten
from clf_core.evaluation.settings_difference import settings_difference


def difference(first, second, chosen_first=None, chosen_second=None):
    rows = settings_difference(TrainConfig(**first), TrainConfig(**second), chosen_first or {}, chosen_second or {})
    return {row.field: (row.first, row.second) for row in rows}


def test_the_same_settings_differ_in_nothing():
    assert difference({}, {}) == {}


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({"seed": 1}, {"seed": 2}, {"seed": ("1", "2")}),
        ({"refit": False}, {}, {"refit": ("no", "yes")}),
        ({"strengths": (0.1, 1)}, {"strengths": (1,)}, {"strengths": ("0.1, 1", "1")}),
        ({"input_size": 96}, {}, {"input_size": ("96", "automatic")}),
        ({"augment": {"preset": "light"}}, {}, {"augment.preset": ("light", "automatic")}),
        ({"augment": {"rotate": 5}}, {"augment": {"rotate": 15}}, {"augment.rotate": ("5", "15")}),
        ({"continue_from": "Ann"}, {}, {"continue_from": ("Ann", "none")}),
    ],
)
def test_a_setting_that_differs_is_told_in_words(first, second, told):
    assert difference(first, second) == told


def test_what_the_studio_chose_stands_beside_automatic():
    variants = difference({"preset": "full"}, {"preset": "full", "augment": "none"}, {"augment": "standard"})
    assert variants == {"augment.preset": ("automatic: standard", "none")}
    rates = {"learning_rate": 0.000312345}, {"learning_rate": 0.001}
    assert difference({"preset": "full"}, {"preset": "full"}, *rates) == {
        "learning_rate": ("automatic: 0.000312", "automatic: 0.001")
    }
    assert difference({"preset": "full"}, {"preset": "full", "learning_rate": 0.001}, rates[0])["learning_rate"] == (
        "automatic: 0.000312",
        "0.001",
    )


def test_of_two_presets_only_what_a_person_changed_is_told_besides():
    assert difference({}, {"preset": "full"}) == {"preset": ("quick", "full")}
    told = difference({"folds": 3}, {"preset": "scratch", "mixup": 0.2})
    assert told == {"preset": ("quick", "scratch"), "folds": ("3", "not used"), "mixup": ("not used", "0.2")}


def test_networks_that_differ_in_one_layer_are_told_apart():
    layers = [(Convolution(kernel=kernel), Flatten(), Dense(units=64)) for kernel in (3, 5)]
    first, second = ({"preset": "scratch", "network": NetworkConfig(layers=shape)} for shape in layers)
    ours, theirs = difference(first, second)["network"]
    assert ours == "32 px: convolution 32, flatten, dense 64"
    assert theirs == "32 px: convolution 32 (kernel 5), flatten, dense 64"
