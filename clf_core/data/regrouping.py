"""Finding anew which pictures of a dataset belong together: copies, and what a table or file names say."""

from collections.abc import Iterator, Sequence
from collections.abc import Set as AbstractSet
from itertools import chain

import numpy as np

from clf_core.config import SplitConfig
from clf_core.data.facts import NUMBERS, Facts
from clf_core.data.grouping import group_of
from clf_core.data.manifest import Manifest


def copies_among(facts: Facts, *, near: bool) -> list[tuple[str, str]]:
    """Pairs of sha256 that show the same picture, by what was measured at import.

    Args:
        facts: of the pictures.
        near: False takes only those of which every measurement is the same, as of a PNG and its copy as BMP.
    """
    from clf_core.data.copies import find_copies

    keys, thumbs, colours = facts.sha256s(), facts.thumbs(), facts.colours()
    if near:
        return [(keys[pair.first], keys[pair.second]) for pair in find_copies(thumbs, colours)]
    numbers = np.stack([facts.number(name) for name in NUMBERS], axis=1)  # [N, F]
    first: dict[bytes, str] = {}
    measured = zip(thumbs, colours, numbers, strict=True)
    seen = [
        first.setdefault(b"".join(part.tobytes() for part in parts), key)
        for key, parts in zip(keys, measured, strict=True)
    ]
    return [(one, other) for one, other in zip(seen, keys, strict=True) if one != other]


def given_groups(manifest: Manifest, config: SplitConfig, before: SplitConfig) -> list[str]:
    """The group that a person gave each row: by the pattern where it matches, else by a table.

    A group that only the pattern until now had made is dropped.

    Args:
        manifest: the pictures.
        config: holds the pattern from now on.
        before: holds the pattern until now.

    Returns:
        [N], empty where nothing is given.
    """
    names, kept = manifest.column("source_name"), manifest.column("given_group")
    if before.group_pattern:
        kept = [
            "" if group and group == group_of(name, before.group_pattern) else group
            for name, group in zip(names, kept, strict=True)
        ]
    if not config.group_pattern:
        return kept
    return [group_of(name, config.group_pattern) or group for name, group in zip(names, kept, strict=True)]


def groups(
    manifest: Manifest,
    given: Sequence[str],
    copies: Sequence[tuple[str, str]],
    measured: AbstractSet[str],
    first: Manifest,
) -> list[str]:
    """Join equal files, copies and given groups, and whatever these connect.

    Args:
        manifest: the pictures.
        given: [N] group a person gave each row, empty for none.
        copies: pairs of sha256 that show the same.
        measured: sha256 of the pictures among which copies were looked for.
        first: the first version of the dataset. Pictures that were never measured, because an early studio
            imported them, keep the groups of equal pixels they had there.

    Returns:
        [N] the group of each row: the least sha256 in it.
    """
    from clf_core.data.copies import components

    keys = manifest.column("sha256")
    first_row: dict[str, int] = {}
    for row, key in enumerate(keys):
        first_row.setdefault(key, row)
    then = first.column("group")[: len(keys)]
    kept = [group if key not in measured else "" for group, key in zip(then, keys, strict=False)]
    pairs = chain(
        ((first_row[key], row) for row, key in enumerate(keys)),
        _alike(given),
        _alike(kept),
        ((first_row[one], first_row[other]) for one, other in copies if one in first_row and other in first_row),
    )
    joined = components(len(keys), pairs).tolist()
    least: dict[int, str] = {}
    for component, key in zip(joined, keys, strict=True):
        least[component] = min(least.get(component, key), key)
    return [least[component] for component in joined]


def _alike(names: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Pairs that connect the rows of one name; the empty name connects nothing."""
    last: dict[str, int] = {}
    for row, name in enumerate(names):
        if name:
            yield last.get(name, row), row
            last[name] = row
