"""The matrix in parts, and mistakes one by one, through the facade."""

import time

import numpy as np
import pytest

from clf_core.api.mixups import PART, WHOLE
from clf_core.config import TrainConfig
from clf_core.errors import NotFoundError, StateError
from clf_core.evaluation.evaluator import evaluate
from clf_core.jobs import process
from clf_core.workspace import Workspace
from clf_core.workspace.records import RunStatus
from tests.planted_runs import answers_with


@pytest.fixture
def run_on(bench, pets):
    """``run_on(matrix)`` returns a run of the pets' dataset that pretends to have been tested with such a result."""

    def make(matrix):
        names = [f"kind {number:04d}" for number in range(len(matrix))]
        cells = [(true, said) for (true, said), times in np.ndenumerate(matrix) for _ in range(times)]
        true, said = np.array(cells).T
        sure = np.full((len(cells), len(names)), 0.1 / len(names), dtype=np.float32)
        sure[np.arange(len(cells)), said] += 0.9
        workspace = Workspace(bench.settings.workspace)
        run = workspace.runs.create(bench.datasets.get("Pets"), TrainConfig(), None, process.current())
        digests, files = zip(*((f"{number:064x}", f"{number}.png") for number in range(len(cells))), strict=True)
        run.write_answers("test", answers_with(digests, files, names, true, sure))
        run.write_evaluation(evaluate(run.record.name, names, true, sure, {}))
        run.write_status(RunStatus(state="done", worker=process.current(), began=time.time()))
        return run.record.id

    return make


def test_a_small_matrix_is_whole_and_its_worst_cell_is_named(bench, run_on):
    matrix = np.array([[5, 0, 2], [1, 4, 0], [0, 0, 3]])
    block = bench.mixups.block(run_on(matrix))
    assert block.counts == tuple(map(tuple, matrix.tolist()))
    assert (block.known, block.worst) == (3, (0, 2))
    assert (block.true_totals, block.said_totals) == ((7, 5, 3), (6, 4, 5))


def test_the_order_by_likeness_keeps_every_count_with_its_names(bench, run_on):
    matrix = np.array([[5, 0, 2, 0], [0, 4, 0, 3], [3, 0, 4, 0], [0, 2, 0, 9]])
    run = run_on(matrix)
    block = bench.mixups.block(run, order="similar")
    places = [bench.evaluation.report(run).classes.index(name) for name in block.classes]
    assert block.counts == tuple(map(tuple, matrix[np.ix_(places, places)].tolist()))
    assert abs(places.index(0) - places.index(2)) == 1


def test_of_a_large_matrix_the_most_confused_part_is_shown_and_any_class_is_found(bench, run_on):
    count = WHOLE + 10
    matrix = np.eye(count, dtype=np.int64)
    matrix[3, 44], matrix[44, 3], matrix[7, 8] = 5, 2, 1
    run = run_on(matrix)
    block = bench.mixups.block(run)
    assert len(block.classes) == PART
    assert block.known == count
    row, column = block.worst
    assert (block.classes[row], block.classes[column]) == ("kind 0003", "kind 0044")
    assert block.counts[row][column] == 5
    assert block.true_totals[row] == 6
    around = bench.mixups.block(run, around="kind 0007")
    assert around.classes == ("kind 0007", "kind 0008")
    with pytest.raises(NotFoundError, match="no class"):
        bench.mixups.block(run, around="kind")


def test_mistakes_in_pages_and_against_another_run(bench, run_on):
    first = run_on(np.array([[2, 3], [1, 2]]))
    second = run_on(np.array([[4, 1], [0, 3]]))  # the same eight pictures, one mistake, which both make
    assert bench.mixups.mistakes(first, order="loss", limit=2).total == 4
    assert len(bench.mixups.mistakes(first, offset=3, limit=2).pictures) == 1
    found = bench.mixups.mistakes(first, order="disagreement", other=second)
    assert (found.total, found.shared) == (3, 1)
    assert all(said != picture.predicted for said, picture in zip(found.other_said, found.pictures, strict=True))
    with pytest.raises(StateError, match="no other run"):
        bench.mixups.mistakes(first, order="disagreement")


def test_a_test_picture_is_found_in_the_newest_version(bench, run_in_state, pets):
    run = run_in_state("done")
    picture = bench.mixups.mistakes(run).pictures[0]
    found = bench.mixups.in_dataset(run, picture)
    assert (found.sha256, found.label, found.split) == (picture.sha256, picture.true, "test")
    bench.editing.relabel("Pets", [found.id], picture.predicted)
    assert bench.mixups.in_dataset(run, picture).label == picture.predicted
    assert bench.mixups.in_dataset(run, picture.model_copy(update={"sha256": "0" * 64})) is None


def test_a_run_that_was_not_tested_is_explained(bench, run_in_state):
    with pytest.raises(StateError, match="not done"):
        bench.mixups.block(run_in_state("starting"))
