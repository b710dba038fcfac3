"""A gallery of heatmaps: mistakes and pictures of each class, drawn once and gone on with after a kill."""

import io

import numpy as np
import pytest
from PIL import Image

from clf_core.api import Workbench
from clf_core.config import TrainConfig
from clf_core.errors import CancelledError
from clf_core.evaluation.evaluator import evaluate
from clf_core.jobs import gallery_part, process
from clf_core.jobs.gallery_part import Gallery, gallery_so_far
from clf_core.jobs.insights import folder_of
from clf_core.settings import Settings
from clf_core.workspace import Workspace
from tests.planted_runs import answers_with
from tests.pretended_model import pretended_model
from tests.stored_pictures import damage_picture

CLASSES = ("blue", "red")


@pytest.fixture
def workspace(tmp_path, write_pictures):
    write_pictures(tmp_path / "pictures", {"red": 12, "blue": 12})
    Workbench(Settings(workspace=tmp_path / "workspace")).imports.path(tmp_path / "pictures", "Colours")
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def untested(workspace):
    return workspace.runs.create(workspace.datasets.find("Colours"), TrainConfig(), None, process.current())


@pytest.fixture
def tested(untested, workspace):
    """The run after its look at the test split, in which its first picture was mistaken."""
    rows = workspace.datasets.manifest(untested.record.dataset_id, 1).select("test")
    said = np.eye(2, dtype=np.float32)[rows.label_index] * 0.6 + 0.2
    said[0] = said[0, ::-1]
    report = evaluate(untested.record.name, CLASSES, rows.label_index, said, {"blue": 6, "red": 6})
    untested.write_answers("test", answers_with(rows.sha256, rows.source_name, CLASSES, rows.label_index, said))
    untested.write_evaluation(report)
    return untested


@pytest.fixture
def model():
    return pretended_model(CLASSES)


def _make(run, workspace, model, tell=lambda done, total: None):
    Gallery().make(run, workspace, model, tell)
    return gallery_so_far(folder_of(run, "gallery"))


def _pixels(run, name):
    return np.asarray(Image.open(io.BytesIO((folder_of(run, "gallery") / name).read_bytes())), dtype=float)


def test_the_mistake_comes_first_with_the_evidence_for_both_classes(tested, workspace, model):
    told = []
    drawn = _make(tested, workspace, model, lambda done, total: told.append((done, total)))
    assert Gallery().done(tested)
    wrong, *right = drawn.pictures
    assert (wrong.right, drawn.mistakes, drawn.tested, drawn.layer) == (False, 1, True, "colours")
    assert all(picture.right for picture in right)
    assert drawn.total == len(drawn.pictures) == len(tested.tested()) == told[-1][0]
    said, true = _pixels(tested, wrong.said_heat), _pixels(tested, wrong.true_heat)
    assert true.mean() > said.mean() + 20  # there is more of its own colour in it than of the other
    assert {(picture.said_heat == picture.true_heat) for picture in right} == {True}
    assert _pixels(tested, right[0].picture).shape == (16, 16, 3)


def test_after_a_kill_only_what_is_missing_is_drawn(tested, workspace, model, monkeypatch):
    monkeypatch.setattr(gallery_part, "_SECONDS_BETWEEN_INDEXES", -1.0)

    def kill(done, _total):
        if done == 2:
            raise CancelledError("gone")

    with pytest.raises(CancelledError):
        Gallery().make(tested, workspace, model, kill)
    assert not Gallery().done(tested)
    assert len(gallery_so_far(folder_of(tested, "gallery")).pictures) == 2
    before = model.heatmaps.asked
    drawn = _make(tested, workspace, model)
    assert model.heatmaps.asked - before == len(drawn.pictures) - 2
    assert not (folder_of(tested, "gallery") / "partial.json").exists()


def test_without_test_pictures_those_it_learned_with_are_drawn(untested, workspace, model):
    drawn = _make(untested, workspace, model)
    assert not drawn.tested
    assert {picture.true for picture in drawn.pictures} == set(CLASSES)
    manifest = workspace.datasets.manifest(untested.record.dataset_id, 1)
    assert {picture.sha256 for picture in drawn.pictures} <= set(manifest.select("val").sha256)


def test_a_picture_that_can_no_longer_be_read_is_counted(tested, workspace, model):
    damage_picture(workspace.pictures, tested.tested()[1].sha256, b"gone")
    drawn = _make(tested, workspace, model)
    assert drawn.unreadable == 1
    assert len(drawn.pictures) == drawn.total - 1


def test_before_it_is_begun_there_is_none(tested):
    assert gallery_so_far(folder_of(tested, "gallery")) is None
