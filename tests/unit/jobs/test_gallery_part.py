"""A gallery of heatmaps: mistakes and pictures of each class, drawn once and gone on with after a kill."""

import io

import numpy as np
import pytest
from PIL import Image

from clf_core.errors import CancelledError, HeatmapError
from clf_core.evaluation.evaluator import evaluate
from clf_core.jobs import gallery_part
from clf_core.jobs.gallery_part import Gallery, gallery_so_far
from clf_core.jobs.insights import folder_of
from tests.planted_runs import answers_with
from tests.stored_pictures import damage_picture

CLASSES = ("blue", "red")


@pytest.fixture
def tested(colours_run, colours_workspace):
    """The run after its look at the test split, in which its first picture was mistaken."""
    rows = colours_workspace.datasets.manifest(colours_run.record.dataset_id, 1).select("test")
    said = np.eye(2, dtype=np.float32)[rows.label_index] * 0.6 + 0.2
    said[0] = said[0, ::-1]
    report = evaluate(colours_run.record.name, CLASSES, rows.label_index, said, {"blue": 6, "red": 6})
    colours_run.write_answers("test", answers_with(rows.sha256, rows.source_name, CLASSES, rows.label_index, said))
    colours_run.write_evaluation(report)
    return colours_run


def _make(run, workspace, model, tell=lambda done, total: None):
    Gallery().make(run, workspace, model, tell)
    return gallery_so_far(folder_of(run, "gallery"))


def _pixels(run, name):
    return np.asarray(Image.open(io.BytesIO((folder_of(run, "gallery") / name).read_bytes())), dtype=float)


def test_the_mistake_comes_first_with_the_evidence_for_both_classes(tested, colours_workspace, colours_model):
    told = []
    drawn = _make(tested, colours_workspace, colours_model, lambda done, total: told.append((done, total)))
    assert Gallery().done(tested)
    wrong, *right = drawn.pictures
    assert (wrong.right, drawn.mistakes, drawn.tested, drawn.layer) == (False, 1, True, "colours")
    assert all(picture.right for picture in right)
    assert drawn.total == len(drawn.pictures) == len(tested.tested()) == told[-1][0]
    said, true = _pixels(tested, wrong.said_heat), _pixels(tested, wrong.true_heat)
    assert true.mean() > said.mean() + 20  # there is more of its own colour in it than of the other
    assert {(picture.said_heat == picture.true_heat) for picture in right} == {True}
    assert _pixels(tested, right[0].picture).shape == (16, 16, 3)


def test_after_a_kill_only_what_is_missing_is_drawn(tested, colours_workspace, colours_model, monkeypatch):
    monkeypatch.setattr(gallery_part, "_SECONDS_BETWEEN_INDEXES", -1.0)

    def kill(done, _total):
        if done == 2:
            raise CancelledError("gone")

    with pytest.raises(CancelledError):
        Gallery().make(tested, colours_workspace, colours_model, kill)
    assert not Gallery().done(tested)
    assert len(gallery_so_far(folder_of(tested, "gallery")).pictures) == 2
    before = colours_model.heatmaps.asked
    drawn = _make(tested, colours_workspace, colours_model)
    assert colours_model.heatmaps.asked - before == len(drawn.pictures) - 2
    assert not (folder_of(tested, "gallery") / "partial.json").exists()


def test_without_test_pictures_those_it_learned_with_are_drawn(colours_run, colours_workspace, colours_model):
    drawn = _make(colours_run, colours_workspace, colours_model)
    assert not drawn.tested
    assert {picture.true for picture in drawn.pictures} == set(CLASSES)
    manifest = colours_workspace.datasets.manifest(colours_run.record.dataset_id, 1)
    assert {picture.sha256 for picture in drawn.pictures} <= set(manifest.select("val").sha256)


def test_a_picture_that_can_no_longer_be_read_is_counted(tested, colours_workspace, colours_model):
    damage_picture(colours_workspace.pictures, tested.tested()[1].sha256, b"gone")
    drawn = _make(tested, colours_workspace, colours_model)
    assert drawn.unreadable == 1
    assert len(drawn.pictures) == drawn.total - 1


def test_before_it_is_begun_there_is_none(tested):
    assert gallery_so_far(folder_of(tested, "gallery")) is None


class _Flat:
    """A model whose network keeps no places apart."""

    @property
    def heatmaps(self):
        raise HeatmapError("A heatmap cannot be made for this network", why="None of its layers keeps places apart")


def test_that_a_network_gives_no_heatmaps_is_a_result_too(tested, colours_workspace):
    drawn = _make(tested, colours_workspace, _Flat())
    assert Gallery().done(tested)
    assert (drawn.pictures, drawn.total) == ((), 0)
    assert drawn.why_none == "A heatmap cannot be made for this network. None of its layers keeps places apart."
