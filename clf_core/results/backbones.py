"""What is known of a network to begin from, before it is loaded."""

from typing import Literal

from pydantic import Field

from clf_core.values import Value

BackboneOrder = Literal["name", "accuracy", "parameters", "input_size", "speed"]


class BackboneInfo(Value):
    """A pretrained network a person can choose."""

    name: str
    title: str = Field(description="What people call it; the name itself where it has no other.")
    family: str = Field("", description="The group of networks it belongs to; empty for one timm does not know.")
    family_title: str = ""
    good_for: str = Field("", description="In a sentence or three: what it is good for, and what it costs.")
    recommended: bool = False
    parameters: int = Field(0, description="Number of weights without the last layer; 0 where unknown.")
    input_size: int = Field(0, description="Side of the square it was published for, in pixels; 0 where unknown.")
    fixed_size: bool = Field(False, description="Whether it is built for one size, and anew for another.")
    accuracy: float | None = Field(None, description="Published top-1 on ImageNet-1k, 0..1; None: no figure here.")
    accuracy_size: int = Field(0, description="Side of the square the accuracy was measured at.")
    accuracy_source: str = ""
    speed: float | None = Field(None, description="Pictures/s of the frozen network on this machine, once known.")
    speed_source: Literal["", "measured", "training"] = Field(
        "", description="training: as seen in a run, decoding included, so the network alone is at least as fast."
    )
    licence: str = Field(description="Of the weights, as they state it; empty where they state none.")
    commercial: bool | None = Field(None, description="Whether the licence allows commercial use; None: read it.")
    source: str = Field("", description="Where the weights come from.")
    on_machine: bool = Field(description="True when its weights need no download.")
    prepared: bool = Field(
        False, description="True when it is ready to run, so that its speed can be measured at once."
    )
    download_megabytes: int = Field(0, description="What is downloaded for it, about; 0 where nothing is.")


class BackboneQuery(Value):
    """Which of all networks to list, and in what order."""

    text: str = Field("", description="Words that must all occur in name, family or licence; case does not matter.")
    family: str | None = Field(None, description="Key of a family.")
    most_parameters: int | None = Field(None, description="The largest number of weights.")
    on_machine: bool = Field(False, description="Only those whose weights need no download.")
    commercial: bool = Field(False, description="Only those whose licence surely allows commercial use.")
    order: BackboneOrder = Field("name", description="By what; networks without that figure come last.")
    descending: bool = Field(False, description="The largest first.")
    offset: int = Field(0, ge=0, description="How many to leave out at the beginning.")
    limit: int = Field(50, ge=0, description="How many to return at most.")


class BackbonePage(Value):
    """A part of a list of networks."""

    total: int = Field(description="Networks that match, on all pages.")
    backbones: tuple[BackboneInfo, ...]


class BackboneFamily(Value):
    """A group of networks of one design."""

    key: str
    title: str
    count: int = Field(description="Networks with published weights.")
