"""Files of the import that could not be used."""

from collections import Counter
from collections.abc import Sequence

from clf_core.health.found import Found, Suspects, found
from clf_core.health.words import agree, counted, quoted
from clf_core.results import SkippedFile

_MANY = 0.05
_REASONS = 3


def check_files(skipped: Sequence[SkippedFile], pictures: int) -> list[Found]:
    """One finding about the skipped files, if there are any.

    Args:
        skipped: of the import behind the version.
        pictures: in use.
    """
    if not skipped:
        return []
    count = len(skipped)
    reasons = Counter(file.reason for file in skipped)
    told = "; ".join(
        f"{reason} ({counted(times, 'file')}, such as {quoted(_example(skipped, reason))})"
        for reason, times in reasons.most_common(_REASONS)
    )
    return [
        found(
            "unreadable",
            "look" if count > _MANY * (count + pictures) else "note",
            f"{counted(count, 'file')} could not be used",
            f"{agree(count, 'It is', 'They are')} not part of the dataset, so nothing is learned from "
            f"{agree(count, 'it', 'them')}: {told}. If they matter, mend them and add them again.",
            Suspects.none(),
            count=count,
        )
    ]


def _example(skipped: Sequence[SkippedFile], reason: str) -> str:
    return next(file.name for file in skipped if file.reason == reason)
