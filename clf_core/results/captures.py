"""What a camera has brought so far, before it is made into a dataset."""

from pydantic import Field

from clf_core.values import Value


class CaptureClass(Value):
    """One class that pictures are being taken of."""

    id: int = Field(ge=0, description="Stays the same when the class is renamed, and is never used again.")
    name: str
    count: int = Field(ge=0, description="Pictures so far.")
    holds: int = Field(ge=0, description="How often the button was held for them; pictures of one hold look alike.")
    latest: tuple[int, ...] = Field(description="Numbers of the last few pictures, the newest first.")


class Capture(Value):
    """Pictures being taken with a camera, class by class."""

    id: str
    token: str = Field(description="Lets a browser or phone add pictures; known to nobody else.")
    classes: tuple[CaptureClass, ...]
    began: float = Field(description="Unix seconds when the capture was begun.")
    total: int = Field(ge=0, description="Pictures so far, of all classes.")
    expires: float = Field(description="Unix seconds after which the token is refused.")
