"""The features of the pictures a run learned from, computed once and kept beside it."""

import numpy as np
import pytest

from clf_core.data.loading import input_from_bytes
from clf_core.errors import DatasetError
from clf_core.evaluation.nearest import read_features
from clf_core.jobs import feature_part
from clf_core.jobs.feature_part import Features
from clf_core.jobs.insights import folder_of
from clf_core.workspace.features import FeatureStore
from tests.pretended_model import PREPROCESSING
from tests.stored_pictures import damage_picture


def _split(run, workspace, split):
    return workspace.datasets.manifest(run.record.dataset_id, run.record.version).select(split)


def _make(run, workspace, model):
    """Make the part; returns what was told, and the two tables."""
    told = []
    Features().make(run, workspace, model, lambda done, total: told.append((done, total)))
    folder = folder_of(run, "features")
    return told, read_features(folder / "train.npz"), read_features(folder / "val.npz")


def test_both_splits_have_their_tables(colours_run, colours_workspace, colours_model):
    part = Features()
    assert not part.done(colours_run)
    told, train, val = _make(colours_run, colours_workspace, colours_model)
    assert part.done(colours_run)
    rows = _split(colours_run, colours_workspace, "train")
    assert list(train.keys) == rows.sha256
    assert list(val.keys) == _split(colours_run, colours_workspace, "val").sha256
    inputs = [
        input_from_bytes(colours_workspace.pictures.read(key), PREPROCESSING, colours_model.limits)
        for key in train.keys
    ]
    np.testing.assert_allclose(train.features, np.stack(inputs).mean(axis=(1, 2)) / 255, atol=1e-6)
    total = len(train.keys) + len(val.keys)
    assert told[-1] == (total, total)
    assert [done for done, _ in told] == sorted(done for done, _ in told)


def test_what_the_health_check_knows_is_not_computed_again(colours_run, colours_workspace, colours_model):
    known = _split(colours_run, colours_workspace, "train").sha256[:5]
    store = FeatureStore(
        colours_workspace.root / "features", colours_model.classifier.spec.weights_sha256, PREPROCESSING
    )
    store.put(known, np.full((5, 3), 7, dtype=np.float32))
    _, train, val = _make(colours_run, colours_workspace, colours_model)
    assert (train.features[:5] == 7).all()
    assert (train.features[5:] < 1).all()
    assert colours_model.runtime.asked == len(train.keys) + len(val.keys) - 5


def test_a_picture_that_can_no_longer_be_read_is_left_aside(colours_run, colours_workspace, colours_model):
    gone, *others = _split(colours_run, colours_workspace, "train").sha256
    damage_picture(colours_workspace.pictures, gone, b"gone")
    _, train, _ = _make(colours_run, colours_workspace, colours_model)
    assert list(train.keys) == others


def test_with_none_left_it_says_so(colours_run, colours_workspace, colours_model):
    for split in ("train", "val"):
        for key in _split(colours_run, colours_workspace, split).sha256:
            damage_picture(colours_workspace.pictures, key, b"gone")
    with pytest.raises(DatasetError, match="no longer be read"):
        _make(colours_run, colours_workspace, colours_model)
    assert not Features().done(colours_run)


def test_of_too_many_pictures_some_of_each_class_are_kept(colours_run, colours_workspace, colours_model, monkeypatch):
    monkeypatch.setattr(feature_part, "MOST", 6)
    _, train, _ = _make(colours_run, colours_workspace, colours_model)
    rows = _split(colours_run, colours_workspace, "train")
    labels = dict(zip(rows.sha256, rows.label_index.tolist(), strict=True))
    assert sorted(labels[key] for key in train.keys) == [0, 0, 0, 1, 1, 1]
