from collections import deque
from pathlib import Path

from scripts.run_tests import last_quiet_part, next_part, parts

TESTS = Path(__file__).parents[2]


def test_every_test_file_belongs_to_exactly_one_part():
    files = sorted(TESTS.glob("**/test_*.py"))
    owners = {
        file: [part for part in parts(TESTS) if any(file.is_relative_to(path) for path in part)] for file in files
    }
    assert len(files) > 100
    assert {file: len(found) for file, found in owners.items() if len(found) != 1} == {}


def test_no_part_is_empty_which_would_run_every_test():
    assert all(parts(TESTS))


def test_the_longest_parts_begin_and_the_browser_s_halves_do_not_begin_together():
    first, second, third = parts(TESTS)[:3]
    assert second == [TESTS / "integration"]
    assert sorted(first + third) == sorted((TESTS / "browser").glob("test_*.py"))
    assert abs(len(first) - len(third)) <= 1


def test_the_lane_behind_takes_quiet_parts_only_and_the_others_take_the_rest():
    waiting = deque(parts(TESTS))
    quiet = []
    while (part := last_quiet_part(waiting)) is not None:
        quiet += part
    assert TESTS / "app" in quiet
    assert TESTS / "unit" / "training" in quiet
    rest = []
    while (part := next_part(waiting)) is not None:
        rest += part
    assert {path.relative_to(TESTS).parts[0] for path in rest} == {"browser", "integration", "faults"}
    assert last_quiet_part(waiting) is None
