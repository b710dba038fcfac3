"""Bringing pictures in, listing them and taking them out, as typed."""

import zipfile
from types import SimpleNamespace

import pytest

from clf_core.cli import datasets
from clf_core.cli.console import Console
from clf_core.config import ImportOptions, SplitConfig


class Ways:
    """Stands for the ways in and remembers which was taken, with what."""

    def __init__(self, report) -> None:
        self.taken: list[tuple] = []
        self._report = report

    def __getattr__(self, way: str):
        def take(*arguments, **options):
            options.pop("progress", None)
            self.taken.append((way, arguments, options))
            return self._report

        return take


@pytest.fixture
def import_typed(pets, bench, capsys):
    """``import_typed(...)`` returns the way that a typed import takes."""
    from clf_core.cli.parser import build_parser

    def run(*arguments: str) -> tuple:
        ways = Ways(pets)
        options = build_parser().parse_args(["datasets", "import", *arguments])
        datasets.import_pictures(
            options, SimpleNamespace(imports=ways, datasets=bench.datasets), Console(as_json=False)
        )
        capsys.readouterr()
        (taken,) = ways.taken
        return taken

    return run


def test_every_source_takes_its_way(import_typed):
    assert import_typed("sample:shapes", "--name", "X") == ("sample", ("shapes", "X"), {"into": None, "who": None})
    for source in ("hf:someone/something", "torchvision:CIFAR10"):
        way, (given, name), options = import_typed(source, "--into", "Pets", "--who", "Ada", "--most", "50")
        assert (way, given, name, options["most"]) == ("hub", source, "", 50)
        assert (options["into"], options["who"]) == ("Pets", "Ada")
    way, (path, name), options = import_typed("some/folder", "--name", "X", "--label", "cat", "--fps", "2.5")
    assert (way, str(path), name) == ("path", "some/folder", "X")
    assert options["options"] == ImportOptions(label="cat", frames_per_second=2.5)


def test_pictures_for_a_dataset_are_divided_as_those_in_it(import_typed, bench):
    bench.editing.divide("Pets", SplitConfig(seed=7))
    options = import_typed("folder", "--into", "Pets")[2]["options"]
    assert options.split.seed == 7
    options = import_typed("folder", "--into", "Pets", "--group-pattern", "{group}_*")[2]["options"]
    assert (options.split.seed, options.split.group_pattern) == (7, "{group}_*")


@pytest.mark.parametrize(
    "arguments",
    [
        ("folder",),
        ("folder", "--name", "X", "--into", "Pets"),
        ("folder", "--name", "X", "--fps", "0"),
        ("folder", "--name", "X", "--label", "x" * 501),
        ("folder", "--into", "Dogs"),
    ],
)
def test_what_contradicts_itself_is_refused_in_a_line(said, pets, arguments):
    status, line = said("datasets", "import", *arguments)
    assert status == 2
    assert line.startswith("error: ")
    assert len(line.splitlines()) == 1


def test_pictures_are_listed_with_their_numbers(typed, said, pets, bench):
    found = typed("datasets", "pictures", "Pets", "--class", "red", "--limit", 3)
    assert (found["total"], len(found["pictures"])) == (10, 3)
    first = found["pictures"][0]
    status, text = said("datasets", "pictures", "Pets", "--class", "red", "--limit", 3)
    assert status == 0
    assert text.splitlines()[0].split() == [str(first["id"]), "red,", first["split"], first["source_name"]]
    assert "7 more" in text
    bench.editing.exclude("Pets", [first["id"]], "Too dark")
    assert "Too dark" in said("datasets", "pictures", "Pets", "--left-out")[1]
    assert "No picture fits" in said("datasets", "pictures", "Pets", "--find", "nonsense")[1]


def test_an_export_is_written_where_it_is_wanted(typed, said, pets, tmp_path):
    out = tmp_path / "out.zip"
    told = typed("datasets", "export", "Pets", "--kind", "folders", "--out", out, "--split-folders")
    assert (told["pictures"], told["kind"], told["bytes"]) == (20, "folders", out.stat().st_size)
    assert {name.split("/")[0] for name in zipfile.ZipFile(out).namelist()} == {"train", "val", "test"}
    assert "20 pictures" in said("datasets", "export", "Pets", "--kind", "parquet", "--out", out)[1]
    for wrong in (("--out", tmp_path), ("--out", tmp_path / "nowhere" / "x.zip"), ("--out", out, "--version", 9)):
        assert said("datasets", "export", "Pets", *wrong)[0] == 2
