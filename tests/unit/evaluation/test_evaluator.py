import numpy as np
import pytest
from scipy.special import softmax
from sklearn.metrics import f1_score, log_loss

from clf_core.errors import DatasetError
from clf_core.evaluation import tested
from clf_core.evaluation.answers import Answers
from clf_core.evaluation.evaluator import calibration_of, evaluate
from clf_core.results import EvaluationReport
from tests.planted_runs import rows_of_answers


def answers(true: list[int], predicted: list[int], classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of 0.7 for the given answer, the rest shared."""
    probabilities = np.full((len(true), classes), 0.3 / (classes - 1), dtype=np.float32)
    probabilities[np.arange(len(true)), predicted] = 0.7
    return np.array(true, dtype=np.int64), probabilities


def test_a_good_model():
    true, probabilities = answers([0] * 26 + [1] * 24, [0] * 24 + [1] * 2 + [1] * 22 + [0] * 2, 2)
    report = evaluate("first", ["ant", "bee"], true, probabilities, {"ant": 60, "bee": 50}, now=5.0)
    assert report.verdict == "46 of 50 right; on new pictures like these expect 81–97 %."
    assert report.cautions == ()
    assert (report.run, report.split, report.n, report.correct, report.looks) == ("first", "test", 50, 46, 1)
    assert report.evaluated == 5.0
    assert report.accuracy == pytest.approx(0.92)
    assert report.baseline == pytest.approx(26 / 50)
    assert report.confusion_matrix == ((24, 2), (2, 22))
    assert report.macro_f1 == pytest.approx(f1_score(true, probabilities.argmax(axis=1), average="macro"))
    assert report.nll == pytest.approx(log_loss(true, probabilities.astype(float)), abs=1e-6)
    assert report.ece == pytest.approx(0.92 - 0.7, abs=1e-6)
    assert report.ece_bins == 15
    ant = report.class_scores[0]
    assert (ant.name, ant.support) == ("ant", 26)
    assert ant.recall == pytest.approx(24 / 26)
    assert ant.recall_low < ant.recall < ant.recall_high


def test_each_cell_of_the_matrix_has_its_pictures():
    random = np.random.default_rng(0)
    classes = ["a", "b", "c"]
    true, probabilities = random.integers(0, 3, 80), random.dirichlet(np.ones(3), 80).astype(np.float32)
    report = evaluate("r", classes, true, probabilities, {"a": 1})
    rows = rows_of_answers([str(n) for n in range(80)], [f"{n}.jpg" for n in range(80)], classes, true, probabilities)
    counts = tuple(tuple(len(tested.cell(rows, name, said)) for said in classes) for name in classes)
    assert counts == report.confusion_matrix


def test_near_copies_make_the_ranges_wider_and_nothing_else():
    true, probabilities = answers([0] * 30 + [1] * 30, [0] * 27 + [1] * 30 + [0] * 3, 2)
    alone = evaluate("r", ["ant", "bee"], true, probabilities, {"ant": 1}, now=0.0)
    each = evaluate("r", ["ant", "bee"], true, probabilities, {"ant": 1}, groups=np.arange(60), now=0.0)
    tens = evaluate("r", ["ant", "bee"], true, probabilities, {"ant": 1}, groups=np.arange(60) // 3, now=0.0)
    assert each == alone
    assert tens.accuracy == alone.accuracy
    assert tens.accuracy_low < alone.accuracy_low < alone.accuracy_high < tens.accuracy_high
    assert tens.class_scores[0].recall_low < alone.class_scores[0].recall_low
    assert tens.class_scores[0].recall == alone.class_scores[0].recall


def test_the_report_survives_its_own_json():
    true, probabilities = answers([0, 0, 0], [0, 0, 1], 3)
    report = evaluate("r", ["a", "b", "c"], true, probabilities, {"a": 3, "b": 2, "c": 2})
    assert EvaluationReport.model_validate_json(report.model_dump_json()) == report


def test_a_class_without_test_pictures_has_no_recall_and_is_named():
    true, probabilities = answers([0] * 20 + [1] * 20, [0] * 20 + [1] * 20, 3)
    report = evaluate("r", ["a", "b", "c"], true, probabilities, {"a": 9, "b": 9, "c": 1})
    missing = report.class_scores[2]
    assert (missing.support, missing.precision, missing.recall, missing.f1) == (0, None, None, None)
    assert (missing.recall_low, missing.recall_high) == (None, None)
    assert report.verdict.endswith("There are no test pictures of 'c', so nobody knows how well it is recognised.")
    assert report.macro_f1 == 1.0


def test_the_gravest_caution_stands_in_the_verdict_and_the_others_beside_it():
    true, probabilities = answers([0] * 6 + [1] * 4, [0] * 10, 3)
    report = evaluate("r", ["a", "b", "c"], true, probabilities, {"a": 9, "b": 8, "c": 1})
    assert "Always answering 'a' gets just as many right" in report.verdict
    assert len(report.cautions) == 2
    assert "only 10 test pictures" in report.cautions[0]
    assert "'c'" in report.cautions[1]
    assert not any(caution in report.verdict for caution in report.cautions)


def test_the_baseline_is_the_most_frequent_training_class_on_the_test_pictures():
    true, probabilities = answers([0, 0, 0, 1], [0, 0, 0, 1], 2)
    assert evaluate("r", ["a", "b"], true, probabilities, {"a": 5, "b": 6}).baseline == 0.25
    assert evaluate("r", ["a", "b"], true, probabilities, {"a": 6, "b": 6}).baseline == 0.75
    assert evaluate("r", ["a", "b"], true, probabilities, {"b": 1}).baseline == 0.25


def test_without_test_pictures_it_says_what_to_do():
    with pytest.raises(DatasetError, match="no test pictures") as caught:
        evaluate("r", ["a", "b"], np.empty(0, dtype=np.int64), np.empty((0, 2), dtype=np.float32), {})
    assert "Add pictures" in caught.value.remedy


def test_calibration_is_told_before_and_after():
    random = np.random.default_rng(0)
    logits = random.normal(size=(60, 3)).astype(np.float32) * 4
    names = tuple(map(str, range(60)))
    given = Answers(("a", "b", "c"), names, names, np.arange(60), random.integers(0, 3, 60), logits)
    told = calibration_of(given, 3.0, fitted_on=40)
    after = softmax(logits.astype(float) / 3.0, axis=1)
    assert (told.temperature, told.fitted_on, told.bins) == (3.0, 40, 15)
    assert told.after.nll == pytest.approx(log_loss(given.true_index, after), abs=1e-9)
    assert told.before.nll == pytest.approx(log_loss(given.true_index, softmax(logits.astype(float), axis=1)), abs=1e-9)
    assert told.after.brier == pytest.approx(((after - np.eye(3)[given.true_index]) ** 2).sum(axis=1).mean())
    report = evaluate("r", given.classes, given.true_index, given.probabilities(3.0), {"a": 1})
    assert (report.nll, report.brier, report.ece) == (told.after.nll, told.after.brier, told.after.ece)


@pytest.mark.parametrize("shape", [(2, 3), (3, 2), (2,)])
def test_arrays_that_do_not_belong_together_are_refused(shape):
    with pytest.raises(ValueError, match="must"):
        evaluate("r", ["a", "b"], np.array([0, 1]), np.full(shape, 0.5, dtype=np.float32), {"a": 1})
