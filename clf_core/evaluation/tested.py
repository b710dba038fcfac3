"""The test pictures one by one: what each is, what the model said, and how sure it was."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from clf_core.errors import StorageError
from clf_core.evaluation.answers import Answers
from clf_core.results import TestedPicture


def tested_pictures(answers: Answers, temperature: float) -> tuple[TestedPicture, ...]:
    """One row for each test picture, in the order of the answers.

    Args:
        answers: to the test pictures.
        temperature: of the model; how sure it was depends on it.
    """
    if not len(answers):
        return ()
    said, probabilities = answers.predicted, answers.probabilities(temperature)
    rows = zip(
        answers.sha256,
        answers.source_names,
        answers.true_index.tolist(),
        said.tolist(),
        probabilities.max(axis=1).tolist(),
        probabilities[np.arange(len(answers)), answers.true_index].tolist(),
        strict=True,
    )
    # Not validated one by one: the answers were, and ten thousand of them would take longer than a page may.
    return tuple(
        TestedPicture.model_construct(
            sha256=sha256,
            source_name=source_name,
            true=answers.classes[true],
            predicted=answers.classes[predicted],
            probability=probability,
            probability_true=probability_true,
        )
        for sha256, source_name, true, predicted, probability, probability_true in rows
    )


def cell(rows: Sequence[TestedPicture], true: str, predicted: str) -> tuple[TestedPicture, ...]:
    """The pictures behind one cell of the confusion matrix, the most confident answer first."""
    return _by_confidence([row for row in rows if row.true == true and row.predicted == predicted])


def confident_mistakes(rows: Sequence[TestedPicture], limit: int) -> tuple[TestedPicture, ...]:
    """The wrong answers given with the highest probability, at most ``limit``, the most confident first."""
    return _by_confidence([row for row in rows if row.true != row.predicted])[: max(0, limit)]


def read_tested(path: Path) -> tuple[TestedPicture, ...]:
    """Read the table that earlier versions of the studio left in the place of answers, a column for each field.

    Raises:
        StorageError: the file is missing, damaged or not such a table.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(pa.BufferReader(path.read_bytes())).read().cast(_schema())
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
