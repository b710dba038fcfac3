"""What a search does from its first trial to its winner, with trials that only pretend to be trained."""

import math
from types import SimpleNamespace

import pytest

from clf_core.config import SearchConfig, TrainConfig
from clf_core.jobs import process, search_worker
from clf_core.jobs.search_worker import as_winner, slots_of
from clf_core.jobs.searches import SearchJobs
from clf_core.jobs.trial_notes import TrialNote
from clf_core.jobs.trial_team import GONE
from clf_core.jobs.trial_worker import as_trial
from clf_core.results import DatasetSummary
from clf_core.workspace import Workspace

EPOCHS = 5
BALANCED = TrainConfig(preset="balanced", learning_rate=1e-3)


class Studio:
    """A workspace, a clock, and a team whose trials take ``EPOCHS`` seconds, one for each epoch.

    How good a trial is depends on its learning rate alone: 3e-4 is best. ``fails`` says which trials
    fail, ``silent`` that none tells how it goes.
    """

    def __init__(self, root, monkeypatch):
        self.now = 1000.0
        self.fails = lambda number: False
        self.before_each = lambda search: None
        self.silent = False
        self.most_at_once = 0
        self.workspace = Workspace(root)
        dataset = DatasetSummary(
            id="d-" + "0" * 20, name="Pets", version=3, created=0.0, pictures=30, classes={"a": 15, "b": 15},
            splits={"train": 16, "val": 20, "test": 10}, class_splits={}, skipped=(), ignored_count=0, notices=(),
        )  # fmt: skip
        monkeypatch.setattr(search_worker, "TrialTeam", lambda search, slots, _sharing: Team(self, search, slots))
        monkeypatch.setattr(search_worker, "time", SimpleNamespace(monotonic=lambda: self.now, time=lambda: self.now))
        monkeypatch.setattr(search_worker, "slots_of", lambda wanted, _sharing: wanted or 1)
        monkeypatch.setattr(type(self.workspace.datasets), "find", lambda self, ref, version=None: dataset)
        self.queued, self.moved = [], []
        monkeypatch.setattr("clf_core.jobs.queue.WorkQueue.add", lambda queue, run, priority=0: self.queued.append(run))
        monkeypatch.setattr("clf_core.jobs.queue.WorkQueue.move", lambda queue, run, place: self.moved.append(place))
        self.dataset = dataset

    def search(self, **fields):
        config = SearchConfig(**{"base": BALANCED, "settings": ("learning_rate",), **fields})
        return self.workspace.searches.create(self.dataset, config, None, process.current())

    def work(self, search):
        """Do the search in this process and return its status."""
        search_worker._SearchWorker(search).work()
        return search.status()


class Team:
    """Trials side by side: each look lets a second pass and every trial under way finish an epoch."""

    def __init__(self, studio, search, slots):
        self.studio, self.search, self.slots = studio, search, slots
        self.epochs, self.cuts = {}, set()

    @property
    def at_work(self):
        return tuple(self.epochs)

    def has_room(self):
        return len(self.epochs) < self.slots

    def begin(self, number):
        self.epochs[number] = 0
        self.studio.most_at_once = max(self.studio.most_at_once, len(self.epochs))

    def cut(self, number):
        self.cuts.add(number)

    def notes(self, seconds):
        self.studio.now += 1
        self.studio.before_each(self.search)
        for number in list(self.epochs):
            if number in self.cuts:
                del self.epochs[number]
                yield TrialNote(kind="ended", number=number, state="cut")
                continue
            if self.studio.fails(number):
                del self.epochs[number]
                yield TrialNote(kind="ended", number=number, state="failed", reason=GONE)
                continue
            self.epochs[number] += 1
            if not self.studio.silent:
                yield self.note(number)
            if self.epochs[number] == EPOCHS:
                yield self.note(number, ended=True)
                del self.epochs[number]

    def note(self, number, *, ended=False):
        rate = self.search.trial_config(number).learning_rate or 1.0
        loss = 0.1 + abs(math.log10(rate / 3e-4)) + 0.5 / self.epochs[number]
        told = {"accuracy": max(0.0, 1 - loss / 3), "loss": loss, "epochs": self.epochs[number]}
        if ended:
            return TrialNote(kind="ended", number=number, state="done", **told)
        return TrialNote(kind="judged", number=number, share=self.epochs[number] / EPOCHS, **told)

    def close(self):
        self.epochs.clear()


@pytest.fixture
def studio(tmp_path, monkeypatch):
    return Studio(tmp_path, monkeypatch)


def test_it_tries_as_many_as_wanted_and_queues_a_run_of_the_best(studio):
    search = studio.search(trials=6, pruning=False)
    status = studio.work(search)
    trials = search.trials()
    assert status.state == "done"
    assert [trial.state for trial in trials] == ["done"] * 6
    best = min(trials, key=lambda trial: trial.loss)
    (run,) = studio.queued
    assert studio.moved == [1]  # its turn has come: the search waited for it
    assert run.record.id == status.winner_run
    assert (run.record.version, run.record.dataset_id) == (3, studio.dataset.id)
    assert run.config == as_winner(search.trial_config(best.number), BALANCED)
    assert run.config.refit
    assert search.importances() == (("learning_rate", 1.0),)
    assert trials[0].accuracy_low < trials[0].accuracy < trials[0].accuracy_high


def test_trials_that_lag_behind_are_broken_off_and_count(studio):
    search = studio.search(trials=14)
    studio.work(search)
    states = [trial.state for trial in search.trials()]
    assert set(states) == {"done", "pruned"}
    assert len(states) == 14
    assert all(trial.epochs < EPOCHS for trial in search.trials() if trial.state == "pruned")


def test_the_budget_of_time_holds_and_what_is_under_way_is_cut(studio):
    search = studio.search(minutes=0.3, pruning=False)
    status = studio.work(search)
    assert status.seconds == 15
    assert [trial.state for trial in search.trials()] == ["done"] * 3  # a fourth would not have fitted into 18
    search = studio.search(minutes=0.05, pruning=False)
    assert studio.work(search).state == "done"
    (only,) = search.trials()
    assert (only.state, only.epochs) == ("cut", 3)  # nothing ran to its end, so this is the best there is
    assert len(studio.queued) == 2


def test_several_at_once(studio):
    search = studio.search(trials=7, slots=3)
    studio.work(search)
    assert studio.most_at_once == 3
    assert len(search.trials()) == 7


@pytest.mark.parametrize(("wish", "state", "winners"), [("stop", "done", 1), ("cancel", "cancelled", 0)])
def test_stop_trains_the_best_and_cancel_nothing(studio, wish, state, winners):
    search = studio.search(trials=50, pruning=False)
    studio.before_each = lambda search: search.request(wish) if studio.now > 1013 else None
    assert studio.work(search).state == state
    assert [trial.state for trial in search.trials()] == ["done", "done", "cut"]
    assert len(studio.queued) == winners
    assert search.trials()[2].accuracy is not None


def test_what_a_kill_left_is_tried_again_and_the_rest_of_the_budget_is_used(studio):
    search = studio.search(trials=6, pruning=False)

    def kill(_search):
        if studio.now > 1013:
            raise KeyboardInterrupt

    studio.before_each = kill
    with pytest.raises(KeyboardInterrupt):
        studio.work(search)
    assert [trial.state for trial in search.trials()] == ["done", "done", "running"]
    assert search.status().state == "running"
    studio.before_each = lambda search: None
    assert studio.work(search).state == "done"
    trials = search.trials()
    assert [trial.state for trial in trials] == ["done", "done", "cut", "done", "done", "done", "done"]
    assert trials[3].drawn == trials[2].drawn
    assert len({str(trial.drawn) for trial in trials}) == 6


def test_a_failing_trial_does_not_end_the_search(studio):
    studio.fails = lambda number: number in (0, 2)
    search = studio.search(trials=5, pruning=False)
    assert studio.work(search).state == "done"
    assert [trial.state for trial in search.trials()] == ["failed", "done", "failed", "done", "done"]
    assert search.trials()[0].reason == GONE


def test_where_everything_fails_it_gives_up_and_says_why(studio):
    studio.fails = lambda number: True
    search = studio.search(trials=50)
    status = studio.work(search)
    assert status.state == "failed"
    assert len(search.trials()) == 5
    assert GONE in status.error.why
    assert not studio.queued


def test_a_small_space_is_exhausted_and_that_is_said(studio):
    search = studio.search(settings=("fit",), trials=50, base=TrainConfig(preset="balanced", learning_rate=1e-3))
    status = studio.work(search)
    assert status.state == "done"
    assert len(search.trials()) == 3
    assert "Every combination" in status.messages[0]


def test_no_winner_is_trained_where_none_is_wanted(studio):
    search = studio.search(trials=2, train_winner=False)
    assert studio.work(search).winner_run == ""
    assert not studio.queued


def test_the_place_in_the_budget_is_told_while_it_runs(studio):
    search, seen, jobs = studio.search(trials=4, pruning=False), [], SearchJobs()
    studio.before_each = lambda search: seen.append(jobs.progress(search))
    studio.work(search)
    assert all(progress.search.state == "running" for progress in seen)
    assert [progress.share for progress in seen] == sorted(progress.share for progress in seen)
    later = [progress for progress in seen if progress.eta_seconds is not None]
    assert later[0].eta_seconds == pytest.approx(15, abs=2)
    assert later[0].best == 0
    done = jobs.progress(search)
    assert (done.search.state, done.share, done.eta_seconds) == ("done", 1.0, None)


def test_trials_neither_learn_from_validation_pictures_nor_choose_otherwise(studio):
    trial = as_trial(TrainConfig(refit=True, selection="auto"))
    assert (trial.refit, trial.selection) == (False, "validation")
    assert as_trial(TrainConfig(preset="scratch")) == TrainConfig(preset="scratch")
    assert as_winner(trial, TrainConfig(refit=True, selection="auto")) == TrainConfig()


def test_trials_at_once_are_no_more_than_the_cores(monkeypatch):
    monkeypatch.setattr(search_worker, "cpu_count", lambda: 8)
    assert [slots_of(wanted) for wanted in (None, 1, 8, 16)] == [4, 1, 8, 8]
    monkeypatch.setattr(search_worker, "cpu_count", lambda: 1)
    assert slots_of(None) == slots_of(4) == 1


def test_nothing_judged_before_the_end_is_told(studio):
    studio.silent = True
    search = studio.search(minutes=0.05)
    status = studio.work(search)
    assert status.state == "failed"
    assert "judged" in status.error.what
