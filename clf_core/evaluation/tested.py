"""The test pictures one by one: what each is, what the model said, and how sure it was."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clf_core import files
from clf_core.data import columns
from clf_core.errors import StorageError
from clf_core.results import TestedPicture


def tested_pictures(
    sha256: Sequence[str],
    source_names: Sequence[str],
    classes: Sequence[str],
    true_index: NDArray[np.int64],
    probabilities: NDArray[np.floating],
) -> tuple[TestedPicture, ...]:
    """One row for each test picture, in the order given.

    Args:
        sha256, source_names: N each.
        classes: K names.
        true_index: [N] int64 in 0..K-1.
        probabilities: [N, K].

    Raises:
        ValueError: the lengths disagree.
    """
    rows = zip(sha256, source_names, true_index.tolist(), probabilities, strict=True)
    return tuple(
        TestedPicture(
            sha256=digest,
            source_name=source_name,
            true=classes[true],
            predicted=classes[int(row.argmax())],
            probability=float(row.max()),
            probability_true=float(row[true]),
        )
        for digest, source_name, true, row in rows
    )


def cell(rows: Sequence[TestedPicture], true: str, predicted: str) -> tuple[TestedPicture, ...]:
    """The pictures behind one cell of the confusion matrix, the most confident answer first."""
    return _by_confidence([row for row in rows if row.true == true and row.predicted == predicted])


def confident_mistakes(rows: Sequence[TestedPicture], limit: int) -> tuple[TestedPicture, ...]:
    """The wrong answers given with the highest probability, at most ``limit``, the most confident first."""
    return _by_confidence([row for row in rows if row.true != row.predicted])[: max(0, limit)]


def write_tested(path: Path, rows: Sequence[TestedPicture]) -> None:
    """Write the rows as a Parquet table, a column for each field, all or nothing.

    Raises:
        StorageError: the disk refuses.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts = ("sha256", "source_name", "true", "predicted")
    cells = [columns.strings([getattr(row, name) for row in rows]) for name in texts]
    for name in ("probability", "probability_true"):
        cells.append(columns.floats(np.array([getattr(row, name) for row in rows]), np.float64))
    table = pa.Table.from_arrays(cells, schema=_schema())
    buffer = pa.BufferOutputStream()
    pq.write_table(table, buffer, compression="zstd")
    files.write_bytes(path, buffer.getvalue().to_pybytes())


def read_tested(path: Path) -> tuple[TestedPicture, ...]:
    """Read what ``write_tested`` wrote.

    Raises:
        StorageError: the file is missing, damaged or not such a table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # The bytes first: given a path, pyarrow would read folder names above it as partition columns.
        table = pq.read_table(pa.BufferReader(path.read_bytes())).cast(_schema())
        # Checked as columns: to check each of 10,000 rows anew takes longer than a page may.
        if any(column.null_count for column in table.columns):
            raise ValueError("a value is missing")
        return tuple(TestedPicture.model_construct(**row) for row in table.to_pylist())
    except (OSError, pa.ArrowException, ValueError) as error:
        raise StorageError(
            "The tested pictures of this run cannot be read",
            why=f"The file {path.name} is missing or damaged",
            remedy="Train again to evaluate anew",
        ) from error


def _by_confidence(rows: list[TestedPicture]) -> tuple[TestedPicture, ...]:
    # The names settle ties, so the order does not depend on that of the manifest.
    return tuple(sorted(rows, key=lambda row: (-row.probability, row.source_name, row.sha256)))


def _schema() -> Any:
    import pyarrow as pa

    text, share = pa.string(), pa.float64()
    return pa.schema(
        [
            ("sha256", text),
            ("source_name", text),
            ("true", text),
            ("predicted", text),
            ("probability", share),
            ("probability_true", share),
        ]
    )
