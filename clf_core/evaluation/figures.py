"""From a run's answers to its test pictures to every figure a page shows. Pure functions."""

import math

import numpy as np
from numpy.typing import NDArray

from clf_core.evaluation.answers import Answers
from clf_core.evaluation.curves import all_curves
from clf_core.metrics import classification
from clf_core.metrics.bootstrap import macro_f1_interval
from clf_core.metrics.grouped import accuracy_interval, class_intervals
from clf_core.results.figures import ClassFigures, Figures, Ratio


def figures_of(answers: Answers, temperature: float) -> Figures:
    """Work out all figures.

    Args:
        answers: to at least one test picture.
        temperature: of the model; the curves are of the probabilities it states.
    """
    truth, said, groups = answers.true_index, answers.predicted, answers.groups
    matrix = classification.confusion_matrix(truth, said, len(answers.classes))
    right = truth == said
    return Figures(
        n=len(answers),
        groups=len(np.unique(groups)),
        accuracy=_ratio(float(right.mean()), *accuracy_interval(right, groups)),
        macro_f1=_ratio(classification.macro_f1(matrix), *macro_f1_interval(truth, said, groups, len(answers.classes))),
        classes=_class_figures(answers, matrix),
        curves=all_curves(
            answers.classes,
            truth,
            answers.probabilities(temperature),
            groups,
            None if temperature == 1 else answers.probabilities(),
        ),
    )


def _class_figures(answers: Answers, matrix: NDArray[np.int64]) -> tuple[ClassFigures, ...]:
    ends = class_intervals(answers.true_index, answers.predicted, answers.groups, len(answers.classes))
    columns = [
        [_ratio(float(value), *low_high) for value, low_high in zip(values, ends_of, strict=True)]
        for values, ends_of in (
            (classification.precision(matrix), ends.precision),
            (classification.recall(matrix), ends.recall),
            (classification.f1(matrix), ends.f1),
        )
    ]
    supports, said = matrix.sum(axis=1).tolist(), matrix.sum(axis=0).tolist()
    return tuple(
        ClassFigures(name=name, support=support, said=named, precision=precision, recall=recall, f1=f1)
        for name, support, named, precision, recall, f1 in zip(answers.classes, supports, said, *columns, strict=True)
    )


def _ratio(value: float, low: float, high: float) -> Ratio:
    return Ratio() if math.isnan(value) else Ratio(value=value, low=float(low), high=float(high))
