"""The wrongly answered test pictures in the orders in which one looks at them. Pure functions."""

from collections.abc import Callable, Mapping, Sequence

from clf_core.results import TestedPicture


def by_confidence(rows: Sequence[TestedPicture]) -> tuple[TestedPicture, ...]:
    """The wrong answers, the surest first."""
    return _sorted(_wrong(rows), lambda row: -row.probability)


def by_loss(rows: Sequence[TestedPicture]) -> tuple[TestedPicture, ...]:
    """The wrong answers, those that gave the true class the least probability first: the largest -log p(true)."""
    return _sorted(_wrong(rows), lambda row: row.probability_true)


def by_disagreement(
    rows: Sequence[TestedPicture], others: Sequence[TestedPicture]
) -> tuple[tuple[TestedPicture, TestedPicture], ...]:
    """The wrong answers where another run names another class, the two surest of their own first.

    Args:
        rows: of the run that is looked at.
        others: of the other run; pictures it was not tested with do not count.

    Returns:
        pairs of a wrong answer and the other run's of the same picture.
    """
    said = _by_picture(others)
    pairs = {
        row.sha256: (row, said[row.sha256])
        for row in _wrong(rows)
        if row.sha256 in said and said[row.sha256].predicted != row.predicted
    }
    ordered = _sorted([row for row, _ in pairs.values()], lambda row: -row.probability - said[row.sha256].probability)
    return tuple(pairs[row.sha256] for row in ordered)


def shared(rows: Sequence[TestedPicture], others: Sequence[TestedPicture]) -> int:
    """How many wrong answers another run gives as well, naming the very same class."""
    said = _by_picture(others)
    return sum(row.sha256 in said and said[row.sha256].predicted == row.predicted for row in _wrong(rows))


def _wrong(rows: Sequence[TestedPicture]) -> list[TestedPicture]:
    return [row for row in rows if row.true != row.predicted]


def _by_picture(rows: Sequence[TestedPicture]) -> Mapping[str, TestedPicture]:
    return {row.sha256: row for row in rows}


def _sorted(rows: list[TestedPicture], key: Callable[[TestedPicture], float]) -> tuple[TestedPicture, ...]:
    # The names settle ties, so the order does not depend on that of the manifest.
    return tuple(sorted(rows, key=lambda row: (key(row), row.source_name, row.sha256)))
