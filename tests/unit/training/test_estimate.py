"""The estimate grows with the work and trusts a measured rate."""

import pytest

from clf_core.config import PRESETS, TUNED_PRESETS
from clf_core.results import stages_of
from clf_core.training.estimate import Work, courses, default_epochs, estimate_seconds, stage_seconds


def seconds(preset="quick", train=1000, **given):
    return estimate_seconds(Work(preset, train, **given))


@pytest.mark.parametrize("preset", PRESETS)
def test_every_stage_of_a_preset_has_its_time(preset):
    stages = stage_seconds(Work(preset, 100, 20, 20))
    assert tuple(stages) == stages_of(preset)
    assert all(value > 0 for value in stages.values())


@pytest.mark.parametrize("preset", PRESETS)
def test_more_work_takes_longer(preset):
    assert seconds(preset, 100) < seconds(preset, 1000) < seconds(preset, 1000, val=500, test=500)
    if preset != "scratch":  # which has no network to prepare
        assert seconds(preset) < seconds(preset, first_time=True)
    assert seconds(preset, 0) > 0


def test_each_preset_takes_longer_than_the_one_before():
    order = [seconds(preset, 2000) for preset in ("quick", "balanced", "thorough", "full")]
    assert order == sorted(order)


def test_a_measured_rate_replaces_the_rule():
    assert seconds(train=10_000, looking=100) - seconds(train=10_000, looking=200) == pytest.approx(50)
    assert seconds(looking=0) == seconds(looking=None)
    assert seconds("full", learning=5) > seconds("full", learning=50)


def test_variants_take_time():
    assert 10 < seconds(looking=100, views=1) - seconds(looking=100) < 20
    assert seconds("balanced", views=3) > seconds("balanced")


def test_a_limit_of_time_is_what_the_epochs_take():
    assert stage_seconds(Work("full", 10_000, budget=60.0))["tune"] == 60.0


def test_a_larger_network_takes_longer_and_a_graphics_card_less():
    assert seconds("full", cost=10.0) > seconds("full") > seconds("full", gpu=True)


def test_only_presets_that_train_in_epochs_have_some():
    assert {preset for preset in PRESETS if default_epochs(preset)} == TUNED_PRESETS


def test_epochs_are_those_of_the_presets():
    from clf_core.training import full_plan, scratch
    from clf_core.training.recipes import RECIPES

    assert default_epochs("full") == full_plan.DEFAULTS["epochs"]
    assert default_epochs("scratch") == scratch.TEXTBOOK["epochs"]
    assert {preset: recipe.defaults["epochs"] for preset, recipe in RECIPES.items()} == {
        preset: default_epochs(preset) for preset in RECIPES
    }


def test_few_pictures_are_gone_through_again_and_several_rates_tried():
    few, many = Work("balanced", 100, val=25), Work("balanced", 10_000, val=2500)
    assert (courses(few), courses(many)) == (2, 1)
    assert courses(Work("full", 100, val=25)) == 1
    assert stage_seconds(few)["rates"] > 0.5
    for work in (many, Work("balanced", 100), Work("balanced", 100, val=25, rate_given=True)):
        assert "rates" not in stage_seconds(work)


def test_validation_pictures_are_asked_about_unless_what_is_said_of_them_is_known():
    def testing(preset, val, **given):
        return stage_seconds(Work(preset, 100, val, 50, looking=10.0, **given))["test"]

    assert testing("quick", 20) == testing("balanced", 20) == 5.0
    assert testing("full", 20) == testing("scratch", 20) == testing("balanced", 20, budget=60.0) == 7.0
