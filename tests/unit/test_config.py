import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clf_core.config import Preprocessing, SplitConfig, TrainConfig, train_config
from clf_core.errors import ConfigError


def test_the_default_split_adds_up():
    split = SplitConfig()
    assert split.train + split.val + split.test == pytest.approx(1)


@given(st.floats(0.01, 0.98), st.floats(0.01, 0.98))
def test_a_split_is_accepted_exactly_when_its_shares_add_up(train, val):
    test = 0.2
    if abs(train + val + test - 1) <= 1e-6:
        SplitConfig(train=train, val=val, test=test)
    else:
        with pytest.raises(ValidationError, match="add up to 1"):
            SplitConfig(train=train, val=val, test=test)


def test_a_crop_larger_than_the_resized_picture_is_refused():
    with pytest.raises(ValidationError, match="resize_size must be at least input_size"):
        Preprocessing(input_size=224, resize_size=200, mean=(0.5,) * 3, std=(0.5,) * 3)


def test_a_zero_std_is_refused():
    with pytest.raises(ValidationError, match="std must be positive"):
        Preprocessing(mean=(0.5,) * 3, std=(0.5, 0.0, 0.5))


def test_an_unknown_setting_is_named_and_the_known_ones_are_listed():
    with pytest.raises(ConfigError) as caught:
        train_config({"learning_speed": 3})
    assert caught.value.field == "learning_speed"
    assert "there is no such setting" in str(caught.value)
    assert "backbone" in str(caught.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [("strengths", []), ("strengths", [1.0, -1.0]), ("folds", 1), ("seed", -1), ("preset", "magic"), ("device", "tpu")],
)
def test_a_malformed_setting_is_refused(field, value):
    with pytest.raises(ConfigError):
        train_config({field: value})


def test_settings_from_outside_become_a_config():
    config = train_config({"strengths": [0.1, 1], "refit": False})
    assert config == TrainConfig(strengths=(0.1, 1.0), refit=False)


def test_every_setting_has_a_help_text():
    for model in (TrainConfig, SplitConfig, Preprocessing):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"
