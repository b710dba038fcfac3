"""What a network said of pictures it had not learned from, kept beside the run for every later question.

A .npz with the arrays ``groups``, ``true_index`` and ``logits``; the texts lie in it as JSON in UTF-8 bytes, because
numpy's own texts take four bytes for each letter of the longest one, and lose what ends with NUL. It is read without
pickle.
"""

import io
import json
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from clf_core import files
from clf_core.errors import StorageError


@dataclass(frozen=True)
class Answers:
    """What a network said of pictures it had not learned from.

    Attributes:
        classes: K names, the order of the logits.
        sha256: N, of the pictures' files.
        source_names: N, what the files were called.
        groups: [N] int64; near copies share one, and are the unit of a bootstrap.
        true_index: [N] int64 in 0..K-1.
        logits: [N, K] float32, before any temperature.

    Raises:
        ValueError: the shapes or types disagree.
    """

    classes: tuple[str, ...]
    sha256: tuple[str, ...]
    source_names: tuple[str, ...]
    groups: NDArray[np.int64]
    true_index: NDArray[np.int64]
    logits: NDArray[np.float32]

    def __post_init__(self) -> None:
        count, classes = len(self.sha256), len(self.classes)
        lengths = {len(self.source_names), len(self.groups), len(self.true_index), len(self.logits)}
        if lengths != {count} or self.logits.shape != (count, classes) or self.groups.ndim != 1:
            raise ValueError("answers must hold one row for each picture and one logit for each class")
        if self.true_index.ndim != 1 or self.true_index.dtype != np.int64 or self.groups.dtype != np.int64:
            raise ValueError("groups and true_index must be [N] int64")
        if count and not 0 <= int(self.true_index.min()) <= int(self.true_index.max()) < classes:
            raise ValueError(f"true_index must be in 0..{classes - 1}")
        if self.logits.dtype != np.float32:
            raise ValueError(f"logits must be float32, not {self.logits.dtype}")

    def __len__(self) -> int:
        return len(self.sha256)

    @property
    def predicted(self) -> NDArray[np.int64]:
        """[N] int64, the class with the largest logit; of equals, the first in class order."""
        return np.asarray(self.logits.argmax(axis=1), dtype=np.int64)

    def probabilities(self, temperature: float = 1.0) -> NDArray[np.float64]:
        """Softmax of the logits over a temperature: [N, K] float64, rows adding up to 1.

        Args:
            temperature: above 0; 1 leaves the logits as they are, more makes the network less sure.
        """
        return softmax(self.logits, temperature)


def softmax(logits: NDArray[np.floating], temperature: float = 1.0) -> NDArray[np.float64]:
    """Logits [N, K] over a temperature -> probabilities [N, K] float64.

    Raises:
        ValueError: the temperature is not above 0.
    """
    if not temperature > 0:
        raise ValueError(f"a temperature is above 0, not {temperature}")
    shifted = logits.astype(np.float64) / temperature
    shifted -= shifted.max(axis=1, keepdims=True)
    odds = np.exp(shifted, out=shifted)
    return np.asarray(odds / odds.sum(axis=1, keepdims=True), dtype=np.float64)


def numbered(groups: Sequence[str]) -> NDArray[np.int64]:
    """Names of groups [N] -> their numbers [N] int64, from 0 on in the order of the names."""
    return np.unique(np.asarray(groups, dtype=object), return_inverse=True)[1].astype(np.int64).reshape(len(groups))


def write_answers(path: Path, answers: Answers) -> None:
    """Write them, all or nothing.

    Raises:
        StorageError: the disk refuses.
    """
    buffer = io.BytesIO()
    np.savez(
        buffer,
        classes=_to_bytes(answers.classes),
        sha256=_to_bytes(answers.sha256),
        source_names=_to_bytes(answers.source_names),
        groups=answers.groups,
        true_index=answers.true_index,
        logits=answers.logits,
    )
    files.write_bytes(path, buffer.getvalue())


def read_answers(path: Path) -> Answers:
    """Read what ``write_answers`` wrote; the arrays cannot be written to, as readers may share them.

    Raises:
        StorageError: the file is missing, damaged or not such a file.
    """
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return Answers(
                classes=_from_bytes(arrays["classes"]),
                sha256=_from_bytes(arrays["sha256"]),
                source_names=_from_bytes(arrays["source_names"]),
                groups=_locked(arrays["groups"]),
                true_index=_locked(arrays["true_index"]),
                logits=_locked(arrays["logits"]),
            )
    except (OSError, ValueError, KeyError, EOFError, TypeError, AttributeError, zipfile.BadZipFile) as error:
        raise StorageError(
            "The answers of this run cannot be read",
            why=f"The file {path.name} is missing or damaged",
            remedy="Train again to have them written anew",
        ) from error


def _to_bytes(texts: Sequence[str]) -> NDArray[np.uint8]:
    # ASCII with escapes, so that half of a surrogate pair in a file's name comes back as it was.
    return np.frombuffer(json.dumps(list(texts)).encode("ascii"), dtype=np.uint8)


def _from_bytes(array: NDArray[Any]) -> tuple[str, ...]:
    texts = json.loads(array.astype(np.uint8, casting="no").tobytes())
    if not isinstance(texts, list) or not all(isinstance(text, str) for text in texts):
        raise ValueError("not a list of texts")
    return tuple(texts)


def _locked(array: NDArray[Any]) -> NDArray[Any]:
    array.flags.writeable = False
    return array
