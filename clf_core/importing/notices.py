"""What a person should know about an import, in sentences. Names in them are literal text from outside."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from clf_core.data.manifest import ManifestRow, natural_key
from clf_core.importing.entries import shortened

_MOST_NAMED = 5


@dataclass(frozen=True)
class Seen:
    """A picture as a sentence names it."""

    name: str
    label: str


@dataclass(frozen=True)
class CopyCounts:
    """How many pictures an import brought that were there before.

    Attributes:
        equal: files that show the same pixels as another one.
        near: pictures that look the same as another one but are not equal.
        contradictions: for each picture that stands in several classes, two of its places.
    """

    equal: int
    near: int
    contradictions: Sequence[tuple[Seen, Seen]]


def manifest_notices(fresh: Sequence[ManifestRow], rows: Sequence[ManifestRow]) -> list[str]:
    """Sentences about thin classes, animations and tiny pictures.

    Args:
        fresh: what the import brought.
        rows: the whole dataset.
    """
    return [*_classes([row for row in rows if not row.excluded]), *_oddities(fresh)]


def leaks_notice(count: int) -> list[str]:
    """A sentence about copies left out because they also stand in another given split; none for 0."""
    if not count:
        return []
    return [
        f"{_pictures(count)} left out because the same picture is kept for validation or testing; "
        "nothing is deleted, and you can restore them."
    ]


def groups_notice(count: int) -> list[str]:
    """A sentence about given groups that stand in several of the given splits; none for 0."""
    if not count:
        return []
    groups = "1 group stands" if count == 1 else f"{count:,} groups stand"
    return [f"{groups} in more than one of the given splits; the splits were kept as they were given."]


def copy_notices(counts: CopyCounts) -> list[str]:
    """Sentences about copies and about pictures that stand in several classes."""
    notices = []
    if counts.equal:
        copies = "1 file is a copy" if counts.equal == 1 else f"{counts.equal:,} files are copies"
        notices.append(f"{copies} of another picture; all copies of a picture stay in one split.")
    if counts.near:
        look = "1 picture looks" if counts.near == 1 else f"{counts.near:,} pictures look"
        notices.append(f"{look} nearly the same as another one; such pictures stay in one split.")
    if counts.contradictions:
        one, other = counts.contradictions[0]
        count = len(counts.contradictions)
        many = "1 picture stands" if count == 1 else f"{count:,} pictures stand"
        notices.append(
            f"{many} in more than one class, such as {_placed(one)} and {_placed(other)}; please check which is right."
        )
    return notices


def _classes(rows: Sequence[ManifestRow]) -> list[str]:
    total = Counter(row.label for row in rows)
    counts = Counter((row.label, row.split) for row in rows)
    labels = sorted(total, key=natural_key)
    single = [label for label in labels if total[label] == 1 and counts[(label, "train")]]
    untrained = [label for label in labels if not counts[(label, "train")]]
    untested = [label for label in labels if not counts[(label, "test")] and label not in single]
    notices = []
    if len(labels) == 1:
        notices.append(f"Only one class so far, '{shortened(labels[0])}': add a second one before training.")
    if single:
        each = "it" if len(single) == 1 else "they"
        only = "only one picture" if len(single) == 1 else "only one picture each"
        notices.append(f"{_named(single)} {only}: {each} can be learned from but not tested.")
    if untrained:
        notices.append(f"{_named(untrained)} no training picture, so no model can learn it.")
    if untested:
        pronoun = "it is" if len(untested) == 1 else "they are"
        notices.append(
            f"{_named(untested)} no test picture, so nothing can be said about how well {pronoun} recognised."
        )
    return notices


def _oddities(rows: Sequence[ManifestRow]) -> list[str]:
    notices = []
    if animated := sum("animated" in row.flags for row in rows):
        notices.append(f"{_pictures(animated)} used by the first frame only: the file holds several.")
    if small := sum("small" in row.flags for row in rows):
        notices.append(f"{_pictures(small)} kept though very small; there may be too little in it to learn from.")
    return notices


def _pictures(count: int) -> str:
    return "1 picture was" if count == 1 else f"{count:,} pictures were"


def _placed(seen: Seen) -> str:
    return f"'{shortened(seen.name)}' in '{shortened(seen.label)}'"


def _named(labels: Sequence[str]) -> str:
    """'The class 'a' has' or 'The classes 'a', 'b' and 3 more have'."""
    if len(labels) == 1:
        return f"The class '{shortened(labels[0])}' has"
    named = ", ".join(f"'{shortened(label)}'" for label in labels[:_MOST_NAMED])
    more = f" and {len(labels) - _MOST_NAMED:,} more" if len(labels) > _MOST_NAMED else ""
    return f"The classes {named}{more} have"
