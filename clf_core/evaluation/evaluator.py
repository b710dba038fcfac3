"""From probabilities on the test split to the report a person reads."""

import math
import time
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from clf_core.errors import DatasetError
from clf_core.evaluation import verdict
from clf_core.evaluation.answers import Answers
from clf_core.metrics import calibration, classification
from clf_core.metrics.grouped import accuracy_interval, class_intervals
from clf_core.results import CalibrationReport, CalibrationScores, ClassScore, EvaluationReport

ECE_BINS = 15


def evaluate(
    run: str,
    classes: Sequence[str],
    true_index: NDArray[np.int64],
    probabilities: NDArray[np.floating],
    train_counts: Mapping[str, int],
    *,
    groups: NDArray[np.int64] | None = None,
    now: float | None = None,
) -> EvaluationReport:
    """Judge a model by its answers on the test split.

    Args:
        run: name of the run the answers come from.
        classes: K names; the order of the columns of ``probabilities`` and of the confusion matrix.
        true_index: [N] int64 in 0..K-1.
        probabilities: [N, K], rows summing to 1. The answer is the argmax of a row.
        train_counts: training pictures per class; the most frequent one (the first of equals, in class
            order) is the baseline's constant answer. Classes that are not named have none.
        groups: [N] int64, near copies share one and count as one in the intervals; None where each stands for itself.
        now: Unix seconds to put on the report; the present moment if None.

    Raises:
        DatasetError: there is no test picture.
        ValueError: the shapes disagree, a probability is NaN or outside 0..1.
    """
    count = len(true_index)
    if not count:
        raise DatasetError(
            "There are no test pictures to judge the model on",
            remedy="Add pictures to the dataset, so that some can be kept aside, and train again",
        )
    if probabilities.ndim != 2 or probabilities.shape[1] != len(classes):
        raise ValueError(f"probabilities must be [N, {len(classes)}], got shape {probabilities.shape}")
    nll = calibration.nll(true_index, probabilities)  # checks the arrays
    said = probabilities.argmax(axis=1)
    matrix = classification.confusion_matrix(true_index, said, len(classes))
    correct = int(np.trace(matrix))
    groups = np.arange(count) if groups is None else groups
    low, high = accuracy_interval(said == true_index, groups)
    frequent = max(range(len(classes)), key=lambda index: train_counts.get(classes[index], 0))
    baseline_correct = int(matrix[frequent].sum())
    cautions = (
        verdict.baseline_caution(correct, count, low, classes[frequent], baseline_correct),
        verdict.size_caution(count),
        verdict.untested_caution([name for name, row in zip(classes, matrix, strict=True) if not row.any()]),
    )
    # The gravest caution belongs to the verdict itself, where nobody can miss it.
    gravest, *others = [sentence for sentence in cautions if sentence] or [""]
    return EvaluationReport(
        run=run,
        n=count,
        correct=correct,
        accuracy=correct / count,
        accuracy_low=low,
        accuracy_high=high,
        baseline=baseline_correct / count,
        macro_f1=classification.macro_f1(matrix),
        nll=nll,
        brier=calibration.brier(true_index, probabilities),
        ece=calibration.ece(true_index, probabilities, ECE_BINS),
        ece_bins=ECE_BINS,
        classes=tuple(classes),
        confusion_matrix=tuple(tuple(row) for row in matrix.tolist()),
        class_scores=_class_scores(classes, matrix, class_intervals(true_index, said, groups, len(classes)).recall),
        verdict=f"{verdict.headline(correct, count, low, high)} {gravest}".rstrip(),
        cautions=tuple(others),
        evaluated=time.time() if now is None else now,
    )


def calibration_of(answers: Answers, temperature: float, fitted_on: int) -> CalibrationReport:
    """What a temperature does to the probabilities of these pictures.

    Args:
        answers: at least one, of pictures the temperature was not fitted on.
        temperature: above 0.
        fitted_on: number of pictures it was fitted on; 0 where it was not.
    """

    def scores(divided_by: float) -> CalibrationScores:
        probabilities = answers.probabilities(divided_by)
        return CalibrationScores(
            nll=calibration.nll(answers.true_index, probabilities),
            brier=calibration.brier(answers.true_index, probabilities),
            ece=calibration.ece(answers.true_index, probabilities, ECE_BINS),
        )

    return CalibrationReport(
        temperature=temperature, fitted_on=fitted_on, bins=ECE_BINS, before=scores(1.0), after=scores(temperature)
    )


def _class_scores(
    classes: Sequence[str], matrix: NDArray[np.int64], expected: NDArray[np.float64]
) -> tuple[ClassScore, ...]:
    precision, recall, f1 = (
        score(matrix) for score in (classification.precision, classification.recall, classification.f1)
    )
    scores = []
    for index, name in enumerate(classes):
        scores.append(
            ClassScore(
                name=name,
                support=int(matrix[index].sum()),
                precision=_defined(precision[index]),
                recall=_defined(recall[index]),
                recall_low=_defined(expected[index, 0]),
                recall_high=_defined(expected[index, 1]),
                f1=_defined(f1[index]),
            )
        )
    return tuple(scores)


def _defined(value: float) -> float | None:
    return None if math.isnan(value) else float(value)
