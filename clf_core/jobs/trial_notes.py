"""What a search and the processes of its trials tell each other, a line of JSON each."""

from typing import Literal

from pydantic import Field

from clf_core.values import Value


class TrialOrder(Value):
    """From the search to a process."""

    number: int = Field(description="The trial it is about.")
    cut: bool = Field(False, description="Break it off, instead of training it.")


class TrialNote(Value):
    """From a process to the search."""

    kind: Literal["judged", "ended"]
    number: int = Field(description="The trial it is about.")
    share: float = Field(0.0, ge=0, le=1, description="Of its course that is behind it; 0 where unknown.")
    accuracy: float | None = None
    loss: float | None = None
    epochs: int = 0
    state: Literal["", "done", "cut", "failed"] = ""
    reason: str = ""
