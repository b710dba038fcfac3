"""5,000 malformed pictures and archives: none crashes the process, hangs for 10 seconds or takes 1 GB."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

CASES = {"pictures": 2_200, "zip": 1_100, "tar": 1_100, "packed tar": 600}
ROOT = Path(__file__).parents[2]


def test_there_are_5000() -> None:
    assert sum(CASES.values()) == 5_000


@pytest.mark.fault("B1", "B2", "C2")
@pytest.mark.skipif(sys.platform != "linux", reason="the limits on memory and time are Linux's")
@pytest.mark.parametrize("kind", CASES)
def test_malformed_input_is_accepted_or_refused_in_words(kind: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.fuzzing", kind, str(CASES[kind])],
        cwd=ROOT,
        env={**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=170,
    )
    *numbers, last = done.stdout.splitlines() or [""]
    assert done.returncode == 0, f"case {numbers[-1:] or last} of {kind!r} ended it: {done.stderr[-2000:]}"
    told = json.loads(last)
    assert told["cases"] == len(numbers) == CASES[kind]
    assert told["slowest"] < 10
    assert told["peak"] < 2**30
    # Neither may be everything: then nothing, or only nonsense, would have been tried.
    assert 0.02 < told["accepted"] / told["cases"] < 0.9
