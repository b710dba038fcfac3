import json
from types import SimpleNamespace

import pytest

from clf_core.cli import entry
from clf_core.cli.runs import _settings
from clf_core.cli.waiting import why_not_done
from clf_core.errors import CancelledError, ConfigError, InputError, InternalError, NotFoundError, StorageError
from clf_core.results import ErrorWords


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (NotFoundError("No"), 2),
        (CancelledError("No"), 2),
        (StorageError("No"), 1),
        (InternalError("No"), 1),
        (ZeroDivisionError("No"), 1),
        (KeyboardInterrupt(), 130),
    ],
)
def test_each_kind_of_end_has_its_exit_status(monkeypatch, tmp_path, error, status):
    def fail(*_):
        raise error

    monkeypatch.setenv("CLF_WORKSPACE", str(tmp_path))
    monkeypatch.setattr("clf_core.cli.datasets.listing", fail)
    assert entry.main(["datasets", "list"]) == status


def test_a_command_that_succeeds_ends_with_0(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv("CLF_WORKSPACE", str(tmp_path))
    assert entry.main(["datasets", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"datasets": []}


@pytest.mark.parametrize("json_wanted", [True, False])
def test_what_cannot_be_typed_is_one_line_and_status_2(capsys, json_wanted):
    assert entry.main(["datasets", "nonsense", *["--json"] * json_wanted]) == 2
    out, err = capsys.readouterr()
    (line,) = err.splitlines()
    assert line.startswith("error: ")
    assert out == (json.dumps({"error": line.removeprefix("error: ")}) + "\n" if json_wanted else "")


def test_settings_are_json_or_text():
    pairs = ["strengths=[0.1, 1]", "refit=false", "backbone=resnet18", "seed=3", "x=a=b", "y="]
    assert _settings(pairs) == {
        "strengths": [0.1, 1],
        "refit": False,
        "backbone": "resnet18",
        "seed": 3,
        "x": "a=b",
        "y": "",
    }
    with pytest.raises(ConfigError, match="field=value"):
        _settings(["nonsense"])


@pytest.mark.parametrize(
    ("kind", "raised"), [("input", InputError), ("storage", StorageError), ("internal", InternalError)]
)
def test_the_error_of_a_run_is_raised_as_what_it_is(kind, raised):
    run = SimpleNamespace(name="x", error=ErrorWords(what="No", why="Why", remedy="Go", kind=kind))
    assert isinstance(why_not_done(run), raised)
    assert str(why_not_done(run)) == "No. Why. Go."


def test_a_run_without_an_error_was_cancelled():
    assert isinstance(why_not_done(SimpleNamespace(name="x", error=None)), CancelledError)
