"""By what trials are compared, and which of several wins."""

from clf_core.results import CurvePoint, EpochPoint, Trial
from clf_core.training.search_judgement import Judgement, best_trial, of_epochs, of_head


def epoch(number, loss, accuracy, *, best=False):
    return EpochPoint(
        epoch=number,
        train_loss=0.1,
        train_accuracy=0.9,
        val_loss=loss,
        val_accuracy=accuracy,
        learning_rate=1e-3,
        seconds=1.0,
        images_per_second=1.0,
        best=best,
    )


def trial(number, accuracy, loss, *, state="done", seconds=1.0):
    return Trial(
        number=number, state=state, drawn={}, accuracy=accuracy, loss=loss, seconds=seconds, began=float(number)
    )


def test_a_head_is_judged_by_the_strength_that_was_chosen():
    curve = [
        CurvePoint(strength=s, train_loss=0.0, train_accuracy=1.0, val_loss=loss, val_accuracy=accuracy)
        for s, loss, accuracy in ((0.1, 0.5, 0.8), (1.0, 0.3, 0.9))
    ]
    assert of_head(curve, 1.0) == Judgement(0.9, 0.3)
    assert of_head(curve, None) is None
    assert of_head([], 1.0) is None


def test_a_training_in_epochs_is_judged_by_the_epoch_whose_weights_are_kept():
    points = [epoch(0, 0.9, 0.5, best=True), epoch(1, 0.4, 0.8, best=True), epoch(2, 0.6, 0.95)]
    assert of_epochs(points) == Judgement(0.8, 0.4, 1)
    assert of_epochs([epoch(0, 0.9, 0.5), epoch(1, 0.4, 0.8)]) == Judgement(0.8, 0.4, 1)
    assert of_epochs([epoch(0, None, None)]) is None
    assert of_epochs([]) is None


def test_the_best_is_the_most_accurate_and_of_equals_the_surer_then_the_quicker():
    assert best_trial([trial(0, 0.8, 0.1), trial(1, 0.9, 0.5)], "accuracy").number == 1
    assert best_trial([trial(0, 0.8, 0.1), trial(1, 0.9, 0.5)], "loss").number == 0
    assert best_trial([trial(0, 0.9, 0.5), trial(1, 0.9, 0.4)], "accuracy").number == 1
    slow, quick = trial(0, 0.9, 0.5, seconds=9.0), trial(1, 0.9, 0.5, seconds=2.0)
    assert best_trial([slow, quick], "accuracy").number == 1


def test_what_was_broken_off_wins_only_where_nothing_ran_to_its_end():
    cut = trial(0, 0.99, 0.01, state="cut")
    assert best_trial([cut, trial(1, 0.5, 0.9)], "accuracy").number == 1
    assert best_trial([cut, trial(1, None, None, state="failed")], "accuracy").number == 0
    assert best_trial([trial(1, None, None, state="failed")], "accuracy") is None
    assert best_trial([], "loss") is None
