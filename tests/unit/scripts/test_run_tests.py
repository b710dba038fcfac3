from pathlib import Path

from scripts.run_tests import parts

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
