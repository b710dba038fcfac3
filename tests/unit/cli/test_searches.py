"""The commands about searches: what is typed becomes a search, and what is known of one is told."""

import json

import pytest

from clf_core.cli import entry
from clf_core.config import SearchConfig
from clf_core.errors import NotFoundError
from clf_core.results import SearchForecast, SearchProgress, SearchSummary, Trial

TRIAL = Trial(
    number=0, state="done", drawn={"fit": "pad", "learning_rate": 3.14e-4}, accuracy=0.9, accuracy_low=0.8,
    accuracy_high=0.95, loss=0.2, seconds=1.0, began=0.0,
)  # fmt: skip
SEARCH = SearchSummary(
    id="s-00000000000000000001", name="Pets search 1", dataset="Pets", dataset_id="d-00000000000000000001", version=1,
    state="done", created=0.0, seconds=60.0, trials=1, accuracy=0.9,
)  # fmt: skip
PROGRESS = SearchProgress(search=SEARCH, trials=(TRIAL,), best=0, importances=(("fit", 1.0),), validation_pictures=40)


@pytest.fixture
def searches(bench, monkeypatch):
    """The facade's searches with answers of the test; ``started`` holds the settings of those started."""
    kind, started = type(bench.searches), []

    def start(self, dataset, config, *, name=None, priority=0):
        started.append((dataset, config, name))
        return SEARCH

    monkeypatch.setattr(kind, "start", start)
    monkeypatch.setattr(kind, "forecast", lambda *_: SearchForecast(trials=9, seconds=30.0, at_once=1))
    monkeypatch.setattr(kind, "wait", lambda self, ref, follow=None: SEARCH)
    monkeypatch.setattr(kind, "progress", lambda self, ref: PROGRESS)
    monkeypatch.setattr(kind, "winner", lambda self, ref: None)
    return started


def said(capsys, *arguments):
    assert entry.main(list(arguments)) == 0
    return capsys.readouterr().out


def test_what_is_typed_becomes_a_search(searches, capsys):
    typed = ["--set", 'settings=["fit","augment"]', "--set", "base.fit=pad", "--set", "slots=2"]
    words = said(capsys, "search", "start", "Pets", "--trials", "9", *typed, "--name", "mine")
    ((dataset, config, name),) = searches
    assert (dataset, name, config.trials, config.slots) == ("Pets", "mine", 9, 2)
    assert config.settings == ("fit", "augment")
    assert config.base.fit == "pad"
    assert "90.0% of the validation pictures right (95 % interval 80.0% to 95.0%)" in words
    assert "learning_rate 0.00031" in words


def test_json_holds_the_best(searches, capsys):
    line = said(capsys, "--json", "search", "start", "Pets", "--minutes", "1").splitlines()[-1]
    answer = json.loads(line)
    assert (answer["search"], answer["status"], answer["best"]["accuracy"]) == ("Pets search 1", "done", 0.9)


@pytest.mark.parametrize(
    "typed",
    [["start", "Pets"], ["start", "Pets", "--trials", "0"], ["start", "Pets", "--minutes", "1", "--set", "x=1"]],
)
def test_what_cannot_be_used_is_named(searches, capsys, typed):
    assert entry.main(["search", *typed]) != 0
    assert "cannot be used" in capsys.readouterr().err
    assert not searches


def test_list_is_honest_where_there_is_nothing(bench, capsys):
    assert "There are no searches yet" in said(capsys, "search", "list")


def test_show_stop_cancel_and_resume_reach_the_facade(bench, searches, capsys, monkeypatch):
    kind, called = type(bench.searches), []
    monkeypatch.setattr(kind, "config", lambda self, ref: SearchConfig(trials=1))
    monkeypatch.setattr(kind, "stop", lambda self, ref: called.append("stop") or SEARCH)
    monkeypatch.setattr(kind, "cancel", lambda self, ref: called.append("cancel") or SEARCH)

    def resume(self, ref, *, minutes=None, trials=None):
        called.append(("resume", minutes, trials))
        return SEARCH

    monkeypatch.setattr(kind, "resume", resume)
    assert "* 1. fit pad" in said(capsys, "search", "show", "x")
    said(capsys, "search", "stop", "x")
    said(capsys, "search", "cancel", "x")
    said(capsys, "search", "resume", "x", "--trials", "3")
    assert called == ["stop", "cancel", ("resume", None, 3)]


def test_an_unknown_search_is_told(bench, capsys):
    assert entry.main(["search", "show", "nothing"]) != 0
    assert "no search called 'nothing'" in capsys.readouterr().err
    with pytest.raises(NotFoundError):
        bench.searches.get("nothing")


def test_one_that_waits_says_its_place_and_can_be_moved(bench, searches, capsys, monkeypatch):
    queued = SEARCH.model_copy(update={"state": "queued", "place": 2})
    monkeypatch.setattr(type(bench.searches), "start", lambda self, *_, **more: queued)
    assert "waits for its turn at place 2" in said(capsys, "search", "start", "Pets", "--trials", "9", "--detach")
    moved = []
    monkeypatch.setattr(type(bench.searches), "move", lambda self, ref, place: moved.append((ref, place)) or queued)
    assert "waits at place 2" in said(capsys, "search", "move", "Pets search 1", "2")
    assert moved == [("Pets search 1", 2)]
