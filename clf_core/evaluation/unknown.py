"""Whether a picture looks like anything the classifier has learned from.

A network names one of its classes whatever it is shown, and is often sure of it. What gives a foreign picture away is
that its features lie far from those of every training picture: the score is the distance to the k-th nearest of them,
features brought to length 1 (Sun et al. 2022, 'Out-of-Distribution Detection with Deep Nearest Neighbors'). The mean of
the training features stays in: what all known pictures have in common is what a foreign one lacks, and without it a
classifier of varied photos refuses half as many drawings. No foreign picture is needed to set it up.

From which distance on a picture counts as unknown is chosen on the validation pictures, so that a promised share of the
known ones at most is taken for unknown (a conformal p-value: Bates et al. 2023, 'Testing for Outliers with Conformal
p-values'); how often that really happens is counted on the test pictures.
"""

import io
import logging
import zipfile
from dataclasses import dataclass
from math import ceil
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from clf_core.files import write_bytes
from clf_core.metrics.intervals import wilson_interval
from clf_core.results.doubt import AlarmReport

_log = logging.getLogger(__name__)

NEIGHBOURS = 5
"""k. One neighbour would be misled by a single odd training picture; many would blur small classes."""

MOST_REFERENCES = 5_000
"""Training pictures that are compared with: 1,280 features of each take 26 MB, and one answer 3 ms."""

ALARM_RATE = 0.02
"""Known pictures that may be taken for unknown, as promised. Pictures of quite different things lie so far away that a
larger rate finds hardly more of them."""

FEWEST_PICTURES = 9
"""Validation pictures from which on a limit is chosen; with nine the rate that can be promised is one in ten."""

_BLOCK = 512
"""Pictures compared at a time: the table of similarities then takes 10 MB."""


@dataclass(frozen=True)
class References:
    """What the classifier learned from, as the network sees it.

    Attributes:
        rows: [M, D] float32, each of length 1 (or 0, where a picture has no features), as precise as float16.
        neighbours: k, 1..M.
    """

    rows: NDArray[np.float32]
    neighbours: int

    def __post_init__(self) -> None:
        if self.rows.ndim != 2:
            raise ValueError(f"need a row for each picture, got {self.rows.shape}")
        if not 1 <= self.neighbours <= len(self.rows):
            raise ValueError(f"there are no {self.neighbours} neighbours among {len(self.rows)}")

    @classmethod
    def of(cls, features: NDArray[np.floating], *, seed: int = 0) -> "References":
        """Take training features [N, D], N at least 1; of more than ``MOST_REFERENCES`` a random part.

        Raises:
            ValueError: there is none.
        """
        if not len(features):
            raise ValueError("there are no training features to compare with")
        kept = features
        if len(features) > MOST_REFERENCES:
            places = np.random.default_rng(seed).choice(len(features), MOST_REFERENCES, replace=False)
            kept = features[np.sort(places)]
        rows = _unit(kept).astype(np.float16).astype(np.float32)  # as they will be read from disk
        return cls(rows, min(NEIGHBOURS, len(kept)))

    def distances(self, features: NDArray[np.floating]) -> NDArray[np.float64]:
        """How far pictures are from what was learned.

        Args:
            features: [N, D].

        Returns:
            [N] float64 in 0..2: the distance to the k-th nearest training picture.
        """
        found = np.empty(len(features))
        for start in range(0, len(features), _BLOCK):
            block = _unit(features[start : start + _BLOCK].astype(np.float32))
            alike = block @ self.rows.T  # [B, M] cosines
            nearest = np.partition(alike, -self.neighbours, axis=1)[:, -self.neighbours]
            found[start : start + len(block)] = np.sqrt(np.maximum(2.0 - 2.0 * nearest.astype(np.float64), 0.0))
        return found


@dataclass(frozen=True)
class AlarmLimit:
    """From which distance on a picture counts as unknown.

    Attributes:
        distance: those beyond it.
        promised: share of known pictures that are taken for unknown, at most, over validation sets drawn anew.
    """

    distance: float
    promised: float


def alarm_limit(distances: NDArray[np.float64], rate: float = ALARM_RATE) -> AlarmLimit | None:
    """Choose the limit on validation pictures.

    Args:
        distances: [N] float64, of validation pictures.
        rate: wished share of false alarms, inside 0..1.

    Returns:
        The ceil((N + 1) * (1 - rate))-th smallest distance, or the largest where that is beyond the N; then the
        promised rate is 1 / (N + 1), more than wished. None with fewer than ``FEWEST_PICTURES``.

    Raises:
        ValueError: the rate is not inside 0..1.
    """
    if not 0 < rate < 1:
        raise ValueError(f"the rate must lie inside 0..1, got {rate:g}")
    count = len(distances)
    if count < FEWEST_PICTURES:
        return None
    rank = min(ceil(round((count + 1) * (1 - rate), 9)), count)
    return AlarmLimit(float(np.sort(distances)[rank - 1]), 1 - rank / (count + 1))


def alarm_report(
    references: References, val: NDArray[np.float64], test: NDArray[np.float64], rate: float = ALARM_RATE
) -> AlarmReport:
    """Choose the limit on validation pictures, and count the alarms on these and on test pictures.

    Args:
        references: what was learned from.
        val, test: [N] and [M] float64, distances of known pictures; either may be empty.
        rate: wished share of false alarms, inside 0..1.
    """
    limit = alarm_limit(val, rate)
    alarms = 0 if limit is None else int((test > limit.distance).sum())
    low, high = wilson_interval(alarms, len(test)) if len(test) and limit is not None else (None, None)
    return AlarmReport(
        distance=None if limit is None else limit.distance,
        promised=rate if limit is None else limit.promised,
        val=len(val),
        val_alarms=0 if limit is None else int((val > limit.distance).sum()),
        test=len(test),
        test_alarms=alarms,
        test_low=low,
        test_high=high,
        references=len(references.rows),
    )


def separation(known: NDArray[np.float64], foreign: NDArray[np.float64]) -> float:
    """How often a foreign picture is further away than a known one, 0..1, ties counting half (the area under the ROC).

    Args:
        known, foreign: [N] and [M] float64 distances, neither empty.
    """
    ordered = np.sort(known)
    below = np.searchsorted(ordered, foreign, side="left")
    up_to = np.searchsorted(ordered, foreign, side="right")
    return float((below + up_to).mean() / (2 * len(known)))


def write_references(path: Path, references: References) -> None:
    """Write them as npz: rows [M, D] float16, neighbours.

    Raises:
        StorageError: the disk refused; nothing is changed.
    """
    buffer = io.BytesIO()
    np.savez(buffer, rows=references.rows.astype(np.float16), neighbours=np.int64(references.neighbours))
    write_bytes(path, buffer.getvalue())


def read_references(path: Path) -> References | None:
    """Read what ``write_references`` wrote; None where it is not there, or damaged: it can be had again."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            named, rows, neighbours = set(arrays.files), arrays["rows"], arrays["neighbours"]
        if named != {"rows", "neighbours"}:
            raise ValueError("written by an earlier version, whose distances were others")
        if rows.dtype != np.float16 or not np.isfinite(rows).all():
            raise ValueError("not a table of references")
        return References(rows.astype(np.float32), int(neighbours))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        _log.warning("References that cannot be read are passed over: %s: %s", path, error)
        return None


def _unit(rows: NDArray[np.floating]) -> NDArray[np.float32]:
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.asarray(np.divide(rows, lengths, out=np.zeros_like(rows), where=lengths > 0), dtype=np.float32)
