"""What is known before a training starts: the pictures, the network, the processor. Values only."""

from collections.abc import Mapping
from dataclasses import dataclass

from clf_core.device import Device


@dataclass(frozen=True)
class Situation:
    """A dataset and a machine, as far as choosing settings needs them.

    Attributes:
        classes: training pictures per class.
        val: pictures to choose settings by.
        test: pictures to test with.
        side: typical shorter side of the pictures, in pixels; 0 where unknown.
        device: where the network would run.
        cores: of the processor.
        parameters: numbers of the network that can be learned; 0 where unknown.
        why_not_mirrored: why a mirrored picture would mean something else; empty where it would not.
    """

    classes: Mapping[str, int]
    val: int = 0
    test: int = 0
    side: int = 0
    device: Device = "cpu"
    cores: int = 2
    parameters: int = 0
    why_not_mirrored: str = ""

    @property
    def train(self) -> int:
        """Training pictures."""
        return sum(self.classes.values())

    @property
    def fewest(self) -> int:
        """Training pictures of the smallest class; 0 without classes."""
        return min(self.classes.values(), default=0)

    @property
    def imbalance(self) -> float:
        """How many times larger the largest class is than the smallest."""
        return max(self.classes.values(), default=0) / max(1, self.fewest)

    @property
    def drawings(self) -> bool:
        """Whether the pictures are so small or so unlike photos that what photos taught helps little."""
        return 0 < self.side <= SMALL_SIDE or bool(self.why_not_mirrored)


SMALL_SIDE = 112
"""Pictures up to this side, in pixels, show half or less of what most published networks were trained on (224)."""


def training_pictures(count: int) -> str:
    """Return '1 training picture' or '1,200 training pictures'."""
    return "1 training picture" if count == 1 else f"{count:,} training pictures"
