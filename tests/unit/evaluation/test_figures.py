import time

import numpy as np
import pytest
from sklearn.metrics import f1_score, precision_recall_fscore_support, roc_auc_score

from clf_core.evaluation.answers import Answers
from clf_core.evaluation.figures import figures_of
from clf_core.results.figures import Figures


def answers(count: int, classes: int, seed: int = 0) -> Answers:
    random = np.random.default_rng(seed)
    true_index = random.integers(0, classes, count)
    logits = random.normal(0, 1, (count, classes)).astype(np.float32)
    logits[np.arange(count), true_index] += 2
    names = tuple(f"{number:064x}" for number in range(count))
    return Answers(
        tuple(f"class {number}" for number in range(classes)),
        names,
        names,
        np.arange(count),
        true_index,
        logits,
    )


def test_all_figures_are_those_of_the_answers():
    given = answers(300, 4)
    figures = figures_of(given, 2.0)
    truth, said = given.true_index, given.predicted
    assert (figures.n, figures.groups) == (300, 300)
    assert figures.accuracy.value == pytest.approx((truth == said).mean())
    assert figures.macro_f1.value == pytest.approx(f1_score(truth, said, average="macro"))
    expected = precision_recall_fscore_support(truth, said)
    for place, one in enumerate(figures.classes):
        assert (one.precision.value, one.recall.value, one.f1.value) == pytest.approx(
            tuple(column[place] for column in expected[:3])
        )
        assert (one.support, one.said) == (expected[3][place], int((said == place).sum()))
        assert one.f1.low < one.f1.value < one.f1.high
    area = roc_auc_score(truth, given.probabilities(2.0), multi_class="ovr", average="macro")
    assert figures.curves.roc.mean.area == pytest.approx(area)
    assert figures.curves.raw_reliability != figures.curves.reliability


def test_without_a_temperature_there_is_nothing_to_show_before_it():
    assert figures_of(answers(50, 3), 1.0).curves.raw_reliability == ()


def test_near_copies_widen_the_ranges():
    few = answers(60, 3)
    names = tuple(f"{number:064x}" for number in range(600))
    copies = Answers(few.classes, names, names, np.repeat(few.groups, 10), np.repeat(few.true_index, 10),
                     np.repeat(few.logits, 10, axis=0))  # fmt: skip
    wide, known = figures_of(copies, 1.0), figures_of(few, 1.0)
    assert (wide.n, wide.groups) == (600, 60)
    for ten, one in ((wide.accuracy, known.accuracy), (wide.classes[0].f1, known.classes[0].f1)):
        assert ten.high - ten.low == pytest.approx(one.high - one.low, rel=0.2)
    assert wide.macro_f1.high - wide.macro_f1.low > 0.1


def test_a_class_without_pictures_has_no_figures_and_json_keeps_all():
    given = answers(40, 3)
    given = Answers((*given.classes, "d"), given.sha256, given.source_names, given.groups, given.true_index,
                    np.column_stack([given.logits, np.full(40, -9)]).astype(np.float32))  # fmt: skip
    figures = figures_of(given, 1.0)
    assert (figures.classes[3].support, figures.classes[3].recall.value, figures.classes[3].f1.low) == (0, None, None)
    assert Figures.model_validate_json(figures.model_dump_json()) == figures


def test_ten_thousand_pictures_of_a_hundred_classes_take_no_long_wait():
    figures_of(answers(50, 3), 1.0)  # imports
    given = answers(10_000, 100)
    started = time.process_time()
    figures = figures_of(given, 1.5)
    taken = time.process_time() - started
    started = time.process_time()
    assert Figures.model_validate_json(figures.model_dump_json()).n == 10_000
    reread = time.process_time() - started
    assert taken < 8
    assert reread < 1
