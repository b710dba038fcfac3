import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from clf_core.config import (
    PRESETS,
    STORED,
    TUNED_PRESETS,
    AugmentConfig,
    Preprocessing,
    SplitConfig,
    TrainConfig,
    settings_of,
    train_config,
)
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
    for model in (TrainConfig, SplitConfig, Preprocessing, AugmentConfig):
        for name, field in model.model_fields.items():
            assert field.description, f"{model.__name__}.{name}"


def test_presets_change_more_and_more():
    none, light, standard, strong = (
        AugmentConfig(preset=name).resolved() for name in ("none", "light", "standard", "strong")
    )
    assert [config.active for config in (none, light, standard, strong)] == [False, True, True, True]
    for mild, wild in ((light, standard), (standard, strong)):
        for name in ("rotate", "brightness", "contrast", "saturation", "hue", "blur", "noise", "erase"):
            assert getattr(mild, name) <= getattr(wild, name)
        assert mild.crop > wild.crop
    assert strong.resolved() == strong  # written out already


@pytest.mark.parametrize("preset", ["none", "light", "standard", "strong"])
def test_without_flips_no_preset_mirrors(preset):
    resolved = AugmentConfig(preset=preset, flips=False).resolved()
    assert not resolved.flip_horizontal
    assert not resolved.flip_vertical
    assert resolved.flips is False


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"preset": "light", "rotate": 5}, "'light' decides rotate itself"),
        ({"preset": "none", "crop": 0.5}, "single switches need the preset 'custom'"),
        ({"flips": False, "flip_vertical": True}, "flips is off"),
        ({"crop": 0}, "greater than or equal to 0.1"),
        ({"brightness": float("nan")}, "brightness"),
        ({"preset": "wild"}, "preset"),
    ],
)
def test_variants_that_contradict_themselves_are_refused(given, words):
    with pytest.raises(ValidationError, match=words):
        AugmentConfig.model_validate(given)


def test_switches_alone_are_ones_own_and_a_word_alone_is_a_preset():
    assert AugmentConfig(rotate=5).preset == "custom"
    assert train_config({"augment": "light"}).augment == AugmentConfig(preset="light")
    assert not AugmentConfig(preset="custom").active
    assert AugmentConfig(flips=False).preset == "auto"  # says only what is never done


def test_variants_left_open_are_made_where_the_network_learns_and_none_means_none():
    assert [TrainConfig(preset=preset).varies for preset in ("quick", "balanced", "full", "scratch")] == [
        False,
        True,
        True,
        False,
    ]
    assert not TrainConfig(preset="full", augment="none").varies
    assert TrainConfig(augment="light").varies


def test_a_variant_setting_is_named_with_its_group():
    with pytest.raises(ConfigError) as caught:
        train_config({"augment": {"rotat": 3}})
    assert caught.value.field == "augment.rotat"
    assert "flip_horizontal" in str(caught.value)
    with pytest.raises(ConfigError) as caught:
        train_config({"strengths": ["much"]})
    assert caught.value.field == "strengths"


def test_settings_of_a_run_made_before_there_were_variants():
    stored = {"preset": "quick", "backbone": "tf_efficientnet_lite0", "seed": 4}
    config = TrainConfig.model_validate(stored)
    assert (config.fit, config.augment.active) == ("crop", False)
    assert TrainConfig.model_validate_json(TrainConfig(augment="strong", fit="pad").model_dump_json()) == TrainConfig(
        augment="strong", fit="pad"
    )


@pytest.mark.parametrize(
    ("given", "field", "words"),
    [
        ({"epochs": 5}, "epochs", "'quick' has no use for it: only the last layer is fitted"),
        ({"preset": "balanced", "mixup": 0.2}, "mixup", "what the earlier ones saw once"),
        ({"preset": "full", "refit": False}, "refit", "decide when to stop"),
        ({"preset": "scratch", "layer_decay": 0.5}, "layer_decay", "begins knowing nothing"),
        ({"preset": "scratch", "continue_from": "Pets 1"}, "continue_from", "begins knowing nothing"),
        ({"preset": "scratch", "backbone": "resnet50"}, "backbone", "your own design"),
        ({"preset": "full", "network": {"layers": []}}, "network", "has no use for it"),
        ({"preset": "full", "epochs": 5, "minutes": 2}, "minutes", "give one of them"),
        ({"preset": "full", "minutes": 2, "patience": 3}, "patience", "until the time is over"),
        ({"preset": "full", "imbalance": "focal", "cutmix": 1.0}, "imbalance", "blends two"),
        ({"preset": "full", "precision": "float16", "device": "cpu"}, "precision", "graphics card"),
        ({"preset": "full", "batch_norm": "learned", "batch_size": 1}, "batch_norm", "batches of one picture"),
        ({"continue_from": "Pets 1", "backbone": "resnet50"}, "backbone", "goes on from the network of 'Pets 1'"),
    ],
)
def test_what_contradicts_itself_is_refused_and_the_field_named(given, field, words):
    with pytest.raises(ConfigError) as caught:
        train_config(given)
    assert caught.value.field == field
    assert words in caught.value.why
    with pytest.raises(ValidationError, match=field):
        TrainConfig.model_validate(given)


@pytest.mark.parametrize("preset", PRESETS)
def test_each_preset_accepts_its_own_settings_and_comes_back_from_disk(preset):
    config = TrainConfig(preset=preset)
    assert TrainConfig.model_validate_json(config.model_dump_json()) == config
    assert settings_of(preset) <= set(TrainConfig.model_fields)
    assert ("epochs" in settings_of(preset)) == (preset in TUNED_PRESETS)


def test_every_setting_is_of_use_to_some_preset():
    assert set().union(*(settings_of(preset) for preset in PRESETS)) == set(TrainConfig.model_fields)


def test_what_is_left_open_says_so():
    """A number or a choice that stands in the form is what is trained with: presets decide only what is empty."""
    config = TrainConfig(preset="full")
    for name in ("learning_rate", "weight_decay", "layer_decay", "warmup", "batch_size", "epochs", "minutes"):
        assert getattr(config, name) is None
    assert config.schedule == config.optimizer == config.precision == config.batch_norm == "auto"


def test_settings_a_run_has_stored_are_read_whatever_a_new_run_would_be_refused():
    fields = {"preset": "quick", "epochs": 5}
    with pytest.raises(ConfigError):
        train_config(fields)
    assert TrainConfig.model_validate(fields, context=STORED).epochs == 5
    with pytest.raises(ValidationError):
        TrainConfig.model_validate({"preset": "quick", "epochs": "many"}, context=STORED)
