"""The trainer is killed at random moments; what it had learned is not lost, and the result is the same."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from clf_core.api import Workbench
from clf_core.settings import Settings

ROOT = Path(__file__).parents[2]
KILLS = 50

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def outcome(write_pictures, tmp_path_factory):
    """What came of all kills; see ``forked_trainer``."""
    root = tmp_path_factory.mktemp("killed")
    write_pictures(root / "pets", {"red": 20, "blue": 20}, size=20)
    Workbench(Settings(workspace=root)).imports.path(root / "pets", "Pets")
    trainer = ROOT / "tests" / "faults" / "forked_trainer.py"
    command = [sys.executable, str(trainer), str(root), str(KILLS), "0"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.fault("A1")
@pytest.mark.parametrize("number", range(KILLS))
def test_a_killed_trainer_is_interrupted_at_its_epoch_and_can_go_on(outcome, number):
    moment, fault = outcome["kills"][number]
    assert not fault, f"killed in {moment}: {fault}"


@pytest.mark.fault("A1")
def test_after_all_kills_the_networks_equal_the_undisturbed_one_and_nothing_is_left_over(outcome):
    assert outcome["faults"] == []


def test_kills_hit_every_kind_of_moment(outcome):
    moments = {moment for moment, _ in outcome["kills"]}
    assert moments == {
        "scanning",
        "batch",
        "epoch",
        "flushing",
        "renamed",
        "any time",
        "finishing",
        "testing",
    }
