import hashlib

import numpy as np
import pytest

from clf_core.config import ImportLimits, SplitConfig
from clf_core.data.decoding import decode
from clf_core.data.facts import Facts, measure
from clf_core.data.manifest import Manifest, ManifestRow
from clf_core.data.split import stratified_split
from clf_core.health.shortcut import check_shortcut, cue_skill, cues
from clf_core.health.survey import Survey
from clf_core.importing.samples import sample_source


def _sample(key: str) -> Survey:
    rows, facts = [], []
    for file in sample_source(key).files():
        data = file.read()
        picture, sha256 = decode(data, ImportLimits()), hashlib.sha256(data).hexdigest()
        facts.append((sha256, measure(picture)))
        rows.append((sha256, len(data), *picture.size, file.name.split("/")[0], file.name))
    splits = stratified_split([row[4] for row in rows], [row[0] for row in rows], SplitConfig())
    manifest = Manifest.from_rows(
        ManifestRow(*row[:5], split=split, group=row[0], source_name=row[5])
        for row, split in zip(rows, splits, strict=True)
    )
    return Survey.of(manifest, Facts.of(facts), searched=True)


def test_the_planted_background_is_flagged():
    (found,) = check_shortcut(_sample("shapes-shortcut"))
    assert found.finding.kind == "shortcut"
    assert found.finding.severity == "serious"
    assert "the colour along the border alone" in found.finding.title
    assert len(found.suspects) > 170


@pytest.mark.parametrize("key", ["shapes", "digits"])
def test_the_clean_samples_are_not_flagged(key):
    survey = _sample(key)
    assert check_shortcut(survey) == []
    skills = [skill.skill for cue in cues(survey) if (skill := cue_skill(survey, cue)) is not None]
    assert skills
    assert max(skills) < 0.3


@pytest.mark.parametrize(
    ("name", "told"),
    [("size", "size of the file"), ("width", "width and height"), ("border_g", "colour along the border")],
)
def test_each_cue_is_named_when_it_gives_the_class_away(survey, name, told):
    random = np.random.default_rng(2)
    values = np.where(np.arange(200) % 2 == 0, 100, 300) + random.integers(0, 30, 200)
    (found,) = check_shortcut(survey("ab" * 100, **{name: values}))
    assert f"the {told} alone" in found.finding.title


def test_a_cue_that_helps_a_little_is_not_flagged(survey):
    random = np.random.default_rng(2)
    values = np.where(np.arange(400) % 2 == 0, 100, 115) + random.normal(0, 15, 400)
    pictures = survey("ab" * 200, border_g=values)
    assert check_shortcut(pictures) == []
    assert 0.05 < cue_skill(pictures, cues(pictures)[0]).skill < 0.6


def test_frames_of_two_films_are_two_observations_not_two_hundred(survey):
    """Held out by group, the other film of the class says nothing; and pictures without groups would seem certain."""
    random = np.random.default_rng(3)
    film = np.repeat([0, 1, 2, 3], 50)
    values = np.array([60.0, 120.0, 90.0, 150.0])[film] + random.normal(0, 2, 200)
    labels = ["a" if number < 2 else "b" for number in film]
    assert check_shortcut(survey(labels, border_g=values, border_r=values))
    grouped = survey(labels, border_g=values, border_r=values, groups=film, given=[True] * 200)
    assert check_shortcut(grouped) == []


def test_the_test_split_is_not_looked_at(survey):
    values = np.where(np.arange(200) % 2 == 0, 100, 300) + np.random.default_rng(2).integers(0, 30, 200)
    splits = "tttttttsss" * 20
    (found,) = check_shortcut(survey("ab" * 100, splits=splits, size=values))
    looked_at = {100 + place for place, split in enumerate(splits) if split != "s"}
    assert set(found.suspects.ids.tolist()) <= looked_at


@pytest.mark.parametrize("labels", ["", "a", "ab", "aaaa", "abab"])
def test_too_little_to_judge_by_is_no_suspicion(survey, labels):
    assert check_shortcut(survey(labels)) == []
