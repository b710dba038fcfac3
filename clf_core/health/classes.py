"""What is wrong with the classes as such: too few pictures, very unequal numbers, names that mean the same."""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Mapping

import numpy as np
from numpy.typing import NDArray

from clf_core.health.found import Found, Suspects, found
from clf_core.health.survey import TEST, TRAIN, Survey
from clf_core.health.words import agree, counted, listed, quoted

_FEW = 20
"""Pictures of a class under which its accuracy cannot be told within 20 points either way, even with all of them
in the test split (Wilson interval)."""

_VERY_FEW = 8
"""Under this a fifth for testing is one picture."""

_UNEQUAL = 5.0
_VERY_UNEQUAL = 20.0
"""The largest class over the smallest."""


def check_classes(survey: Survey) -> list[Found]:
    """Few pictures, imbalance and similar names."""
    checks = [_similar_names(survey), _few(survey), _imbalance(survey)]
    return [check for check in checks if check is not None]


def spellings(classes: Iterable[str]) -> list[list[str]]:
    """Names that differ only by case, spaces, '_', '-' or Unicode form, gathered; each list holds at least two.

    One letter in two cases may well mean two classes, as in handwriting, and so may '1-2' and '12'.
    """
    alike: dict[str, list[str]] = defaultdict(list)
    for name in classes:
        alike[_plain(name)].append(name)
    return [names for names in alike.values() if len(names) > 1]


def merges(counts: Mapping[str, int]) -> dict[str, list[str]]:
    """Which names to merge into which: into the spelling of most pictures, then the first by letters.

    Args:
        counts: pictures per class.

    Returns:
        Name that stays -> the others.
    """
    result = {}
    for names in spellings(counts):
        kept = min(names, key=lambda name: (-counts[name], name))
        result[kept] = [name for name in names if name != kept]
    return result


def _plain(name: str) -> str:
    text = unicodedata.normalize("NFKC", name).strip(" _\t\n")
    text = re.sub(r"(?<=\w)[\s_\-]+(?=\w)", " ", text)  # between letters only: 'A-' is not 'A'
    if len(text) == 1:
        return text
    joined = re.sub(r"(?<!\d) | (?!\d)", "", text)  # but between digits: '1 2' is not '12'
    return unicodedata.normalize("NFKC", joined.casefold())


def _similar_names(survey: Survey) -> Found | None:
    counts = dict(zip(survey.classes, survey.class_counts.tolist(), strict=True))
    merged = merges(counts)
    if not merged:
        return None
    into = {name: kept for kept, others in merged.items() for name in others}
    rows = np.flatnonzero(_in_classes(survey, into))
    words = "; ".join(listed([kept, *others]) for kept, others in list(merged.items())[:3])
    count = len(merged) + len(into)
    effect = "; ".join(f"{listed(others)} into {quoted(kept)}" for kept, others in list(merged.items())[:3])
    return found(
        "similar-names",
        "serious",
        f"{counted(count, 'class', 'classes')} have names that hardly differ",
        f"Probably these are the same: {words}. The classifier is asked to tell them apart, and each mix-up counts as "
        "a mistake.",
        Suspects.of(survey.ids[rows], np.ones(len(rows)), None, [into[survey.classes[survey.labels[r]]] for r in rows]),
        count=count,
        fix="Merge them",
        fix_effect=f"Merges {effect}{' and so on' if len(merged) > 3 else ''}, in a new version. You can undo it.",
    )


def _few(survey: Survey) -> Found | None:
    counts = survey.class_counts
    tested = np.bincount(survey.labels[survey.splits == TEST], minlength=len(counts))
    taught = np.bincount(survey.labels[survey.splits == TRAIN], minlength=len(counts))
    few = (counts < _FEW) | (tested == 0) | (taught == 0)
    if not few.any():
        return None
    names = [survey.classes[place] for place in np.flatnonzero(few).tolist()]
    count = len(names)
    severe = bool(((counts < _VERY_FEW) | (taught == 0)).any())
    rows = np.flatnonzero(few[survey.labels])
    parts = [
        f"{listed(names)}: {agree(count, 'it has', 'the smallest has')} {counted(int(counts[few].min()), 'picture')}."
    ]
    if (taught == 0).any():
        parts.append("Without training pictures a class cannot be learned.")
    if (tested == 0).any():
        parts.append("Without test pictures nobody knows how well a class is recognised.")
    parts.append(
        f"Add pictures until each class has at least {_FEW}, better 100, as different from each other as "
        "those the classifier will see."
    )
    return found(
        "few-pictures",
        "serious" if severe else "look",
        f"{counted(count, 'class', 'classes')} {agree(count, 'has', 'have')} too few pictures",
        " ".join(parts),
        Suspects.of(survey.ids[rows], 1.0 / counts[survey.labels[rows]]),
        count=count,
    )


def _imbalance(survey: Survey) -> Found | None:
    counts = survey.class_counts
    if len(counts) < 2 or counts.max() <= _UNEQUAL * counts.min():
        return None
    large, small = int(counts.argmax()), int(counts.argmin())
    times = counts[large] / counts[small]
    scarce = np.flatnonzero(counts * _UNEQUAL < counts.max())
    rows = np.flatnonzero(np.isin(survey.labels, scarce))
    return found(
        "imbalance",
        "look" if times >= _VERY_UNEQUAL else "note",
        f"{quoted(survey.classes[large])} has {times:,.0f} times as many pictures as {quoted(survey.classes[small])}",
        "In doubt the classifier says the larger class, so the smaller ones are missed more often than the accuracy "
        "makes believe. Add pictures of the small classes, and look at each class in the evaluation.",
        Suspects.of(survey.ids[rows], 1.0 / counts[survey.labels[rows]]),
        count=len(scarce),
    )


def _in_classes(survey: Survey, names: Iterable[str]) -> NDArray[np.bool_]:
    wanted = set(names)
    places = [place for place, name in enumerate(survey.classes) if name in wanted]
    concerned: NDArray[np.bool_] = np.isin(survey.labels, places)
    return concerned
