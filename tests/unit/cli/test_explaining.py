"""The command ``explain``: one picture or several, two classes side by side, how far to trust it."""

import json

import numpy as np
import pytest
from PIL import Image

from clf_core.api.explanation import Explanations
from clf_core.cli import entry
from clf_core.results import Trust


@pytest.fixture
def pictures(tmp_path):
    random = np.random.default_rng(0)
    paths = [tmp_path / name for name in ("a.png", "b.png")]
    for path in paths:
        Image.fromarray(random.integers(0, 256, (40, 50, 3), dtype=np.uint8)).save(path)
    return [str(path) for path in paths]


@pytest.fixture
def told(make_workspace, monkeypatch, capsys):
    """``told(...)`` explains with the starter model and returns what was said and the JSON object."""
    monkeypatch.setenv("CLF_WORKSPACE", str(make_workspace()))

    def tell(*arguments, status=0):
        assert entry.main(["--json", "explain", "starter", *map(str, arguments)]) == status
        out = capsys.readouterr()
        return out.err, json.loads(out.out.splitlines()[-1])

    return tell


def test_two_classes_are_drawn_side_by_side_and_the_map_is_judged(told, pictures, tmp_path, monkeypatch):
    def judged(self, model_ref, data, *, target, **_options):
        return Trust(
            verdict="weak", words="A hint only.", target=target, method="gradcam", layer="bn2", probability=0.5,
            steps=(), road=0.0, log_odds_gap=0.0, randomised=(),
        )  # fmt: skip

    monkeypatch.setattr(Explanations, "trust", judged)
    out = tmp_path / "why.png"
    words, answer = told(pictures[0], "--against", "--trust", "--out", out)
    with Image.open(out) as image:
        width, height = image.size
    assert width == 3 * height
    assert answer["first"] == answer["label"] != answer["second"]
    assert answer["words"] in words
    assert answer["trust"]["words"] in words
    assert answer["trust"]["target"] == answer["first"]


def test_several_pictures_go_into_a_folder(told, pictures, tmp_path):
    folder = tmp_path / "maps"
    _, refused = told(*pictures, "--out", folder, status=2)
    assert "no folder" in refused["error"]
    folder.mkdir()
    words, answer = told(*pictures, "--method", "layercam", "--smooth", "eigen", "--out", folder)
    assert [picture["out"] for picture in answer["pictures"]] == [str(folder / f"000{n}.png") for n in (1, 2)]
    assert {picture["method"] for picture in answer["pictures"]} == {"layercam"}
    assert all((folder / f"000{n}.png").stat().st_size for n in (1, 2))
    assert "2 pictures" in words


def test_a_wrong_layer_is_told_with_those_there_are(told, pictures, tmp_path):
    _, refused = told(pictures[0], "--layer", "nonsense", "--out", tmp_path / "x.png", status=2)
    assert "'nonsense'" in refused["error"]
    assert "bn2" in refused["error"]
