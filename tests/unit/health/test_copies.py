from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from clf_core.health.copies import check_copies

_COPIES = ("contradictions", "split-leaks", "exact-copies", "near-copies")


def test_pictures_that_all_differ_are_not_told(survey):
    assert check_copies(survey("aabbcc", splits="tvstvs")) == []


def test_exact_copies_are_all_but_one_of_each_file(survey, kinds):
    found = check_copies(survey("aaaabb", files=[0, 0, 0, 1, 2, 2]))
    assert kinds(found) == {"exact-copies": [101, 102, 105]}
    assert {found[0].suspects.at(place).partner for place in range(3)} == {100, 104}
    assert "3 pictures are exact copies" in found[0].finding.title


def test_near_copies_keep_the_largest(survey, kinds):
    found = check_copies(survey("aaab", groups=[0, 0, 0, 1], width=[300, 600, 200, 300]))
    assert kinds(found) == {"near-copies": [100, 102]}
    assert [suspect.partner for suspect in found[0].finding.examples] == [101, 101]
    assert "the largest of each set stays in use" in found[0].finding.fix_effect.lower()


def test_near_copies_are_searched_for_where_the_split_did_not(survey, kinds):
    random = np.random.default_rng(3)
    thumbs = random.integers(0, 256, (40, 6, 6)).repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8)
    thumbs[17] = np.clip(thumbs[5] * 0.9 + 8 + random.normal(0, 2, (24, 24)), 0, 255)
    colours = np.full((40, 12, 12, 2), 128, dtype=np.uint8)
    pictures = survey("a" * 40, thumbs=thumbs, colours=colours, searched=False)
    found = check_copies(pictures)
    assert kinds(found) == {"near-copies": [117]}
    assert found[0].suspects.at(0).partner == 105
    assert found[0].suspects.scores[0] > 0.95
    assert check_copies(replace(pictures, searched=True)) == []  # then the groups would say so


def test_a_group_that_a_person_gave_is_not_taken_for_copies(survey, kinds):
    """Ten pictures of one patient belong together, and are ten different pictures all the same."""
    groups = [0] * 10 + [1] * 10
    assert check_copies(survey("a" * 10 + "b" * 10, groups=groups, given=[True] * 20)) == []


def test_copies_within_a_given_group_are_found(survey, kinds):
    thumbs = np.random.default_rng(4).integers(0, 256, (20, 6, 6)).repeat(4, axis=1).repeat(4, axis=2).astype(np.uint8)
    thumbs[7] = thumbs[2]
    colours = np.full((20, 12, 12, 2), 128, dtype=np.uint8)
    pictures = survey("a" * 20, groups=[0] * 10 + [1] * 10, given=[True] * 20, thumbs=thumbs, colours=colours)
    assert kinds(check_copies(pictures)) == {"near-copies": [107]}


def test_one_picture_in_two_classes_contradicts_itself(survey, kinds):
    found = check_copies(survey("aab", files=[0, 1, 0]))
    assert kinds(found) == {"contradictions": [100, 102]}
    assert found[0].finding.severity == "serious"
    assert {suspect.id: suspect.partner for suspect in found[0].finding.examples} == {100: 102, 102: 100}


def test_a_copy_on_both_sides_is_left_out_of_training_and_never_of_the_test(survey, kinds):
    found = check_copies(survey("aaaa", splits="tsvs", groups=[0, 0, 1, 2]))
    assert kinds(found)["split-leaks"] == [100]
    assert found[0].finding.kind == "split-leaks"
    assert found[0].finding.severity == "serious"
    assert "1 test picture of 2" in found[0].finding.meaning


def test_a_leak_into_validation_only_says_so(survey, kinds):
    found = check_copies(survey("aa", splits="tv", files=[0, 0]))
    assert kinds(found)["split-leaks"] == [100]
    assert "No test picture is concerned" in found[0].finding.meaning
    assert found[0].finding.severity == "look"


@given(
    st.lists(
        st.tuples(st.sampled_from("abc"), st.sampled_from("tvs"), st.integers(0, 6), st.integers(0, 6)),
        min_size=1,
        max_size=30,
    )
)
def test_what_the_fixes_leave_has_no_copies_and_loses_no_picture_that_has_none(survey, rows):
    labels, splits, files, groups = (list(column) for column in zip(*rows, strict=True))
    pictures = survey(labels, splits="".join(splits), files=files, groups=groups)
    sets = pictures.alikes.sets
    found = check_copies(pictures)
    assert {one.finding.kind for one in found} <= set(_COPIES)
    left_out = np.zeros(len(rows), dtype=np.bool_)
    for one in found:
        assert one.finding.count == len(one.suspects) == len(set(one.suspects.ids.tolist()))
        left_out |= np.isin(pictures.ids, one.suspects.ids)
        partners = dict(zip(one.suspects.ids.tolist(), one.suspects.partners.tolist(), strict=True))
        for number, partner in partners.items():
            assert pictures.alikes.wider[number - 100] == pictures.alikes.wider[partner - 100]
    kept = np.flatnonzero(~left_out)
    assert len(np.unique(sets[kept])) == len(kept)
    alone = np.bincount(pictures.alikes.wider)[pictures.alikes.wider] == 1
    assert not left_out[alone].any()
