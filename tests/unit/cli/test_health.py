"""The health of a dataset as typed; what is found is tested where it is found."""

from types import SimpleNamespace

import pytest

from clf_core.cli import health
from clf_core.cli.console import Console
from clf_core.results import Finding, HealthReport, LeakCheck, VersionInfo


def report(state: str) -> HealthReport:
    finding = Finding(
        kind="dark", severity="look", title="3 dark pictures", meaning="They show little.", count=3,
        fix="Leave them out", fix_effect="Leaves 3 pictures out",
    )  # fmt: skip
    leak = LeakCheck(sentence="3 of your 40 test pictures also stand in training.", test_pictures=40, leaked=3)
    return HealthReport(
        dataset_id="d-1", version=1, grade="B", reasons=("Three are dark.",), findings=(finding,), leak=leak,
        slow_checks=state,
    )  # fmt: skip


class FakeHealth:
    def __init__(self, *states: str) -> None:
        self._states = list(states)
        self.started = 0
        self.fixed: list[tuple] = []

    def report(self, _ref: str) -> HealthReport:
        return report(self._states.pop(0) if len(self._states) > 1 else self._states[0])

    def start_slow(self, _ref: str) -> None:
        self.started += 1

    def fix(self, ref: str, kind: str, who: str | None) -> VersionInfo:
        self.fixed.append((ref, kind, who))
        return VersionInfo(
            version=2, created=0.0, who="Ada", what="Left out 3 pictures", pictures=7, excluded=3, classes=2
        )


def ask(fake: FakeHealth, *, wait: bool, as_json: bool = False) -> None:
    options = SimpleNamespace(dataset="Pets", wait=wait)
    health.health(options, SimpleNamespace(health=fake), Console(as_json=as_json))


def test_what_is_found_is_told_with_how_to_mend_it(capsys):
    fake = FakeHealth("waiting")
    ask(fake, wait=False)
    told = capsys.readouterr().out
    assert told.startswith("Grade B. Three are dark.")
    assert "dark (worth a look): 3 dark pictures" in told
    assert "datasets fix d-1 dark" in told
    assert "3 of your 40 test pictures" in told
    assert "--wait" in told
    assert fake.started == 0


@pytest.mark.parametrize("end", ["done", "failed"])
def test_waiting_starts_the_slow_checks_and_ends_with_them(capsys, monkeypatch, end):
    monkeypatch.setattr(health, "_POLL_SECONDS", 0.0)
    fake = FakeHealth("waiting", "running", "running", end)
    ask(fake, wait=True, as_json=True)
    assert fake.started == 1
    assert f'"slow_checks": "{end}"' in capsys.readouterr().out


def test_what_is_done_is_not_started_again(capsys):
    fake = FakeHealth("done")
    ask(fake, wait=True)
    assert fake.started == 0
    assert "--wait" not in capsys.readouterr().out


def test_mending_says_the_version_it_made(capsys):
    fake = FakeHealth("done")
    options = SimpleNamespace(dataset="Pets", kind="dark", who="Ada")
    health.fix(options, SimpleNamespace(health=fake), Console(as_json=False))
    assert fake.fixed == [("Pets", "dark", "Ada")]
    assert capsys.readouterr().out == "Version 2: Left out 3 pictures (7 pictures, 3 left out).\n"
