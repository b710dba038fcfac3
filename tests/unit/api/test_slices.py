import numpy as np
import pytest

from clf_core.errors import ConfigError, NotFoundError, StateError
from clf_core.evaluation.answers import Answers
from clf_core.workspace import Workspace
from tests.planted_runs import dataset_answers, plant_run


@pytest.fixture
def answered(bench, run_in_state, write_pictures, tmp_path):
    """A finished run that keeps its answers to the test pictures of 'Pets', and how many those are."""
    run = run_in_state("done")
    workspace = Workspace(bench.settings.workspace)
    directory = workspace.runs.find(run)
    rows = workspace.datasets.manifest(directory.record.dataset_id, 1).select("test")
    logits = np.eye(2, dtype=np.float32)[rows.label_index]
    directory.write_answers(
        "test",
        Answers(
            ("blue", "red"),
            tuple(rows.sha256),
            tuple(rows.source_name),
            np.arange(len(rows)),
            rows.label_index,
            logits,
        ),
    )
    return run, rows


def test_kinds_of_pictures_with_a_table_of_ones_own(bench, answered):
    run, rows = answered
    plain = bench.slices.of(run)
    assert plain.notices == ()
    table = "file,camera\n" + "".join(f'"{name}",old\n' for name in rows.source_name)
    report = bench.slices.of(run, table.encode())
    assert report.notices == (f"The table names {len(rows)} of the {len(rows)} test pictures.",)
    assert report.least > 1
    assert bench.slices.of(run, table.encode()) is report  # pages ask at every rerun


def test_a_table_that_names_nothing_is_refused_in_words(bench, answered):
    run, _ = answered
    for data in (b"file,camera\nnothing.png,old\n", b"\x00\xff", b"one column\n"):
        with pytest.raises(ConfigError, match="table cannot be used") as caught:
            bench.slices.of(run, data)
        assert caught.value.why
        assert "CSV" in caught.value.remedy


def test_a_run_of_an_earlier_version_says_so(bench, pets):
    dataset = bench.datasets.get(pets.dataset_id)
    old = plant_run(bench, dataset, dataset_answers(bench, dataset, [True] * 4), "Old", with_answers=False)
    with pytest.raises(StateError, match="no more to tell") as caught:
        bench.slices.of(old)
    assert "earlier version" in caught.value.why
    with pytest.raises(NotFoundError):
        bench.slices.of("r-gone")
