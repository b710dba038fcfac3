import argparse

import pytest

from clf_core.cli.parser import build_parser
from clf_core.errors import InputError


def _actions(parser: argparse.ArgumentParser):
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, inner in action.choices.items():
                yield name, inner
                yield from _actions(inner)


@pytest.mark.parametrize(
    "line",
    [
        "datasets import SOURCE --name NAME",
        "datasets list",
        "datasets show NAME",
        "train DATASET --preset quick --set a=1 --set b=[1,2]",
        "train DATASET --detach",
        "runs list",
        "runs show RUN",
        "runs cancel RUN",
        "evaluate RUN",
        "predict RUN SOURCE --out FILE.csv",
        "explain RUN PICTURE --out FILE.png --method gradcam --class NAME",
        "demo",
    ],
)
def test_every_command_takes_json_before_and_after(line):
    parser = build_parser()
    plain = parser.parse_args(line.split())
    assert callable(plain.command)
    assert plain.json is False
    assert parser.parse_args([*line.split(), "--json"]).json is True
    assert parser.parse_args(["--json", *line.split()]).json is True


def test_every_command_has_help():
    parsers = dict(_actions(build_parser()))
    assert {"datasets", "train", "runs", "evaluate", "predict", "explain", "demo"} <= set(parsers)
    assert all(parser.format_help() for parser in parsers.values())


def test_the_help_of_train_explains_every_setting(capsys):
    with pytest.raises(SystemExit):
        build_parser().parse_args(["train", "--help"])
    shown = capsys.readouterr().out
    assert "strengths: Inverse regularisation" in shown


@pytest.mark.parametrize("group", ["datasets", "runs"])
def test_json_may_stand_between_command_and_action(group):
    assert build_parser().parse_args([group, "--json", "list"]).json is True


@pytest.mark.parametrize(
    "line",
    [
        ["datasets", "import", "", "--name", "x"],
        ["predict", "starter", "", "--out", "x.csv"],
        ["explain", "starter", "", "--out", "x.png"],
    ],
)
def test_an_unset_variable_does_not_mean_the_current_folder(line):
    with pytest.raises(InputError, match="it is empty"):
        build_parser().parse_args(line)


def test_what_cannot_be_typed_is_refused_with_where_to_look():
    with pytest.raises(InputError, match=r"nonsense.*--help' shows what can be typed\.$"):
        build_parser().parse_args(["nonsense"])
