"""All checks that need no network, for the first look at a dataset version."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clf_core.config import SplitConfig
from clf_core.health.classes import check_classes
from clf_core.health.copies import check_copies
from clf_core.health.dimensions import check_dimensions
from clf_core.health.files import check_files
from clf_core.health.found import Found
from clf_core.health.leaks import check_leak
from clf_core.health.looks import check_looks
from clf_core.health.shortcut import check_shortcut
from clf_core.health.survey import Survey
from clf_core.results import LeakCheck, SkippedFile

if TYPE_CHECKING:
    from clf_core.data.facts import Facts
    from clf_core.data.manifest import Manifest


@dataclass(frozen=True)
class QuickChecks:
    """What the quick checks found."""

    found: list[Found]
    leak: LeakCheck


def quick_checks(
    manifest: "Manifest", facts: "Facts", skipped: Sequence[SkippedFile] = (), split: SplitConfig | None = None
) -> QuickChecks:
    """Check a dataset version.

    Args:
        manifest: its pictures; those left out are not looked at.
        facts: what was measured of them. Pictures that were not measured are judged by their size alone.
        skipped: files of the import behind the version that could not be used.
        split: how it was divided, for the split that is compared with.
    """
    split = split or SplitConfig()
    survey = Survey.of(manifest, facts, searched=split.keep_copies_together)
    return QuickChecks(
        found=[
            *check_files(skipped, len(survey)),
            *check_copies(survey),
            *check_looks(survey),
            *check_dimensions(survey),
            *check_classes(survey),
            *check_shortcut(survey),
        ],
        leak=check_leak(survey, split),
    )
