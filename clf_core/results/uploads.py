"""What is known of a file on its way in from a browser."""

from pydantic import Field

from clf_core.values import Value


class Upload(Value):
    """One upload, finished or not."""

    id: str
    name: str = Field(description="Name of the file or folder as given; literal text, never a path.")
    size: int = Field(gt=0, description="Bytes that were announced.")
    received: int = Field(ge=0, description="Bytes that are here, from the start without a gap.")
    created: float = Field(description="Unix seconds when it was begun.")
    updated: float = Field(description="Unix seconds when bytes last came.")

    @property
    def complete(self) -> bool:
        """True once every byte is here."""
        return self.received == self.size
