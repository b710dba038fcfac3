"""The verdict of a run in the terminal."""

import numpy as np
import pytest

from clf_core.evaluation.evaluator import calibration_of
from clf_core.workspace import Workspace
from tests.planted_runs import answers_of, plant_run, write_earlier


@pytest.fixture
def ann(bench, pets):
    true = np.arange(60) % 2
    said = np.where(np.arange(60) < 5, 1 - true, true)
    answers = answers_of(("blue", "red"), [f"{number:06x}".ljust(64, "0") for number in range(60)], true, said)
    run = Workspace(bench.settings.workspace).runs.find(plant_run(bench, bench.datasets.get("Pets"), answers, "Ann"))
    report = run.evaluation().model_copy(update={"calibration": calibration_of(answers, 2.0, 40)})
    run.write_evaluation(report)
    return run


def test_the_verdict_comes_first_and_then_the_figures(said, ann):
    status, words = said("evaluate", "Ann")
    assert status == 0
    lines = words.splitlines()
    assert lines[0] == "55 of 60 right; on new pictures like these expect 81–97 %."
    assert lines[1].startswith("Always answering 'blue'")
    assert "  27 of 30 pictures of 'blue' were found; on new ones expect 74–97 %." in lines
    assert any(line.startswith("Most often confused: 'blue' was taken for 'red' 3 times in 30") for line in lines)
    assert any(line.startswith("Next: ") for line in lines)
    assert any(line.startswith("  red: 30 pictures, precision 0.90") for line in lines)
    assert lines[-2].startswith("Temperature 2.00, fitted on 40 validation pictures: NLL ")
    assert lines[-2].endswith("(15 bins)")
    assert lines[-1].startswith("Results of one run on these test pictures were looked at once.")


def test_programs_get_the_report_the_summary_and_the_intervals(typed, ann):
    found = typed("evaluate", "Ann")
    assert found["correct"] == 55
    assert found["summary"]["mix_up"]["count"] == 3
    assert found["figures"]["macro_f1"]["low"] < found["macro_f1"] < found["figures"]["macro_f1"]["high"]
    assert found["calibration"]["fitted_on"] == 40
    assert "curves" not in found["figures"]


def test_the_worst_kind_is_printed_and_a_table_is_kept_until_it_is_removed(typed, said, ann, tmp_path):
    names = ann.answers("test").source_names
    lines = [f"{name},{'old' if at < 20 else 'new'}" for at, name in enumerate(names)]
    (tmp_path / "cameras.csv").write_text("\n".join(["file,camera", *lines]))
    given = typed("evaluate", "Ann", "--table", tmp_path / "cameras.csv")["slices"]
    assert given["table"] == "cameras.csv"
    assert given["slices"][0]["name"] == "old"
    assert typed("evaluate", "Ann")["slices"] == given
    _, words = said("evaluate", "Ann")
    worst = next(line for line in words.splitlines() if line.startswith("Kinds of pictures: "))
    assert "camera, old: 15 of 20 right (expect 53–89 %)" in worst
    assert "camera, new" not in words
    _, words = said("evaluate", "Ann", "--slices")
    assert "  camera, new: 40 of 40 pictures right" in words
    assert "  camera, old: 15 of 20 pictures right (0.750, 0.531 to 0.888), of the others 1.000" in words
    assert typed("evaluate", "Ann", "--forget-table")["slices"]["table"] is None
    status, words = said("evaluate", "Ann", "--table", tmp_path / "none.csv")
    assert status != 0
    assert "none.csv cannot be read" in words


def test_a_run_of_an_earlier_version_has_its_verdict_still(typed, ann):
    write_earlier(ann.path, ann.tested())
    (ann.path / "answers" / "test.npz").unlink()
    found = typed("evaluate", "Ann")
    assert found["summary"]["beats_baseline"] == "yes"
    assert "figures" not in found
