"""What belongs together by a pattern in the file name."""

import re
import time

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from clf_core.data.grouping import check_pattern, group_of
from clf_core.errors import ConfigError


@pytest.mark.parametrize(
    ("name", "pattern", "group"),
    [
        ("patient12_left.jpg", "{group}_*", "patient12"),
        ("red/patient12_left.jpg", "{group}_*", "patient12"),
        ("patient_12_left.jpg", "{group}_*", "patient"),  # the shortest that fits
        ("left_12.jpg", "*_{group}", "12"),  # the ending is no part of the group
        ("left_12.jpg", "*_{group}.jpg", "12"),
        ("left_12.png", "*_{group}.jpg", ""),
        ("img 0004 of site-7, b.jpg", "*site-{group}, *", "7"),
        ("cats/p1/x.jpg", "*/{group}/*", "p1"),
        ("p1/x.jpg", "{group}/*", "p1"),
        ("a/b/c/x.jpg", "a/*/{group}/*", "c"),
        ("x.jpg", "{group}", "x"),
        ("x.jpg", "{group}_*", ""),
        ("_x.jpg", "{group}_*", ""),  # a group has at least one character
        ("a__b.jpg", "a_{group}_b", ""),
        ("anything.jpg", "", ""),
        ("anything.jpg", "no group", ""),
        ("e\u0301_1.jpg", "{group}_*", "é"),
        ("(a+)$_1.jpg", "{group}_*", "(a+)$"),
        ("x.tar.gz", "{group}.*", "x"),
        (".hidden", "{group}", ".hidden"),
    ],
)
def test_the_group_of_a_name(name, pattern, group):
    assert group_of(name, pattern) == group


@pytest.mark.parametrize("pattern", ["", "{group}", "{group}_*", "*_{group}.png", "*a{group}b*c*"])
def test_patterns_that_can_be_used(pattern):
    check_pattern(pattern)


@pytest.mark.parametrize("pattern", ["*", "patient", "{group}_{group}", "*{group}", "{group}*", "{GROUP}_*"])
def test_patterns_that_say_nothing_are_refused_with_an_example(pattern):
    with pytest.raises(ConfigError, match=r"patient12_left") as caught:
        check_pattern(pattern)
    assert caught.value.field == "group_pattern"


PIECES = st.text(alphabet="ab_*", max_size=6)


@given(st.text(alphabet="ab_", max_size=12), PIECES, PIECES)
@example("aab", "", "b")
def test_it_finds_what_a_regular_expression_would(name, before, after):
    """On a name without folders and ending, the lazy expression is the definition."""

    def expression(glob: str) -> str:
        return ".*?".join(re.escape(piece) for piece in glob.split("*"))

    found = re.fullmatch(f"{expression(before)}(.+?){expression(after)}", name, re.DOTALL)
    assert group_of(name, f"{before}{{group}}{after}") == (found[1] if found else "")


def test_a_hostile_pattern_and_name_take_no_time():
    pattern = "*a" * 95 + "{group}b"
    started = time.perf_counter()
    assert group_of("a" * 5000, pattern) == ""
    assert time.perf_counter() - started < 1
