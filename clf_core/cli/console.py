"""How the terminal speaks: sentences for a person, or one JSON object as the last line of stdout."""

import contextlib
import json
import sys
import unicodedata
from collections.abc import Iterator
from types import TracebackType
from typing import Any, Self, TextIO

_ONE_LINE = str.maketrans({"\n": " ", "\r": " ", "\t": " "})


class Console:
    """Where a command's words go.

    Args:
        as_json: the result goes to stdout as one JSON object, and every other word to stderr.
    """

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        for stream in (sys.stdout, sys.stderr):
            # A file name may hold bytes that are no text; they must not stop the command.
            with contextlib.suppress(AttributeError):
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]

    def say(self, text: str = "") -> None:
        """Print a line for a person."""
        print(plain(text), file=sys.stderr if self._as_json else sys.stdout)

    def note(self, text: str) -> None:
        """Print a line that is no result, such as what happens just now."""
        print(plain(text), file=sys.stderr)

    def result(self, value: dict[str, Any]) -> None:
        """Print the result for a program; a person has read it in sentences."""
        if self._as_json:
            sys.stderr.flush()
            print(json.dumps(value, allow_nan=False), flush=True)

    def fail(self, error: Exception, status: int) -> int:
        """Print why nothing came of it, on one line, and return ``status``."""
        reason = str(error).translate(_ONE_LINE) or type(error).__name__
        self.note(f"error: {reason}")
        self.result({"error": reason})
        return status

    @contextlib.contextmanager
    def bar(self) -> Iterator["ProgressBar"]:
        """Yield a progress bar, drawn only on a terminal."""
        with ProgressBar(sys.stderr) as progress:
            yield progress


class ProgressBar:
    """A bar whose task may change on the way. It draws nothing where nobody watches."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._bar: Any = None
        self._task = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()

    def show(self, task: str, done: int, total: int, unit: str = "picture") -> None:
        """Show that ``done`` of ``total`` are finished; 0 means that it is not known of how many."""
        if not self._stream.isatty():
            return
        if task != self._task:
            self._close()
            from tqdm import tqdm

            self._task = task
            self._bar = tqdm(desc=task, file=self._stream, unit=f" {unit}s", dynamic_ncols=True, leave=False)
        self._bar.total = total or None
        self._bar.update(done - self._bar.n)
        self._bar.refresh()

    def tell(self, text: str) -> None:
        """Print what happens just now, for whoever watches; in a log only results and errors count."""
        if self._stream.isatty():
            self._close()
            print(plain(text), file=self._stream)

    def _close(self) -> None:
        if self._bar is not None:
            self._bar.close()
            self._bar, self._task = None, ""


def plain(text: str) -> str:
    """Return text without characters that steer a terminal: names in it may come from anywhere."""
    return "".join(c if unicodedata.category(c) not in ("Cc", "Cf") else f"\\u{ord(c):04x}" for c in text)
