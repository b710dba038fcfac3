import os

import pytest

from clf_core.cli.console import Console
from clf_core.cli.models import check_output, predict
from clf_core.cli.parser import build_parser
from clf_core.errors import InputError
from clf_core.results import BatchReport
from clf_core.results.insights import Insight, Insights


def test_a_new_or_an_old_file_may_be_written(tmp_path):
    (tmp_path / "old.csv").touch()
    check_output(tmp_path / "old.csv")
    check_output(tmp_path / "new.csv")


def test_a_name_that_no_disk_takes_is_refused(tmp_path):
    with pytest.raises(InputError, match="cannot be written"):
        check_output(tmp_path / ("x" * 300))


def test_a_folder_that_may_not_be_entered_is_refused(tmp_path, monkeypatch):
    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "stat", refuse)
    with pytest.raises(InputError, match=r"cannot be written\. Permission denied\."):
        check_output(tmp_path / "x.csv")


def test_a_folder_that_may_not_be_written_is_refused_before_the_work(tmp_path, monkeypatch):
    monkeypatch.setattr(os, "access", lambda *_: False)  # whoever runs the tests as root may write anywhere
    with pytest.raises(InputError, match="may not be written into"):
        check_output(tmp_path / "x.csv")


class Foreign:
    """A facade on which pictures of something else are refused once that is worked out, if it can be."""

    def __init__(self, before: str, after: str) -> None:
        self.states, self.started = [before, after], 0
        self.doubt = self.insights = self.prediction = self

    def foreign(self, run):
        return self.states[min(self.started, 1)]

    def start(self, run, *, again=False):
        self.started += 1
        return Insights(parts=(Insight(name="unknown", title="Something", state="done"),), running=False)

    def predict_path(self, run, source, progress):
        return BatchReport(predicted=3, skipped_count=0, ignored_count=0, images_per_second=9.0, rows=())

    def csv(self, report):
        return b"name\n"


@pytest.mark.parametrize(
    ("before", "typed", "started", "told"),
    [
        ("not yet", [], 0, "what tells them is not worked out; '--unknown' does that first"),
        ("not yet", ["--unknown"], 1, ""),
        ("refused", ["--unknown"], 0, ""),
        ("too few", ["--unknown"], 0, "too few validation pictures"),
        ("never", [], 0, "this model refuses nothing"),
    ],
)
def test_what_becomes_of_pictures_of_something_else_is_said(tmp_path, capsys, before, typed, started, told):
    bench = Foreign(before, "refused")
    options = build_parser().parse_args(["predict", "RUN", "folder", "--out", str(tmp_path / "x.csv"), *typed])
    predict(options, bench, Console(as_json=False))
    shown = capsys.readouterr().out
    assert bench.started == started
    assert told in shown
    assert ("named like any other" in shown) == bool(told)
