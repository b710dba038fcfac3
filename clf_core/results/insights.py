"""What is worked out about a finished run in the background, and what comes of it."""

from typing import Literal

from pydantic import Field

from clf_core.values import Value

InsightState = Literal["waiting", "running", "done", "failed"]


class Insight(Value):
    """Where one part of the background work on a run stands."""

    name: str
    title: str = Field(description="For people, such as 'Heatmaps of many pictures'.")
    state: InsightState
    done: int = Field(0, description="Steps finished, while it runs.")
    total: int = Field(0, description="Steps in all; 0 when unknown.")
    note: str = Field("", description="What it waits for, or why it failed, in words.")


class Insights(Value):
    """Where the background work on a run stands."""

    parts: tuple[Insight, ...] = Field(description="In the order in which they are worked out.")
    running: bool = Field(description="Whether a process is at it.")

    def state(self, name: str) -> InsightState:
        """Return the state of one part; 'failed' for one there is none of."""
        return next((part.state for part in self.parts if part.name == name), "failed")


class GalleryPicture(Value):
    """One picture of the gallery of heatmaps. The files are asked for by the names given here."""

    sha256: str
    true: str
    said: str
    probability: float = Field(description="Of what the model said.")
    picture: str = Field(description="File: the part of the picture the model saw.")
    said_heat: str = Field(description="File: the evidence for what it said, in colours.")
    true_heat: str = Field(description="File: the evidence for what it is; the same as ``said_heat`` if it was right.")

    @property
    def right(self) -> bool:
        """Whether what it said is what it is."""
        return self.said == self.true


class HeatmapGallery(Value):
    """Heatmaps of pictures of each class and of all mistakes, as far as they are made."""

    pictures: tuple[GalleryPicture, ...] = Field(description="Mistakes first, the surest first; then class by class.")
    total: int = Field(description="How many there will be.")
    mistakes: int = Field(description="Mistakes in the test, of which at most a thousand are drawn.")
    tested: bool = Field(description="False where the run has no test pictures: these are pictures it learned from.")
    layer: str = Field(description="Layer the evidence is read from.")
    unreadable: int = Field(0, description="Pictures that can no longer be read.")
    why_none: str = Field("", description="Why no heatmap can be made for this network, in words; then none are here.")


class Neighbour(Value):
    """A training picture that the network finds similar to another picture."""

    sha256: str
    label: str
    source_name: str
    similarity: float = Field(description="Cosine of the centred features, -1 to 1; 1 for the same features.")


class Nearest(Value):
    """The training pictures most like a picture, as the network sees it."""

    answer: str = Field(description="What the model says of the picture.")
    neighbours: tuple[Neighbour, ...] = Field(description="Of all classes, the nearest first; one of each group.")
    rival: str = Field(description="The second most probable class.")
    rivals: tuple[Neighbour, ...] = Field(description="The nearest of that class.")
    agreeing: int = Field(description="How many of ``neighbours`` are of the class the model named.")
    learned_from: bool = Field(description="Whether this very picture is among those it learned from.")
    searched: int = Field(description="Training pictures compared with.")
    known: int = Field(description="Training pictures in all.")
