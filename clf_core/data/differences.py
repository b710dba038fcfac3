"""What differs between two versions of a dataset, by the numbers of the pictures."""

import numpy as np
from numpy.typing import NDArray

from clf_core.data.manifest import Manifest
from clf_core.data.sheet import SPLIT_WORDS
from clf_core.data.wording import in_short
from clf_core.results import PictureChange, VersionDiff

MOST_LISTED = 300
"""Changes told one by one; a person reads no more, and a page must not grow with the dataset."""

_REASON_SHOWN = 120


def difference(old: Manifest, new: Manifest, old_version: int, new_version: int) -> VersionDiff:
    """Compare two versions. A picture that one of them lacks counts only where the other uses it.

    Args:
        old, new: the pictures of both, each in the order of their numbers.
        old_version, new_version: their numbers.

    Returns:
        Counts of all differences, and the first of them one by one.
    """
    ids = np.union1d(old.ids, new.ids)  # [N]
    before, after = _Side(old, ids), _Side(new, ids)
    both = before.present & after.present
    in_use = before.in_use & after.in_use
    kinds = {
        "added": ~before.present & after.in_use,
        "removed": before.in_use & ~after.present,
        "excluded": both & before.in_use & ~after.in_use,
        "restored": both & ~before.in_use & after.in_use,
        "relabelled": both & (before.column("label") != after.column("label")),
        "moved": in_use & (before.column("split") != after.column("split")),
    }
    changed = np.flatnonzero(np.logical_or.reduce(list(kinds.values())))
    return VersionDiff(
        old=old_version,
        new=new_version,
        changes=tuple(_change(int(ids[at]), before, after, int(at)) for at in changed[:MOST_LISTED]),
        truncated=len(changed) > MOST_LISTED,
        **{kind: int(found.sum()) for kind, found in kinds.items()},
    )


class _Side:
    """One version, its rows spread over the numbers of both."""

    def __init__(self, manifest: Manifest, ids: NDArray[np.int64]) -> None:
        self.manifest = manifest
        self._at = np.searchsorted(ids, manifest.ids)
        self.place = np.full(len(ids), -1, dtype=np.int64)  # [N] row of each number, -1 where there is none
        self.place[self._at] = np.arange(len(manifest))
        self.present = self.place >= 0
        self.in_use = np.zeros(len(ids), dtype=np.bool_)
        self.in_use[self._at] = manifest.in_use

    def column(self, name: str) -> NDArray[np.object_]:
        """[N] texts; None where there is no row."""
        spread = np.full(len(self.place), None, dtype=np.object_)
        spread[self._at] = self.manifest.column(name)
        return spread

    def words(self, at: int) -> str:
        """What the picture is in this version, for people; empty where it is not there."""
        if not self.present[at]:
            return ""
        (picture,) = self.manifest.pictures([int(self.place[at])])
        state = f"left out: {in_short(picture.excluded, _REASON_SHOWN)}"
        return f"'{in_short(picture.label)}', {state if picture.excluded else SPLIT_WORDS[picture.split]}"


def _change(identifier: int, before: _Side, after: _Side, at: int) -> PictureChange:
    side = after if after.present[at] else before
    (picture,) = side.manifest.pictures([int(side.place[at])])
    return PictureChange(
        id=identifier,
        sha256=picture.sha256,
        source_name=picture.source_name,
        before=before.words(at),
        after=after.words(at),
    )
