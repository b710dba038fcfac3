"""Why a worker failed, in words for a person."""

from clf_core.errors import ClfError, InputError, StorageError
from clf_core.results import ErrorWords


def in_words(error: Exception) -> ErrorWords:
    """Return an error as it is stored and shown."""
    if isinstance(error, ClfError):
        kind = (
            "input" if isinstance(error, InputError) else "storage" if isinstance(error, StorageError) else "internal"
        )
        return ErrorWords(what=error.what, why=error.why, remedy=error.remedy, kind=kind)
    if _is_out_of_memory(error):
        return ErrorWords(
            what="The machine ran out of memory",
            why="What is learned from at a time, and the network itself, need more than is free",
            remedy="Close other programs, or train with a smaller batch or smaller pictures",
        )
    return ErrorWords(
        what="The training failed through a fault of the studio",
        why=f"{type(error).__name__}: {error}",
        remedy="worker.log in the run's directory holds the details",
    )


def _is_out_of_memory(error: Exception) -> bool:
    # torch's own kinds are named and not imported: a quick run has no torch.
    words = ("out of memory", "can't allocate memory")
    return isinstance(error, MemoryError) or (
        isinstance(error, RuntimeError) and any(word in str(error).lower() for word in words)
    )
