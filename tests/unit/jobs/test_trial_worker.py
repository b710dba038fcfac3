"""The process that trains trials: what it may read, when it stops, and that it never outlives the search."""

import os
import signal
import time

import pytest

from clf_core.config import SearchConfig, TrainConfig
from clf_core.errors import CancelledError, InternalError
from clf_core.importing.importer import import_pictures
from clf_core.importing.source import open_source
from clf_core.jobs import process
from clf_core.jobs.trial_notes import TrialNote
from clf_core.jobs.trial_team import GONE, TrialTeam
from clf_core.jobs.trial_worker import _Caches, _JudgedError, _reader, _TrialCallbacks
from clf_core.results import DatasetSummary, EpochPoint, StepPoint, Trial
from clf_core.workspace import Workspace


def epoch(number, loss):
    return EpochPoint(
        epoch=number, train_loss=0.1, train_accuracy=0.9, val_loss=loss, val_accuracy=0.8, learning_rate=1e-3,
        seconds=1.0, images_per_second=1.0, best=True,
    )  # fmt: skip


def test_pictures_of_the_test_split_cannot_be_read(tmp_path, write_pictures, limits):
    workspace = Workspace(tmp_path / "workspace")
    folder = write_pictures(tmp_path / "p", {f"{split}/red": 3 for split in ("train", "val", "test")})
    write_pictures(tmp_path / "q", {f"{split}/blue": 3 for split in ("train", "val", "test")}, seed=1)
    for split in ("train", "val", "test"):
        (tmp_path / "q" / split / "blue").rename(folder / split / "blue")
    with open_source(folder, limits) as source:
        manifest = import_pictures(source, workspace.pictures, limits=limits).manifest
    read = _reader(workspace, manifest)
    assert all(read(sha) for split in ("train", "val") for sha in manifest.select(split).sha256)
    for sha in manifest.select("test").sha256:
        with pytest.raises(InternalError, match="test split"):
            read(sha)


def test_each_epoch_is_told_with_its_share_and_the_rest_is_spared_once_it_is_judged():
    told = []
    callbacks = _TrialCallbacks(7, told.append, lambda: False)
    callbacks.stage("tune", 8)
    callbacks.epoch(epoch(0, 0.9))
    callbacks.step(1, StepPoint(epoch=1, epochs=4, batch=2, batches=2, loss=0.5, learning_rate=1e-3))
    callbacks.epoch(epoch(1, 0.5))
    assert told == [TrialNote(kind="judged", number=7, share=0.25, accuracy=0.8, loss=0.5, epochs=1)]
    with pytest.raises(_JudgedError):
        callbacks.stage("finish", 0)


def test_a_trial_that_is_broken_off_notices_at_every_call():
    callbacks = _TrialCallbacks(7, lambda note: None, lambda: True)
    point = StepPoint(epoch=1, epochs=4, batch=1, batches=2, loss=0.5, learning_rate=1e-3)
    for call in (
        callbacks.check_cancelled,
        lambda: callbacks.progress(1),
        lambda: callbacks.step(1, point),
        lambda: callbacks.stage("tune", 1),
    ):
        with pytest.raises(CancelledError):
            call()


def test_trials_that_need_the_same_pixels_share_a_folder_and_old_ones_make_room(tmp_path):
    caches, base = _Caches(tmp_path), TrainConfig(preset="full")
    first = caches.folder(base)
    for name in ("pixels", "activations", "notes"):
        (first / name).mkdir()
    (first / "tuned.json").write_text("{}")
    assert caches.folder(base.model_copy(update={"learning_rate": 1e-3})) == first
    assert {path.name for path in first.iterdir()} == {"pixels", "activations"}  # but nothing of the trial itself
    others = [caches.folder(base.model_copy(update={"seed": seed})) for seed in (1, 2, 3)]
    assert len({first, *others}) == 4
    assert caches.folder(base) == first
    caches.folder(base.model_copy(update={"fit": "pad"}))
    assert first.exists()
    assert not others[0].exists()


@pytest.fixture
def team(tmp_path):
    """A team of one, and a search on a dataset that is not there, so that its trials fail."""
    dataset = DatasetSummary(
        id="d-" + "0" * 20, name="Pets", version=1, created=0.0, pictures=30, classes={"a": 15, "b": 15},
        splits={"train": 16, "val": 20, "test": 10}, class_splits={}, skipped=(), ignored_count=0, notices=(),
    )  # fmt: skip
    config = SearchConfig(settings=("fit",), trials=1)
    search = Workspace(tmp_path).searches.create(dataset, config, None, process.current())
    search.write_trial(Trial(number=3, state="running", drawn={}, began=0.0), TrainConfig())
    made = TrialTeam(search, 1)
    yield made
    made.close()


def note_of(team, number):
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        for note in team.notes(0.1):
            assert note.number == number
            return note
    raise AssertionError("nothing was said")


def test_a_trial_that_fails_says_why_and_the_process_takes_the_next(team):
    for number, reason in ((3, "There is no"), (4, "no trial 4")):
        team.begin(number)
        assert team.at_work == (number,)
        assert not team.has_room()
        note = note_of(team, number)
        assert note.state == "failed"
        assert reason in note.reason or "cannot be read" in note.reason
    assert team.has_room()
    (member,) = team._members.values()
    assert process.identify(member.process.pid) is not None
    member.process.stdin.close()  # as when the search is killed
    member.process.wait(timeout=10)


def test_a_process_that_is_killed_is_told_and_replaced(team):
    team.begin(3)
    os.kill(team._members[0].process.pid, signal.SIGKILL)
    assert note_of(team, 3).reason == GONE
    assert team.at_work == ()
    team.begin(3)
    assert note_of(team, 3).reason != GONE
