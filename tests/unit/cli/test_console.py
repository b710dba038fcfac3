import io
import json
import sys

import pytest

from clf_core.cli.console import Console, plain
from clf_core.cli.datasets import say_import
from clf_core.cli.words import class_words, counted
from clf_core.errors import ConfigError
from clf_core.results import ImportReport


def test_with_json_only_the_object_goes_to_stdout(capsys):
    console = Console(as_json=True)
    console.say("Hello.")
    console.note("Just so.")
    console.result({"name": "Käfer\u202e", "none": None})
    out, err = capsys.readouterr()
    assert json.loads(out) == {"name": "Käfer\u202e", "none": None}
    assert out.isascii()
    assert err == "Hello.\nJust so.\n"


def test_without_json_the_object_is_not_shown(capsys):
    console = Console(as_json=False)
    console.say("Hello.")
    console.result({"a": 1})
    assert capsys.readouterr() == ("Hello.\n", "")


def test_a_failure_is_one_line_with_what_why_and_remedy(capsys):
    error = ConfigError("No\nway", field="x", why="Because\tof this", remedy="Go on")
    assert Console(as_json=False).fail(error, 2) == 2
    assert capsys.readouterr().err == "error: No way. Because of this. Go on.\n"


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b]0;title\x07", "\\u001b]0;title\\u0007"),
        ("a\nb", "a\\u000ab"),
        ("\u202egpj", "\\u202egpj"),
        ("Käfer \N{HONEYBEE}", "Käfer \N{HONEYBEE}"),
    ],
)
def test_nothing_steers_the_terminal(text, shown):
    assert plain(text) == shown


def test_names_that_are_no_text_do_not_stop_a_command(monkeypatch):
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    monkeypatch.setattr(sys, "stdout", stream)
    Console(as_json=False).say("bytes \udcff of a file name")
    stream.flush()
    assert b"\\udcff" in stream.buffer.getvalue()


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_is_drawn_on_a_terminal_only(monkeypatch):
    for stream, drawn in ((_Terminal(), True), (io.StringIO(), False)):
        monkeypatch.setattr(sys, "stderr", stream)
        with Console(as_json=False).bar() as bar:
            bar.show("Reading", 1, 3, "file")
            bar.tell("A word.")
            bar.show("Reading", 3, 3, "file")
            bar.show("Testing", 0, 0)
        assert ("Reading" in stream.getvalue()) is drawn
        assert ("A word.\n" in stream.getvalue()) is drawn
        assert ("Testing" in stream.getvalue()) is drawn


def test_words():
    assert [counted(number, "picture") for number in (0, 1, 1200)] == ["0 pictures", "1 picture", "1,200 pictures"]
    assert class_words({"a": 1}) == "1 class (a 1)"
    assert class_words({str(number): 1 for number in range(20)}).endswith("11 1, …)")


@pytest.mark.parametrize(("count", "said"), [(0, ""), (1, "1 system file "), (7, "7 system files ")])
def test_an_import_tells_how_many_system_files_were_left_aside(capsys, count, said):
    report = ImportReport(
        dataset="Pets",
        dataset_id="d-1",
        version=1,
        accepted=2,
        skipped_count=0,
        skipped=(),
        ignored_count=count,
        classes={"a": 1, "b": 1},
        splits={},
        notices=(),
        seconds=0.1,
    )
    say_import(report, Console(as_json=False))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 1 + bool(count)
    assert lines[-1].startswith(said)
