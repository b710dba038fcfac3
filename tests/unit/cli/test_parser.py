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
        "datasets import SOURCE --into DATASET --label CLASS --group-pattern {group}_* --fps 2 --who ADA",
        "datasets list",
        "datasets samples",
        "datasets pictures DATASET --class CLASS --split val --find TEXT --left-out --limit 5",
        "datasets health DATASET --wait",
        "datasets fix DATASET near-copies --who ADA",
        "datasets versions DATASET",
        "datasets diff DATASET 1 2",
        "datasets return DATASET 1",
        "datasets undo DATASET",
        "datasets split DATASET --train 0.7 --val 0.1 --test 0.2 --seed 1 --group-pattern {group}_* --unlock-test",
        "datasets split DATASET --no-copies-together",
        "datasets relabel DATASET CLASS 1 2-5",
        "datasets exclude DATASET 1 2-5 --reason WORD",
        "datasets exclude DATASET --finding dark",
        "datasets restore DATASET 1",
        "datasets move DATASET val 1 2-5 --unlock-test",
        "datasets rename-class DATASET OLD NEW",
        "datasets merge-classes DATASET ONE TWO --into ONE",
        "datasets rename DATASET NAME",
        "datasets export DATASET --kind parquet --out FILE.zip --version 1 --left-out",
        "datasets show NAME",
        "train DATASET --preset quick --set a=1 --set b=[1,2]",
        "train DATASET --detach --priority 1",
        "models list",
        "models search swin tiny --family swin_transformer --most-parameters 30 --on-machine --commercial "
        "--order accuracy --descending --limit 5",
        "models families",
        "models show NAME",
        "models measure NAME",
        "runs list",
        "runs show RUN",
        "runs cancel RUN",
        "runs pause RUN",
        "runs resume RUN --detach",
        "runs stop RUN --detach",
        "runs extend RUN 5 --name NAME --detach",
        "runs move RUN 1",
        "runs prioritise RUN 2",
        "runs drop-checkpoints RUN",
        "runs slots",
        "runs slots 2",
        "evaluate RUN",
        "predict RUN SOURCE --out FILE.csv --unknown",
        "doubt RUN --answer 0.9 --cost TRUE SAID 5 --cost SAID TRUE 2 --unknown",
        "doubt RUN --recommended --equal-costs",
        "explain RUN PICTURE --out FILE.png --method gradcam --class NAME",
        "explain RUN PICTURE PICTURE --out FOLDER --layer NAME --smooth eigen --against NAME --trust",
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
        ["datasets", "export", "x", "--out", ""],
    ],
)
def test_an_unset_variable_does_not_mean_the_current_folder(line):
    with pytest.raises(InputError, match="it is empty"):
        build_parser().parse_args(line)


def test_what_cannot_be_typed_is_refused_with_where_to_look():
    with pytest.raises(InputError, match=r"nonsense.*--help' shows what can be typed\.$"):
        build_parser().parse_args(["nonsense"])


@pytest.mark.parametrize(
    "line",
    [
        "datasets return DATASET 0",
        "datasets diff DATASET one 2",
        "datasets fix DATASET nonsense",
        "datasets move DATASET dev 1",
        "datasets export DATASET --out x.zip --kind tar",
        "datasets split DATASET --seed many",
    ],
)
def test_what_is_no_choice_or_number_is_refused(line):
    with pytest.raises(InputError):
        build_parser().parse_args(line.split())
