"""Following a file of events while another process writes it."""

from pathlib import Path

from pydantic import ValidationError

from clf_core.results import RunEvent


class EventTail:
    """Reads what was added to an events file since the last look.

    A line counts once its end has been written: the writer may be in the middle of it, or have died there.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read_new(self) -> list[RunEvent]:
        """Return the events added since the last call, oldest first; lines that are no event are passed over."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._offset)
                added = file.read()
        except OSError:  # not there yet, or gone with its run
            return []
        complete = added[: added.rfind(b"\n") + 1]
        self._offset += len(complete)
        return [event for line in complete.splitlines() if (event := _parse(line)) is not None]


def _parse(line: bytes) -> RunEvent | None:
    try:
        return RunEvent.model_validate_json(line)
    except ValidationError:
        return None
