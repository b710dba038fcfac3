"""docs/reliability.md says how many faults are made and survived; it must speak of the tests there are."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

from tests import fault_table

ROOT = Path(__file__).parents[2]

_COUNT = """
import sys, pytest
class Counting:
    def pytest_collection_finish(self, session):
        for item in session.items:
            for mark in item.iter_markers("fault"):
                for row in mark.args:
                    print("fault-row", row)
sys.exit(pytest.main(["--collect-only", "-q", "-m", "fault", *sys.argv[1:]], plugins=[Counting()]))
"""


def test_the_document_counts_the_tests_there_are():
    marked = [str(path) for path in (ROOT / "tests").rglob("test_*.py") if "fault(" in path.read_text("utf-8")]
    done = subprocess.run(
        [sys.executable, "-c", _COUNT, *marked], cwd=ROOT, capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-2000:]
    collected = Counter(line.split()[1] for line in done.stdout.splitlines() if line.startswith("fault-row "))
    told = fault_table.tried_in(ROOT / "docs" / "reliability.md")
    assert {row: tried for row, (_, tried) in told.items()} == dict(collected), "run: make faults"
    assert set(told) == set(fault_table.ROWS), "a row without a test"
    assert all(survived == tried for survived, tried in told.values())
