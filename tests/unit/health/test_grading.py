import numpy as np
import pytest

from clf_core.health.found import Suspects, found
from clf_core.health.grading import grade, worst_first
from clf_core.health.repair import repair


def _found(kind, severity, count=1, first=0):
    return found(kind, severity, f"{kind} {count}", "", Suspects.of(np.arange(first, first + count), np.ones(count)))


@pytest.mark.parametrize(
    ("findings", "expected"),
    [
        ([], "A"),
        ([("near-copies", "note", 500, 0)], "A"),
        ([("dark", "look", 20, 0)], "A"),
        ([("dark", "look", 21, 0)], "B"),
        ([("imbalance", "look", 1, 0)], "B"),
        ([("dark", "look", 100, 0), ("blurred", "look", 100, 50)], "B"),  # 150 pictures, not 200
        ([("dark", "look", 100, 0), ("blurred", "look", 100, 100)], "C"),
        ([("shortcut", "serious", 1, 0)], "C"),
        ([("shortcut", "serious", 1, 0), ("split-leaks", "serious", 1, 0)], "D"),
        ([(kind, "serious", 1, 0) for kind in ("shortcut", "split-leaks", "contradictions")], "E"),
    ],
)
def test_the_grade_follows_its_table(findings, expected):
    letter, reasons = grade([_found(*each) for each in findings], 1000, 10, learnable=True)
    assert letter == expected
    assert reasons
    assert all(reason.endswith(".") for reason in reasons)


def test_what_cannot_be_learned_from_is_an_e_and_says_why():
    assert grade([], 10, 1, learnable=False) == (
        "E",
        ("Nothing can be learned from it yet. There are fewer than two classes.",),
    )
    assert "no training pictures" in grade([], 10, 2, learnable=False)[1][0]


def test_reasons_and_findings_come_worst_first():
    listed = [_found("dark", "look", 3), _found("near-copies", "note", 9), _found("shortcut", "serious")]
    assert [one.finding.kind for one in worst_first(listed)] == ["shortcut", "dark", "near-copies"]
    assert grade(listed, 100, 2, learnable=True)[1] == ("shortcut 1.", "dark 3.")


@pytest.mark.parametrize("kind", ["imbalance", "few-pictures", "shortcut", "unreadable"])
def test_what_only_a_person_can_mend_has_no_fix(kind):
    assert repair(kind, Suspects.none(), {"a": 1}) is None


@pytest.mark.parametrize("kind", ["exact-copies", "label-suspects", "dark", "outliers"])
def test_other_fixes_leave_the_suspects_out_with_a_reason(kind):
    mend = repair(kind, _found(kind, "look", 3).suspects, {"a": 3})
    assert mend.left_out == (0, 1, 2)
    assert mend.reason


def test_suspects_are_sorted_by_score_and_then_by_number():
    suspects = Suspects.of(np.array([3, 1, 2]), np.array([0.5, 0.5, 0.9]), None, ["x", "y", "z"])
    assert suspects.ids.tolist() == [2, 1, 3]
    assert suspects.suggestions == ("z", "y", "x")
    assert suspects.at(0).partner is None
