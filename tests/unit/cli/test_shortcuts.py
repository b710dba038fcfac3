"""The shortcut check in the terminal."""

from clf_core.api.shortcuts import Shortcuts
from clf_core.results.shortcut import ShortcutReport, ViewScore

REPORT = ShortcutReport(
    verdict="shortcut",
    headline="The background alone keeps most of the accuracy: 34 of 36 are still right",
    sentences=("Guessing would be right in 25 %.",),
    n=36,
    total=36,
    chance=0.25,
    views=(ViewScore(view="border", n=36, right=34, accuracy=0.94, low=0.84, high=1, kept=0.95, kept_low=0.8),),
    classes=(),
    at_border=0.6,
    border_area=0.5,
    learned=False,
    checked=1.0,
)


def test_the_finding_is_said_first_and_given_as_json(typed, said, monkeypatch):
    asked = []

    def check(self, run, progress):
        asked.append(run)
        progress(36, 36)
        return REPORT

    monkeypatch.setattr(Shortcuts, "check", check)
    assert ShortcutReport.model_validate(typed("shortcut", "pets quick 1")) == REPORT
    status, words = said("shortcut", "pets quick 1")
    assert status == 0
    assert words.startswith(f"{REPORT.headline}.\n")
    assert "only the border: 34 of 36 right, 94% averaged over the classes" in words
    assert asked == ["pets quick 1", "pets quick 1"]


def test_a_run_that_is_not_there_is_refused_in_words(said):
    status, words = said("shortcut", "nobody")
    assert status == 2
    assert "nobody" in words
