import time

import pytest

from clf_core.api import Workbench, datasets
from clf_core.config import TrainConfig
from clf_core.errors import DatasetError, NameTakenError, NotFoundError, StateError
from clf_core.workspace.names import new_id


@pytest.mark.parametrize("state", ["starting", "running", "done", "failed", "cancelled"])
def test_a_run_is_listed_in_the_state_of_its_directory(bench, run_in_state, state):
    run = bench.runs.get(run_in_state(state))
    assert run.state == state
    assert [(listed.id, listed.state) for listed in bench.runs.list()] == [(run.id, state)]
    assert bench.runs.progress(run.name).run.state == state
    assert bench.runs.config(run.id) == TrainConfig()


def test_what_cannot_be_learned_from_is_refused_before_a_run_is_made(bench, pets, monkeypatch):
    monkeypatch.setattr("clf_core.api.runs.training_problems", lambda _: ("No training pictures.",))
    with pytest.raises(DatasetError, match="No training pictures"):
        bench.runs.start("Pets", TrainConfig())
    assert bench.runs.list() == ()


def test_problems_are_named_in_sentences(bench, pets):
    dataset = bench.datasets.get("Pets")
    one = dataset.model_copy(update={"classes": {"red": 10}})
    assert "second class" in datasets.training_problems(one)[0]
    untrained = dataset.model_copy(update={"class_splits": {"red": {"train": 0}, "blue": {"train": 5}}})
    assert datasets.training_problems(untrained) == ("The class 'red' has no training pictures.",)


def test_unknown_datasets_and_taken_names_are_refused(bench, run_in_state):
    run = bench.runs.get(run_in_state("done"))
    with pytest.raises(NotFoundError):
        bench.runs.start("Birds", TrainConfig())
    with pytest.raises(NameTakenError):
        bench.runs.start("Pets", TrainConfig(), name=run.name.upper())


def test_cancel_is_for_runs_that_go_on_and_may_be_repeated(bench, run_in_state):
    cancelled = run_in_state("cancelled")
    assert bench.runs.cancel(cancelled).state == "cancelled"
    with pytest.raises(StateError, match="already done"):
        bench.runs.cancel(run_in_state("done"))


def test_waiting_for_an_ended_run_returns_at_once_with_its_progress(bench, run_in_state):
    seen = []
    assert bench.runs.wait(run_in_state("failed"), seen.append).state == "failed"
    assert [progress.run.state for progress in seen] == ["failed"]


def test_only_a_done_run_has_a_model(bench, run_in_state):
    for state, words in (("running", "not done yet"), ("failed", "no model"), ("cancelled", "no model")):
        with pytest.raises(StateError, match=words):
            bench.runs.finished(run_in_state(state))


def test_lists_are_cheap(bench, run_in_state):
    for _ in range(30):
        run_in_state("done")
    bench.runs.list()
    started = time.perf_counter()
    for _ in range(10):
        bench.runs.list()
        bench.datasets.list()
    assert (time.perf_counter() - started) / 10 < 0.05


def test_a_damaged_run_does_not_hide_the_others(bench, run_in_state):
    sound, damaged = run_in_state("done"), run_in_state("done")
    (bench.settings.workspace / "runs" / damaged / "run.json").write_text("{")
    assert [run.id for run in Workbench(bench.settings).runs.list()] == [sound]


def test_two_hundred_runs_are_listed_in_a_fifth_of_a_second(bench, pets, run_in_state):
    first = bench.runs.directory(run_in_state("done"))
    for number in range(199):  # as copied in by hand: nothing has to be flushed
        folder = first.path.parent / new_id("r")
        folder.mkdir()
        record = first.record.model_copy(update={"id": folder.name, "name": f"run {number}"})
        state = ("done", "failed", "cancelled", "paused")[number % 4]
        (folder / "run.json").write_text(record.model_dump_json())
        (folder / "config.json").write_text(first.config.model_dump_json())
        (folder / "status.json").write_text(first.status().model_copy(update={"state": state}).model_dump_json())
    assert len(bench.runs.list()) == 200
    best = min(_seconds(bench.runs.list) for _ in range(5))
    assert best < 0.2


def _seconds(work):
    started = time.perf_counter()
    work()
    return time.perf_counter() - started
