"""Numbers as people say them: counts, shares with their interval, durations, dates."""

import datetime
import math

from clf_core.results import RunState, RunSummary
from clf_core.values import Split

STATE_WORDS: dict[RunState, str] = {
    "queued": "Waiting",
    "starting": "Starting",
    "running": "Training",
    "paused": "Paused",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Cancelled",
    "interrupted": "Interrupted",
}

SPLIT_WORDS: dict[Split, str] = {"train": "to learn from", "val": "to choose settings", "test": "to test with"}

_NARROW = 0.03
"""Ranges narrower than this share keep a decimal; whole percents would blur them."""


def count(number: int, one: str, many: str = "") -> str:
    """Return '1 picture' or '1,204 pictures'."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def times(number: int) -> str:
    """Return 'once', 'twice' or '1,204 times'."""
    return {1: "once", 2: "twice"}.get(number, f"{number:,} times")


def percent(share: float, digits: int = 0) -> str:
    """Return a share of 0..1 as '93 %'; a share short of certainty never reads as 0 or 100, but as '> 99 %'."""
    if share in (0.0, 1.0):
        return f"{share * 100:.0f} %"
    step = 10.0**-digits
    if share * 100 > 100 - step / 2:
        return f"> {100 - step:.{digits}f} %"
    if share * 100 < step / 2:
        return f"< {step:.{digits}f} %"
    return f"{share * 100:.{digits}f} %"


def interval(low: float, high: float) -> str:
    """Return '81–97 %', each end rounded outward so that the words never promise more than the figures.

    Narrow ranges keep a decimal, as in the verdict: '74.7–76.5 %'.
    """
    steps = 10 if high - low < _NARROW else 1
    lower, upper = math.floor(round(low * 100 * steps, 6)) / steps, math.ceil(round(high * 100 * steps, 6)) / steps
    ends = [f"{end:.0f}" if steps == 1 or end in (0, 100) else f"{end:.1f}" for end in (lower, upper)]
    return f"{ends[0]}–{ends[1]} %"


def duration(seconds: float) -> str:
    """Return 'under a second', '4 seconds', '3 min 20 s' or '2 h 5 min'."""
    if seconds < 1:
        return "under a second"
    if seconds < 90:
        return count(round(seconds), "second")
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def size(number_of_bytes: float) -> str:
    """Return '812 bytes', '34 KB', '1.2 MB' or '3.4 GB'."""
    if number_of_bytes < 1000:
        return count(round(number_of_bytes), "byte")
    for unit, scale in (("KB", 1e3), ("MB", 1e6)):
        if number_of_bytes < scale * 999.5:
            shown = number_of_bytes / scale
            return f"{shown:.0f} {unit}" if shown >= 9.95 or unit == "KB" else f"{shown:.1f} {unit}"
    return f"{number_of_bytes / 1e9:.1f} GB"


def when(unix_seconds: float) -> str:
    """Return '23 Nov, 14:05' in the server's time zone."""
    moment = datetime.datetime.fromtimestamp(unix_seconds).astimezone()
    return f"{moment.day} {moment:%b, %H:%M}"


def score(run: RunSummary) -> dict[str, float | str] | None:
    """Return a run's accuracy as the web parts want it; None while there is none."""
    metrics = run.metrics
    if not {"accuracy", "accuracy_low", "accuracy_high"} <= metrics.keys():
        return None
    value, low, high = metrics["accuracy"], metrics["accuracy_low"], metrics["accuracy_high"]
    return {
        "value": value,
        "low": low,
        "high": high,
        "text": f"{percent(value, 1)}, expect {interval(low, high)}",
        "words": f"Accuracy {percent(value, 1)}, 95 % interval {interval(low, high)}",
    }
