"""What a search says in sentences."""

from clf_core.errors import ClfError, DatasetError, InputError, StorageError
from clf_core.results import ErrorWords

EXHAUSTED = "Every combination was tried, so the search ended before its budget did."

INTERRUPTED = ErrorWords(
    what="The search was interrupted",
    why="Its process ended early, perhaps because the machine was restarted or ran out of memory",
    remedy="Resume goes on where it was left; what was tried is kept",
    kind="internal",
)


def all_failed(reason: str) -> DatasetError:
    """The error for a search in which no trial came to anything."""
    return DatasetError(
        "None of the settings could be trained",
        why=f"The last one failed: {reason}",
        remedy="Train once with settings of your own to see what is wrong, then search again",
    )


def in_words(error: Exception) -> ErrorWords:
    """Return an error as it is stored and shown."""
    if isinstance(error, ClfError):
        storage = isinstance(error, StorageError)
        kind = "storage" if storage else "input" if isinstance(error, InputError) else "internal"
        return ErrorWords.model_validate({"what": error.what, "why": error.why, "remedy": error.remedy, "kind": kind})
    return ErrorWords(
        what="The search failed through a fault of the studio",
        why=f"{type(error).__name__}: {error}",
        remedy="worker.log in the search's directory holds the details",
    )
