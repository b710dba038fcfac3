"""What a person should know about an import, in sentences. Names in them are literal text from outside."""

from collections import Counter, defaultdict
from collections.abc import Sequence

from clf_core.data.manifest import ManifestRow, natural_key
from clf_core.importing.entries import shortened

_MOST_NAMED = 5


def manifest_notices(rows: Sequence[ManifestRow]) -> list[str]:
    """Sentences about copies, contradicting labels, thin classes, animations and tiny pictures."""
    return [*_copies(rows), *_classes(rows), *_oddities(rows)]


def leaks_notice(count: int) -> list[str]:
    """A sentence about copies left out because they also stand in another given split; none for 0."""
    if not count:
        return []
    return [f"{_pictures(count)} left out because the same picture is kept for validation or testing."]


def _copies(rows: Sequence[ManifestRow]) -> list[str]:
    groups: dict[str, list[ManifestRow]] = defaultdict(list)
    for row in rows:
        groups[row.group].append(row)
    repeated = [members for members in groups.values() if len(members) > 1]
    notices = []
    if repeated:
        extra = sum(len(members) - 1 for members in repeated)
        copies = "1 file is a copy" if extra == 1 else f"{extra:,} files are copies"
        notices.append(f"{copies} of another picture; all copies of a picture stay in one split.")
    contradicting = [members for members in repeated if len({row.label for row in members}) > 1]
    if contradicting:
        one = contradicting[0][0]
        other = next(row for row in contradicting[0] if row.label != one.label)
        many = "1 picture stands" if len(contradicting) == 1 else f"{len(contradicting):,} pictures stand"
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


def _placed(row: ManifestRow) -> str:
    return f"'{shortened(row.source_name)}' in '{shortened(row.label)}'"


def _named(labels: Sequence[str]) -> str:
    """'The class 'a' has' or 'The classes 'a', 'b' and 3 more have'."""
    if len(labels) == 1:
        return f"The class '{shortened(labels[0])}' has"
    named = ", ".join(f"'{shortened(label)}'" for label in labels[:_MOST_NAMED])
    more = f" and {len(labels) - _MOST_NAMED:,} more" if len(labels) > _MOST_NAMED else ""
    return f"The classes {named}{more} have"
