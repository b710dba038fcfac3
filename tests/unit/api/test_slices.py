import numpy as np
import pytest

from clf_core.errors import ConfigError, NotFoundError, StateError
from clf_core.evaluation.answers import Answers
from clf_core.workspace import Workspace
from tests.planted_runs import dataset_answers, plant_run


@pytest.fixture
def answered(bench, run_in_state):
    """A finished run on 'Pets', and its directory."""
    directory = Workspace(bench.settings.workspace).runs.find(run_in_state("done"))
    return directory.record.id, directory


def table_of(directory, column="camera", kind="old"):
    """A table that names every test picture."""
    names = directory.answers("test").source_names
    return (f"file,{column}\n" + "".join(f'"{name}",{kind}\n' for name in names)).encode()


def test_a_table_of_ones_own_is_kept_with_the_run(bench, answered):
    run, directory = answered
    assert bench.slices.of(run).table is None
    number = len(directory.answers("test"))
    report = bench.slices.keep(run, table_of(directory), "<b>cameras</b>.csv")
    assert report.notices == (f"The table names {number} of the {number} test pictures.",)
    assert report.table == "<b>cameras</b>.csv"
    again = type(bench)(bench.settings).slices
    assert again.of(run) == report
    assert again.of(run) is again.of(run)  # pages ask at every rerun
    bench.slices.keep(run, table_of(directory, "=cmd()"), "../../other.csv")
    assert bench.slices.of(run).table == "../../other.csv"
    bench.slices.forget(run)
    bench.slices.forget(run)
    assert bench.slices.of(run) == again.of(run)
    assert bench.slices.of(run).notices == ()


def test_its_columns_are_judged_like_all_others(bench, pets):
    dataset = bench.datasets.get(pets.dataset_id)
    manifest = Workspace(bench.settings.workspace).datasets.manifest(dataset.id, 1)
    rows = manifest.rows()
    names = [row.source_name for row in rows]

    true = np.array([manifest.classes.index(row.label) for row in rows])
    wrong = np.arange(len(rows)) % 2 == 0
    logits = np.eye(2, dtype=np.float32)[np.where(wrong, 1 - true, true)]
    answers = Answers(manifest.classes, tuple(row.sha256 for row in rows), tuple(names), np.arange(20), true, logits)
    run = plant_run(bench, dataset, answers, "Ann")
    lines = [f"{name},{'old' if at else 'new'}" for name, at in zip(names, wrong, strict=True)]
    report = bench.slices.keep(run, "\n".join(["file,camera", *lines]).encode(), "cameras.csv")
    worst = report.slices[0]
    assert (worst.attribute, worst.name, worst.correct, worst.count) == ("camera", "old", 0, 10)
    assert worst.clearly_worse
    assert "camera, old" in report.words


def test_a_table_that_names_nothing_is_refused_in_words_and_the_one_before_stays(bench, answered):
    run, directory = answered
    bench.slices.keep(run, table_of(directory), "mine.csv")
    for data in (b"file,camera\nnothing.png,old\n", b"\x00\xff", b"one column\n"):
        with pytest.raises(ConfigError, match="table cannot be used") as caught:
            bench.slices.keep(run, data, "other.csv")
        assert caught.value.why
        assert "CSV" in caught.value.remedy
    assert bench.slices.of(run).table == "mine.csv"


def test_a_kept_table_that_somebody_damaged_is_left_out(bench, answered):
    run, directory = answered
    before = bench.slices.of(run)
    bench.slices.keep(run, table_of(directory), "mine.csv")
    kept = directory.slice_table()
    short = [column.model_copy(update={"index": column.index[1:]}) for column in kept.columns]
    directory.write_slice_table(kept.model_copy(update={"columns": tuple(short)}))
    assert bench.slices.of(run).slices == before.slices
    (directory.path / "slice_table.json").write_bytes(b"{")
    assert bench.slices.of(run) == before


def test_a_run_of_an_earlier_version_says_so(bench, pets):
    dataset = bench.datasets.get(pets.dataset_id)
    old = plant_run(bench, dataset, dataset_answers(bench, dataset, [True] * 4), "Old", with_answers=False)
    with pytest.raises(StateError, match="keeps no answers") as caught:
        bench.slices.of(old)
    assert "earlier version" in caught.value.why
    with pytest.raises(NotFoundError):
        bench.slices.of("r-gone")
