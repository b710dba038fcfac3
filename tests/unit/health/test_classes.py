import pytest
from hypothesis import given
from hypothesis import strategies as st

from clf_core.health.classes import check_classes, merges, spellings
from clf_core.health.files import check_files
from clf_core.results import SkippedFile


def _pictures(counts: dict[str, int]) -> list[str]:
    return [name for name, count in counts.items() for _ in range(count)]


def _divided(survey, counts: dict[str, int], **options):
    labels = _pictures(counts)
    splits = "".join("tttvs"[place % 5] for place in range(len(labels)))
    return survey(labels, splits=splits, **options)


def test_large_equal_classes_are_not_told(survey):
    assert check_classes(_divided(survey, {"ant": 100, "bee": 120, "class 1": 90, "class 2": 100})) == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Cat", "cat"),
        ("ice cream", "ice_cream"),
        ("ice cream", "IceCream"),
        ("ice-cream ", "ice cream"),
        ("caf\u00e9", "cafe\u0301"),
        ("\uff43\uff41\uff54", "cat"),  # full-width letters
        ("Stra\u00dfe", "STRASSE"),
        ("cat", "cat\u00a0"),
    ],
)
def test_names_that_hardly_differ_are_to_be_merged_into_the_more_frequent(survey, one, other):
    found = check_classes(_divided(survey, {one: 30, other: 50, "dog": 50}))
    finding = next(found for found in found if found.finding.kind == "similar-names")
    assert finding.finding.severity == "serious"
    assert set(finding.suspects.suggestions) == {other}
    assert len(finding.suspects) == 30
    assert merges({one: 30, other: 50, "dog": 50}) == {other: [one]}


@pytest.mark.parametrize(
    ("one", "other"), [("a", "A"), ("A", "A+"), ("class 1 2", "class 12"), ("1-2", "12"), ("cat", "cats"), ("A-", "A")]
)
def test_names_that_may_well_differ_are_left_alone(one, other):
    assert spellings([one, other]) == []


@given(st.dictionaries(st.text(max_size=8), st.integers(1, 50), max_size=12))
def test_merging_leaves_nothing_to_merge_and_every_name_once(counts):
    merged = merges(counts)
    gone = [name for names in merged.values() for name in names]
    assert len(gone) == len(set(gone))
    assert not set(gone) & set(merged)
    assert set(gone) | set(merged) <= set(counts)
    assert spellings(name for name in counts if name not in gone) == []


@pytest.mark.parametrize(("few", "severity"), [(3, "serious"), (12, "look")])
def test_a_class_with_few_pictures_is_told_by_name(survey, few, severity):
    found = check_classes(_divided(survey, {"ant": few, "bee": 40}))
    finding = next(one.finding for one in found if one.finding.kind == "few-pictures")
    assert (finding.severity, finding.count, finding.fix) == (severity, 1, "")
    assert f"'ant': it has {few} pictures" in finding.meaning


def test_a_class_without_test_or_training_pictures_is_told(survey):
    found = check_classes(survey(_pictures({"ant": 30, "bee": 30}), splits="t" * 30 + "s" * 30))
    (finding,) = (one.finding for one in found)
    assert finding.kind == "few-pictures"
    assert finding.severity == "serious"
    assert "cannot be learned" in finding.meaning
    assert "nobody knows" in finding.meaning


@pytest.mark.parametrize(("large", "severity"), [(150, "note"), (600, "look")])
def test_unequal_classes_are_told_with_how_unequal(survey, large, severity):
    (found,) = check_classes(_divided(survey, {"ant": 25, "bee": large}))
    assert (found.finding.kind, found.finding.severity, found.finding.count) == ("imbalance", severity, 1)
    assert found.finding.title == f"'bee' has {large // 25} times as many pictures as 'ant'"


def test_files_that_could_not_be_used_are_told_with_the_most_common_reason():
    skipped = [SkippedFile(name=f"{n}.txt", reason="A text file") for n in range(3)]
    skipped.append(SkippedFile(name="<b>.jpg", reason="The file is empty"))
    (found,) = check_files(skipped, 200)
    assert (found.finding.severity, found.finding.count) == ("note", 4)
    assert (
        "A text file (3 files, such as '0.txt'); The file is empty (1 file, such as '<b>.jpg')" in found.finding.meaning
    )
    assert check_files(skipped, 20)[0].finding.severity == "look"
    assert check_files([], 20) == []
