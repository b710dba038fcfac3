"""What a person left open is decided; what they chose is kept."""

from dataclasses import replace

import pytest

from clf_core.config import TrainConfig
from clf_core.errors import ConfigError
from clf_core.training import full_plan, scratch
from clf_core.training.plan import Plan, make_plan, plan_from
from clf_core.training.recipes import RECIPES
from tests.unit.training.small_task import PLAN

DEFAULTS = {"epochs": 6, "learning_rate": 2e-4, "batch_norm": "frozen", "batch_size": 64}


def test_the_presets_defaults_hold_where_nothing_was_chosen():
    plan = make_plan(TrainConfig(preset="full"), {**DEFAULTS, "precision": "float32"}, 1000, "cpu")
    assert (plan.epochs, plan.learning_rate) == (6, 2e-4)
    assert (plan.batch_norm, plan.batch_size, plan.optimizer, plan.patience) == ("frozen", 64, "adamw", 5)
    assert (plan.seconds, plan.precision, plan.schedule) == (None, "float32", "cosine")


def test_presets_decide_only_what_can_be_left_open():
    """Else a person could not choose the value that the setting has by itself."""
    for defaults in (full_plan.DEFAULTS, scratch.TEXTBOOK, *(recipe.defaults for recipe in RECIPES.values())):
        assert {TrainConfig.model_fields[name].default for name in defaults} <= {None, "auto"}


def test_what_was_chosen_holds():
    config = TrainConfig(
        preset="full", epochs=3, learning_rate=0.1, label_smoothing=0.3, batch_norm="learned", optimizer="sgd", seed=9
    )
    plan = make_plan(config, DEFAULTS, 1000, "cpu")
    assert (plan.epochs, plan.learning_rate, plan.label_smoothing) == (3, 0.1, 0.3)
    assert (plan.batch_norm, plan.optimizer, plan.seed) == ("learned", "sgd", 9)


def test_a_batch_is_never_larger_than_the_pictures():
    assert make_plan(TrainConfig(preset="full"), DEFAULTS, 10, "cpu").batch_size == 10


def test_a_time_limit_rules():
    plan = make_plan(TrainConfig(preset="full", minutes=2), DEFAULTS, 1000, "cpu")
    assert (plan.seconds, plan.patience) == (120, None)
    assert plan.epochs > 10**5
    assert (plan.after(30).seconds, plan.after(30).limit) == (90, 120)
    assert plan.after(500).seconds == 1
    assert PLAN.after(30) == PLAN


def test_each_optimizer_has_a_learning_rate_of_its_own():
    rates = {o: make_plan(TrainConfig(preset="full", optimizer=o), {}, 9, "cpu").learning_rate for o in ("sgd", "lion")}
    assert rates["sgd"] > 10 * rates["lion"] > 0


def test_precision_is_chosen_by_the_processor():
    from clf_core.training.precision import quickest

    assert make_plan(TrainConfig(preset="full"), {}, 9, "cpu").precision == quickest("cpu")
    assert make_plan(TrainConfig(preset="full", precision="float32"), {}, 9, "cpu").precision == "float32"
    with pytest.raises(ConfigError) as refused:
        make_plan(TrainConfig(preset="full", precision="float16"), {}, 9, "cpu")
    assert refused.value.field == "precision"


def test_a_plan_is_stored_and_read_again():
    from dataclasses import asdict

    assert plan_from({**asdict(PLAN), "something_newer": 1}) == PLAN
    with pytest.raises(TypeError):
        plan_from({"epochs": 1})


def test_fingerprints_are_equal_for_plans_that_continue_each_other():
    same = [replace(PLAN, epochs=99), replace(PLAN, seconds=5.0), replace(PLAN, patience=1, tracker="mlflow")]
    assert {p.fingerprint() for p in same} == {PLAN.fingerprint()}
    others = [replace(PLAN, learning_rate=1.0), replace(PLAN, batch_size=1), replace(PLAN, seed=1), Plan(4, 16, 0.01)]
    assert len({p.fingerprint() for p in [PLAN, *others]}) == 5
