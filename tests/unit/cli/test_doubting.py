import json
from types import SimpleNamespace

import numpy as np
import pytest

from clf_core.cli.console import Console
from clf_core.cli.doubting import doubt
from clf_core.cli.parser import build_parser
from clf_core.errors import ConfigError, StateError
from clf_core.evaluation.answers import Answers
from clf_core.evaluation.doubt import report
from clf_core.results.doubt import AlarmReport, DoubtSettings
from clf_core.results.insights import Insight, Insights


def answers(count: int) -> Answers:
    """Of two classes; one in ten is wrong, and unsure."""
    true = np.arange(count) % 2
    margin = np.where(np.arange(count) % 10 == 3, -0.3, 3.0 + np.arange(count) / 1000)
    logits = np.stack([np.zeros(count), np.where(true == 1, margin, -margin)], axis=1).astype(np.float32)
    keys = tuple(map(str, range(count)))
    return Answers(("ant", "bee"), keys, keys, np.arange(count), true.astype(np.int64), logits)


class Kept:
    """What the facade does, on planted answers."""

    def __init__(self, alarms: AlarmReport | None = None):
        self.settings = DoubtSettings()
        self.alarms = alarms

    def answer(self, run, share):
        self.settings = self.settings.model_copy(update={"answered": share})

    def set_costs(self, run, costs):
        self.settings = self.settings.model_copy(update={"costs": tuple(costs)})

    def report(self, run):
        return report(answers(40), answers(60), 1.0, self.settings, self.alarms)


@pytest.fixture
def said(capsys):
    """``said(words, ...)`` types a command and returns what a person reads."""

    def run(*typed: str, kept: Kept | None = None, insights: object = None) -> str:
        options = build_parser().parse_args(["doubt", "RUN", *typed])
        bench = SimpleNamespace(doubt=kept or Kept(), insights=insights)
        doubt(options, bench, Console(as_json=False))
        return capsys.readouterr().out

    return run


def test_it_says_when_it_answers(said):
    told = said()
    assert (
        "Test pictures: 54 of 60 answered (90%), 54 of these rightly (100.0%, 95 % interval 93.4% to 100.0%)." in told
    )
    assert "Validation pictures, on which it was chosen: 36 of 40 answered" in told
    assert "It answers from a probability of 66.7% on." in told
    assert "expect 0 mistakes (95 % interval 0 to 60), and 100 left to a person." in told
    assert "'doubt RUN --unknown'" in told


def test_a_share_and_costs_are_set_and_taken_back(said):
    kept = Kept()
    told = said("--answer", "1", "--cost", "bee", "ant", "9", kept=kept)
    assert "60 of 60 answered" in told
    assert "Between 'ant' and 'bee' it says 'ant' only from 90% on." in told
    assert "at a cost of 9 each" in told
    assert "Recommended" not in told  # with such a cost all are answered best
    assert "Recommended is to answer 90% of the validation pictures." in said("--answer", "0.5", kept=Kept())
    assert "Recommended" not in said("--recommended", "--equal-costs", kept=kept)
    assert kept.settings == DoubtSettings()
    with pytest.raises(ConfigError, match="cost: Input should be a valid number"):
        said("--cost", "bee", "ant", "much")


def test_what_is_known_of_pictures_of_something_else(said):
    alarms = AlarmReport(distance=0.5, promised=0.05, val=40, val_alarms=2, test=60, test_alarms=4, references=100)
    assert "known ones were at 2 of 40 validation pictures and 4 of 60 test pictures" in said(kept=Kept(alarms))
    few = alarms.model_copy(update={"distance": None, "val": 4})
    assert "4 validation pictures cannot tell" in said(kept=Kept(few))


class Work:
    """Background work that needs some looks, and then ends as it is told."""

    def __init__(self, end: str):
        self.end, self.looks = end, 0

    def start(self, run, *, again: bool = False):
        self.looks += 1
        state = "running" if self.looks < 3 else self.end
        part = Insight(name="unknown", title="Something", state=state, note="no pictures")
        return Insights(parts=(part,), running=state == "running")


def test_the_part_is_worked_out_and_waited_for(said, monkeypatch):
    monkeypatch.setattr("clf_core.cli.doubting._SECONDS_BETWEEN_LOOKS", 0.0)
    work = Work("done")
    assert "54 of 60 answered" in said("--unknown", insights=work)
    assert work.looks == 3
    with pytest.raises(StateError, match="could not be worked out"):
        said("--unknown", insights=Work("failed"))


def test_programs_get_all_of_it(capsys):
    options = build_parser().parse_args(["doubt", "RUN", "--json"])
    doubt(options, SimpleNamespace(doubt=Kept()), Console(as_json=True))
    told = json.loads(capsys.readouterr().out)
    assert told["test"]["answered"] == 54
    assert told["costs"]["kinds"]
    assert "points" not in told
