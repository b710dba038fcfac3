"""How often 95 % intervals hold the truth: repeated test sets drawn from known chances, with and without near copies.

    python benchmarks/interval_coverage.py [--repeats 2000] [--seed 0]

For each case: share of intervals that hold the true value, of accuracy, of precision, recall and F1 of each class, of
macro F1 (and, to compare, of its plain bootstrap percentiles). 93 to 97 % is aimed at.
"""

import argparse
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from clf_core.metrics.bootstrap import bootstrap, macro_f1_interval, percentile_interval
from clf_core.metrics.grouped import accuracy_interval, class_intervals

REPLICATES = 300


def chances(classes: int, accuracy: float) -> np.ndarray:
    """[K, K], what is said of each class: the hardest class 10 points below the mean, mistakes shared unevenly."""
    right = np.linspace(accuracy - 0.1, min(0.995, accuracy + 0.1), classes)
    spread = 1.0 / (1 + np.abs(np.arange(classes)[:, None] - np.arange(classes)[None, :]))
    np.fill_diagonal(spread, 0)
    table = spread / spread.sum(axis=1, keepdims=True) * (1 - right)[:, None]
    np.fill_diagonal(table, right)
    return table


def truth(table: np.ndarray, shares: np.ndarray) -> dict[str, np.ndarray]:
    """The true scores of a classifier with these chances, on classes in these shares."""
    joint = table * shares[:, None]
    hits, said = np.diagonal(joint), joint.sum(axis=0)
    f1 = 2 * hits / (said + shares)
    return {
        "accuracy": hits.sum(),
        "precision": hits / said,
        "recall": np.diagonal(table),
        "f1": f1,
        "macro f1": f1.mean(),
    }


def sample(random: np.random.Generator, table: np.ndarray, shares: np.ndarray, groups: int, copies: int):
    """A test set: ``groups`` groups of 1 to ``copies`` pictures that are nearly always answered alike."""
    sizes = random.integers(1, copies + 1, groups)
    place = np.repeat(np.arange(groups), sizes)
    cumulative = np.cumsum(table, axis=1)
    true = random.choice(len(shares), groups, p=shares)
    first = (random.random(groups)[:, None] > cumulative[true]).sum(axis=1)
    own = (random.random(len(place))[:, None] > cumulative[true[place]]).sum(axis=1)
    said = np.where(random.random(len(place)) < 0.9, first[place], own)
    limit = len(shares) - 1
    return true[place], np.minimum(said, limit), place


def coverage(classes: int, accuracy: float, groups: int, copies: int, repeats: int, seed: int) -> dict[str, float]:
    """Share of intervals that hold the truth, by score."""
    random = np.random.default_rng(seed)
    table = chances(classes, accuracy)
    shares = np.linspace(1, 2, classes) / np.linspace(1, 2, classes).sum()
    known = truth(table, shares)
    held: dict[str, list[float]] = {name: [] for name in (*known, "macro f1 (percentiles)")}
    for _ in range(repeats):
        true, said, place = sample(random, table, shares, groups, copies)
        low, high = accuracy_interval(true == said, place)
        held["accuracy"].append(low <= known["accuracy"] <= high)
        found = class_intervals(true, said, place, classes)
        for name in ("precision", "recall", "f1"):
            ends = getattr(found, name)
            defined = ~np.isnan(ends[:, 0])
            inside = (ends[:, 0] <= known[name]) & (known[name] <= ends[:, 1])
            held[name].extend(inside[defined])
        low, high = macro_f1_interval(true, said, place, classes, replicates=REPLICATES)
        held["macro f1"].append(low <= known["macro f1"] <= high)
        low, high = plain_percentiles(true, said, place, classes)
        held["macro f1 (percentiles)"].append(low <= known["macro f1"] <= high)
    return {name: float(np.mean(values)) for name, values in held.items()}


def plain_percentiles(true: np.ndarray, said: np.ndarray, place: np.ndarray, classes: int) -> tuple[float, float]:
    """The textbook interval, to compare with."""

    def macro(weights: np.ndarray) -> float:
        hits = np.bincount(true[true == said], weights=weights[true == said], minlength=classes)
        both = np.bincount(true, weights=weights, minlength=classes) + np.bincount(
            said, weights=weights, minlength=classes
        )
        return float((2 * hits[both > 0] / both[both > 0]).mean())

    return percentile_interval(bootstrap(macro, place, REPLICATES))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=2_000)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    for classes, accuracy, groups, copies in (
        (2, 0.9, 60, 1),
        (3, 0.85, 150, 1),
        (3, 0.85, 150, 4),
        (10, 0.8, 300, 1),
        (10, 0.9, 1_000, 3),
    ):
        start = time.perf_counter()
        found = coverage(classes, accuracy, groups, copies, options.repeats, options.seed)
        told = ", ".join(f"{name} {share:.1%}" for name, share in found.items())
        print(
            f"{classes} classes, about {accuracy:.0%} right, {groups} groups of up to {copies}: {told} "
            f"({options.repeats} test sets, {time.perf_counter() - start:.0f} s)",
            flush=True,
        )


if __name__ == "__main__":
    main()
