"""The checks that need features of the pretrained network: wrong labels, outliers, what a leak would do."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from clf_core.health.found import Found
from clf_core.health.honesty import measure_leak
from clf_core.health.labels import check_labels
from clf_core.health.outliers import check_outliers
from clf_core.health.survey import Survey
from clf_core.results import LeakCheck

if TYPE_CHECKING:
    from clf_core.data.manifest import Manifest

MOST_PICTURES = 20_000
"""Beyond that a random sample is looked at: the network takes half a minute for it on two cores."""

_SEED = 0


@dataclass(frozen=True)
class SlowChecks:
    """What the slow checks found."""

    found: list[Found]
    leak: LeakCheck | None


def chosen_places(manifest: "Manifest", most: int = MOST_PICTURES) -> NDArray[np.int64]:
    """[M] places, among the pictures in use, of those the slow checks look at, ascending: all, or a random sample."""
    count = int(manifest.in_use.sum())
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(_SEED).choice(count, most, replace=False))


def slow_checks(
    survey: Survey, rows: NDArray[np.int64], features: NDArray[np.float32], check: Callable[[], None]
) -> SlowChecks:
    """Check a dataset version.

    Args:
        survey: its pictures.
        rows: [M] rows whose features are known.
        features: [M, D] float32 of them.
        check: called many times a second, but for seconds at a time in large products; may raise to stop.
    """
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]

    with threadpool_limits(limits=1, user_api="blas"):  # more would spin, and take the machine from who works at it
        return SlowChecks(
            found=[*check_labels(survey, rows, features, check), *check_outliers(survey, rows, features, check)],
            leak=measure_leak(survey, rows, features, check),
        )
