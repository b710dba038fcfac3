"""The commands as a person types them.

What starts processes, waits for them or loads a network runs in a process of its own, as it does in a terminal; the
other commands run in this one, which spares the imports.
"""

import contextlib
import csv
import io
import json
from types import SimpleNamespace

import pytest
from PIL import Image

from clf_core.cli import entry


@pytest.fixture(scope="module")
def workspace(make_workspace):
    return make_workspace()


@pytest.fixture(scope="module")
def source(write_pictures, tmp_path_factory):
    folder = write_pictures(tmp_path_factory.mktemp("pets"), {"red": 15, "blue": 15})
    (folder / "red" / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    return folder


@pytest.fixture(scope="module")
def here(workspace):
    """``here("datasets", "list")`` runs a command in this process; returns what ``in_terminal`` returns."""

    def run(*arguments):
        out, err = io.StringIO(), io.StringIO()
        with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            patch.setenv("CLF_WORKSPACE", str(workspace))
            status = entry.main([*map(str, arguments)])
        return SimpleNamespace(returncode=status, stdout=out.getvalue(), stderr=err.getvalue())

    return run


def answer_of(done):
    """The one object that a command with --json gave, which must have succeeded."""
    assert done.returncode == 0, done.stderr
    (line,) = done.stdout.splitlines()
    return json.loads(line)


@pytest.fixture(scope="module")
def asked(here):
    """``asked(...)`` runs a command with --json in this process and returns its one object."""
    return lambda *arguments: answer_of(here(*arguments, "--json"))


@pytest.fixture(scope="module")
def asked_apart(in_terminal, workspace):
    """``asked`` in a process of its own."""
    return lambda *arguments: answer_of(in_terminal(workspace, *arguments, "--json"))


@pytest.fixture(scope="module")
def imported(asked_apart, source):
    return asked_apart("datasets", "import", source, "--name", "Pets")


@pytest.fixture(scope="module")
def trained(asked_apart, imported):
    return asked_apart("train", "Pets", "--preset", "quick", "--set", "strengths=[0.1,1]", "--set", "device=cpu")


def test_import_tells_what_became_of_every_file(imported):
    assert imported["dataset"] == "Pets"
    assert (imported["version"], imported["accepted"], imported["skipped_count"]) == (1, 30, 1)
    (skipped,) = imported["skipped"]
    assert set(skipped) == {"name", "reason"}
    assert imported["classes"] == {"blue": 15, "red": 15}
    assert set(imported["splits"]) == {"train", "val", "test"}
    assert sum(imported["splits"].values()) == 30


def test_datasets_are_listed_and_shown_by_name_and_identifier(asked, imported):
    (listed,) = asked("datasets", "list")["datasets"]
    assert listed["dataset"] == "Pets"
    assert asked("datasets", "show", "Pets") == asked("datasets", "show", imported["dataset_id"]) == listed


def test_train_waits_and_gives_the_figures(trained):
    assert {"run", "status", "seconds", "images_per_second", "metrics"} <= set(trained)
    assert trained["run"] == "Pets quick 1"
    assert trained["status"] == "done"
    assert trained["images_per_second"] > 0
    assert trained["metrics"]["accuracy"] > 0.8


def test_runs_are_listed_and_shown(asked, trained):
    assert [run["run"] for run in asked("runs", "list")["runs"]] == ["Pets quick 1"]
    shown = asked("--json", "runs", "show", trained["run_id"])
    assert shown["config"]["strengths"] == [0.1, 1.0]
    assert shown["stage"] == "test"
    assert len(shown["curve"]) == 2


def test_detach_returns_at_once_and_the_run_can_be_cancelled(asked, asked_apart, here, trained):
    started = asked_apart("train", "Pets", "--detach", "--name", "in the background")
    assert started["status"] in ("starting", "running")
    assert asked("runs", "cancel", "in the background")["status"] == "cancelled"
    again = here("runs", "cancel", trained["run_id"])
    assert again.returncode == 2
    assert "already done" in again.stderr


def test_evaluate_gives_the_report(asked, trained):
    report = asked("evaluate", "pets quick 1")
    assert {
        "run", "split", "n", "accuracy", "accuracy_low", "accuracy_high", "macro_f1", "nll", "brier", "ece", "classes",
        "confusion_matrix",
    } <= set(report)  # fmt: skip
    assert report["split"] == "test"
    assert report["n"] == sum(map(sum, report["confusion_matrix"]))
    assert report["accuracy_low"] <= report["accuracy"] <= report["accuracy_high"]


def test_predict_accounts_for_every_file(asked_apart, trained, source, tmp_path):
    out = tmp_path / "answers.csv"
    answer = asked_apart("predict", trained["run"], source, "--out", out)
    assert (answer["predicted"], answer["skipped_count"]) == (30, 1)
    assert answer["images_per_second"] > 0
    assert answer["something_else"] == "not yet"
    with out.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert set(rows[0]) >= {"name", "label", "probability", "status", "reason"}
    assert len(rows) == 31
    (skipped,) = [row for row in rows if row["status"] != "ok"]
    assert skipped["reason"]


def test_explain_writes_a_picture(asked_apart, trained, source, tmp_path):
    out = tmp_path / "seen.png"
    picture = next((source / "red").glob("0*.png"))
    answer = asked_apart("explain", trained["run"], picture, "--out", out, "--class", "blue")
    assert (answer["label"], answer["target"], answer["method"]) == ("red", "blue", "gradcam")
    assert 0 <= answer["probability"] <= 1
    with Image.open(out) as image:
        assert image.format == "PNG"


def test_a_person_reads_sentences(in_terminal, workspace, here, trained):
    listed = in_terminal(workspace, "datasets", "list")
    others = (("runs", "list"), ("runs", "show", "Pets quick 1"), ("datasets", "samples"))
    for done in (listed, *(here(*arguments) for arguments in others)):
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip()
        assert not done.stdout.startswith("{")
    assert "right" in here("evaluate", "Pets quick 1").stdout


def test_the_demo_walks_the_whole_path(asked):
    told = asked("demo")
    assert told["accuracy"] > 0.5
    with Image.open(told["heatmap"]) as image:
        assert image.format == "PNG"


def test_a_dataset_is_changed_compared_taken_out_and_brought_back(asked, here, imported, tmp_path):
    asked("datasets", "import", "sample:shapes", "--name", "Edited")
    first = asked("datasets", "pictures", "Edited", "--limit", 2)["pictures"]
    label = first[0]["label"]
    changed = asked("datasets", "relabel", "Edited", "something else", *(picture["id"] for picture in first))
    assert (changed["version"], changed["parent"]) == (2, 1)
    assert asked("datasets", "diff", "Edited", 1, 2)["relabelled"] == 2
    divided = asked("datasets", "split", "Edited", "--train", 0.5, "--val", 0.25, "--test", 0.25, "--unlock-test")
    assert "seed 0" in divided["what"]
    back = asked("datasets", "return", "Edited", 1)
    assert asked("datasets", "show", "Edited")["classes"].get("something else") is None
    assert [version["version"] for version in asked("datasets", "versions", "Edited")["versions"]] == [
        4,
        3,
        2,
        1,
    ]
    assert back["what"] == "Returned to version 1"
    for kind in ("folders", "csv", "parquet"):
        told = asked("datasets", "export", "Edited", "--kind", kind, "--out", tmp_path / f"{kind}.zip")
        assert told["pictures"] == back["pictures"]
    again = asked("datasets", "import", tmp_path / "csv.zip", "--name", "Again")
    assert again["accepted"] == back["pictures"]
    assert again["splits"] == asked("datasets", "show", "Edited")["splits"]
    assert label in again["classes"]
    health = asked("datasets", "health", "Edited")
    assert health["grade"] in "ABCDE"
    refused = here("datasets", "fix", "Edited", "near-copies" if not health["findings"] else "unreadable")
    assert refused.returncode == 2
