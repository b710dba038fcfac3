"""Staying with a run or a search from the terminal until it has ended."""

from collections.abc import Callable
from typing import TypeVar

from clf_core.cli.console import Console, ProgressBar
from clf_core.errors import CancelledError, ClfError, InputError, InternalError, StorageError
from clf_core.results import RunSummary, SearchSummary

_S = TypeVar("_S", RunSummary, SearchSummary)
_KINDS: dict[str, type[ClfError]] = {"input": InputError, "storage": StorageError, "internal": InternalError}


def wait_with_bar(console: Console, work: _S, wait: Callable[[ProgressBar], _S], how_to_end: str) -> _S:
    """Wait with a bar on a terminal; Ctrl-C leaves the work going and says so.

    Args:
        console: where it is said.
        work: the run or search.
        wait: returns the work once it has ended, and draws on the bar until then.
        how_to_end: the command that ends it, without its identifier, as 'runs cancel'.

    Raises:
        KeyboardInterrupt: Ctrl-C.
    """
    with console.bar() as bar:
        try:
            return wait(bar)
        except KeyboardInterrupt:
            console.note(f"'{work.name}' goes on by itself. '{how_to_end} {work.id}' ends it.")
            raise


def why_not_done(work: RunSummary | SearchSummary) -> ClfError:
    """Return the error that says why there is no result."""
    if work.error is None:
        return CancelledError(f"'{work.name}' was cancelled")
    return _KINDS[work.error.kind](work.error.what, why=work.error.why, remedy=work.error.remedy)
