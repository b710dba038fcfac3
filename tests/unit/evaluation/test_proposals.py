"""What to try next after a result: each proposal has its reason, and settings a run can be started with."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.config import PRESETS, TrainConfig, settings_of, train_config
from clf_core.evaluation.evaluator import evaluate
from clf_core.evaluation.proposals import MOST, Known, most_confused, propose, weakest_class
from clf_core.results import EpochPoint


def report_of(matrix, names=None):
    """The report of a model with this confusion matrix."""
    names = names or tuple("abcdefgh"[: len(matrix)])
    true = [row for row, line in enumerate(matrix) for count in line for _ in range(count)]
    said = [column for line in matrix for column, count in enumerate(line) for _ in range(count)]
    probabilities = np.eye(len(matrix), dtype=np.float32)[said]
    return evaluate("run", names, np.array(true), probabilities, dict.fromkeys(names, 50))


def epochs(*losses, train=0.99, val=0.7):
    return tuple(
        EpochPoint(
            epoch=number,
            train_loss=None if number == 0 else 0.1,
            train_accuracy=None if number == 0 else train,
            val_loss=loss,
            val_accuracy=val,
            learning_rate=1e-3,
            seconds=1.0,
            images_per_second=1.0,
        )
        for number, loss in enumerate(losses)
    )


def keys(proposals):
    return [proposal.key for proposal in proposals]


GOOD = report_of([[20, 0], [0, 20]])
EVEN = {"a": 200, "b": 200}


def test_nothing_is_proposed_where_nothing_is_wrong():
    assert propose(GOOD, Known(TrainConfig(), EVEN)) == ()


def test_a_class_that_is_seldom_found_asks_for_finer_detail_and_more_pictures_of_it():
    report = report_of([[12, 4, 4], [0, 20, 0], [0, 0, 20]])
    found = propose(report, Known(TrainConfig(preset="thorough"), dict.fromkeys("abc", 60), side=500, seen=224))
    by_key = {proposal.key: proposal for proposal in found}
    assert "12 of 20" in by_key["input_size"].why
    assert by_key["input_size"].config.input_size == 320
    assert by_key["pictures"].label == "a"
    assert by_key["pictures"].title == "Add about 30 pictures of 'a'"
    assert by_key["input_size"].source == by_key["pictures"].source == "test"


def test_no_finer_detail_is_asked_for_than_the_pictures_have():
    report = report_of([[12, 8], [0, 20]])
    assert "input_size" not in keys(propose(report, Known(TrainConfig(), EVEN, side=100, seen=224)))
    (larger,) = [
        proposal.config.input_size
        for proposal in propose(report, Known(TrainConfig(), EVEN, side=300, seen=224))
        if proposal.key == "input_size"
    ]
    assert larger == 288


def test_the_small_network_gets_a_larger_input_of_its_own():
    report = report_of([[12, 8], [0, 20]])
    found = propose(report, Known(TrainConfig(preset="scratch"), EVEN, side=300, seen=32))
    (larger,) = [proposal for proposal in found if proposal.key == "input_size"]
    assert larger.config.network.input_size == 64
    assert larger.config.input_size is None


def test_classes_that_are_taken_for_each_other_are_named_and_let_the_network_learn():
    report = report_of([[12, 8, 0], [3, 17, 0], [0, 0, 20]])
    assert most_confused(report) == ("a", "b", 8, 3)
    found = propose(report, Known(TrainConfig(), dict.fromkeys("abc", 60)))
    pair = next(proposal for proposal in found if proposal.key == "preset")
    assert "8 times and the other way round 3 times" in pair.why
    assert pair.config.preset == "balanced"
    assert keys(found).count("preset") == 1


def test_still_improving_means_more_epochs_by_the_validation_pictures():
    known = Known(TrainConfig(preset="balanced", epochs=4), EVEN, epochs=epochs(1.0, 0.8, 0.6, 0.5, 0.4))
    first = propose(report_of([[15, 5], [5, 15]]), known)[0]
    assert (first.key, first.source, first.config.epochs) == ("epochs", "validation", 9)
    done = Known(TrainConfig(preset="balanced"), EVEN, epochs=epochs(1.0, 0.8, 0.6, 0.5, 0.5))
    assert "epochs" not in keys(propose(GOOD, done))


def test_learning_by_heart_means_stronger_variants():
    known = Known(TrainConfig(preset="balanced", augment="none"), EVEN, epochs=epochs(1.0, 0.5, 0.6, 0.8))
    first = propose(GOOD, known)[0]
    assert (first.key, first.source) == ("augment", "validation")
    assert first.config.augment.preset == "light"
    assert "after epoch 1" in first.why
    by_itself = replace(known, config=TrainConfig(preset="balanced"))  # which shows it the standard ones already
    assert propose(GOOD, by_itself)[0].config.augment.preset == "strong"


def test_unequal_classes_are_weighted_and_quick_is_left_for_that():
    (first, *_) = propose(GOOD, Known(TrainConfig(), {"a": 200, "b": 20}))
    assert (first.key, first.source) == ("imbalance", "dataset")
    assert (first.config.preset, first.config.imbalance) == ("balanced", "weights")
    assert "imbalance" not in keys(propose(GOOD, Known(TrainConfig(), {"a": 50, "b": 20})))


def test_quick_leaves_the_network_as_it_is_and_balanced_learns_more():
    report = report_of([[17, 1, 1, 1], [1, 17, 1, 1], [1, 1, 17, 1], [1, 1, 1, 17]])
    first = propose(report, Known(TrainConfig(), dict.fromkeys("abcd", 200)))[0]
    assert (first.key, first.source, first.config.preset) == ("preset", "settings", "balanced")


def test_a_network_that_began_knowing_nothing_and_is_poor_gives_way_to_one_that_knows_pictures():
    report = report_of([[10, 10], [10, 10]])
    first = propose(report, Known(TrainConfig(preset="scratch", epochs=3), EVEN))[0]
    assert (first.key, first.source, first.config) == ("preset", "settings", TrainConfig())


def test_few_pictures_are_said_to_be_few():
    found = propose(GOOD, Known(TrainConfig(), {"a": 15, "b": 12}))
    (more,) = [proposal for proposal in found if proposal.key == "pictures"]
    assert (more.label, more.source, more.config) == ("b", "dataset", None)


def test_a_weak_class_needs_enough_test_pictures_to_be_called_so():
    assert weakest_class(report_of([[1, 2], [0, 20]])) is None
    assert weakest_class(report_of([[3, 5], [0, 20]])).name == "a"


@st.composite
def situations(draw):
    size = draw(st.integers(2, 5))
    row = st.lists(st.integers(0, 12), min_size=size, max_size=size)
    matrix = draw(st.lists(row, min_size=size, max_size=size).filter(lambda rows: any(map(any, rows))))
    preset = draw(st.sampled_from(PRESETS))
    fields = {
        "input_size": draw(st.sampled_from([None, 64, 512])),
        "augment": draw(st.sampled_from(["none", "light", "strong", {"flips": False}, {"rotate": 5.0}])),
        "imbalance": draw(st.sampled_from(["none", "weights", "focal"])),
        "epochs": draw(st.sampled_from([None, 3])),
        "learning_rate": draw(st.sampled_from([None, 1e-3])),
        "label_smoothing": draw(st.sampled_from([0.0, 0.1])),
    }
    if fields["imbalance"] == "focal":
        fields["label_smoothing"] = 0.0
    config = train_config({"preset": preset, **{k: v for k, v in fields.items() if k in settings_of(preset)}})
    losses = draw(st.lists(st.floats(0.01, 3), max_size=6))
    train = {name: draw(st.integers(0, 300)) for name in "abcde"[:size]}
    side, seen = draw(st.integers(0, 2000)), draw(st.integers(0, 600))
    return report_of(matrix), Known(config, train, side, seen, () if preset == "quick" else epochs(*losses))


@settings(max_examples=60)
@given(situations())
def test_every_proposal_can_be_started_or_leads_to_the_pictures(situation):
    report, known = situation
    found = propose(report, known)
    assert len(found) <= MOST
    assert len(set(keys(found))) == len(found)
    for proposal in found:
        assert proposal.title
        assert proposal.why.endswith(".")
        assert (proposal.config is None) == bool(proposal.label)
        if proposal.config is not None:
            assert train_config(proposal.config.model_dump()) == proposal.config
            assert proposal.config != known.config


@pytest.mark.parametrize("name", ["**bold**", "x" * 300])
def test_names_from_outside_stay_literal_and_short(name):
    report = report_of([[12, 8], [0, 20]], names=(name, "b"))
    found = propose(report, Known(TrainConfig(preset="full"), {name: 5, "b": 200}))
    assert all(len(proposal.title) < 160 for proposal in found)
    assert any(name[:40] in proposal.title for proposal in found)
