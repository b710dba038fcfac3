"""What a capture's folder holds: its record, and frames whose file names say all there is to know about them."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pydantic import Field

from clf_core.results import Capture, CaptureClass
from clf_core.values import Value

MAX_BURST = 10**16 - 1
"""Clients number bursts by the clock, in milliseconds and a few random digits."""

LATEST = 12
"""How many of a class's newest pictures a summary names."""

_FRAME = re.compile(r"(\d{12})-(\d{6})-(\d{1,16})-(\d{1,12})\.(jpg|png|webp|avif|heic)")


class ClassRecord(Value):
    """One class: the frames name it by its number, so a new name changes no file."""

    id: int = Field(ge=0)
    name: str


class CaptureRecord(Value):
    """capture.json."""

    id: str
    secret: str
    created: float = Field(description="Unix seconds.")
    expires: float = Field(description="Unix seconds after which the secret is refused.")
    classes: tuple[ClassRecord, ...]
    next_class: int = Field(ge=0, description="Number of the next class; numbers are not used again.")


@dataclass(frozen=True, order=True)
class Frame:
    """One picture of a capture; frames sort in the order they came.

    Attributes:
        number: grows with every frame, never used again: milliseconds since the capture began, or one more
            than the last.
        class_id: number of its class.
        burst: what was taken in one hold shares it.
        size: bytes.
        ending: of the file name, told by the content.
    """

    number: int
    class_id: int
    burst: int
    size: int
    ending: str

    @property
    def file_name(self) -> str:
        """The name of its file."""
        return f"{self.number:012d}-{self.class_id:06d}-{self.burst}-{self.size}.{self.ending}"


def frame_from(file_name: str) -> Frame | None:
    """Read a frame's file name; None for anything else that may lie in the folder."""
    found = _FRAME.fullmatch(file_name)
    if found is None:
        return None
    return Frame(int(found[1]), int(found[2]), int(found[3]), int(found[4]), found[5])


def summary_of(record: CaptureRecord, frames: Sequence[Frame]) -> Capture:
    """Describe a capture; frames, in the order they came, of a class the record does not have do not count."""
    numbers: dict[int, list[int]] = {entry.id: [] for entry in record.classes}
    holds: dict[int, set[int]] = {entry.id: set() for entry in record.classes}
    for frame in reversed(frames):
        if frame.class_id in numbers:
            numbers[frame.class_id].append(frame.number)
            holds[frame.class_id].add(frame.burst)
    classes = (
        CaptureClass(
            id=entry.id,
            name=entry.name,
            count=len(numbers[entry.id]),
            holds=len(holds[entry.id]),
            latest=tuple(numbers[entry.id][:LATEST]),
        )
        for entry in record.classes
    )
    return Capture(
        id=record.id,
        token=f"{record.id}.{record.secret}",
        classes=tuple(classes),
        began=record.created,
        total=sum(map(len, numbers.values())),
        expires=record.expires,
    )
