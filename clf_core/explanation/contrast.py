"""Why one class and not another: the evidence for each on one scale, and what sets them apart."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from clf_core.config import HeatmapConfig
from clf_core.errors import ConfigError
from clf_core.explanation.heatmap import HeatmapMaker
from clf_core.explanation.methods import METHODS, require_method

_USUAL = HeatmapConfig()


@dataclass(frozen=True)
class PairedMaps:
    """Maps of two classes.

    Attributes:
        first, second: [S, S] float32 in 0..1 on one scale: 1 is the strongest place of either.
        difference: [S, S] float32 in -1..1, ``first`` less ``second`` with what speaks against each; 1 or -1 where
            they differ most.
        for_first: share of what sets them apart that speaks for the first class, 0..1; 0.5 where nothing does.
    """

    first: NDArray[np.float32]
    second: NDArray[np.float32]
    difference: NDArray[np.float32]
    for_first: float


def paired_maps(
    maker: HeatmapMaker,
    picture: NDArray[np.uint8],
    first: int,
    second: int,
    look: HeatmapConfig = _USUAL,
) -> PairedMaps:
    """Compare the evidence for two classes in one picture.

    Heatmaps are each scaled to their own strongest place, so their difference would mean nothing; the evidence they
    are made of is in the same unit for all classes. For Grad-CAM, which is linear in the gradient, the difference
    is the map of the difference of the two logits.

    Args:
        maker: of the network.
        picture: [S, S, 3] uint8 RGB.
        first, second: indices of the classes.
        look: a method whose maps differ from class to class, and a layer; nothing is smoothed.

    Raises:
        ConfigError: the method's maps are the same for every class, or there is no such method or layer.
        HeatmapError, ValueError: as for ``HeatmapMaker.heatmap``.
    """
    if not require_method(look.method).by_class:
        raise ConfigError(
            f"{METHODS[look.method].title.split(',')[0]} cannot tell two classes apart",
            field="method",
            why="Its map is the same for every class",
            remedy="Choose another method, such as Grad-CAM",
        )
    both = np.stack([picture, picture])
    evidence = maker.evidence(both, [first, second], look.method, look.layer)  # [2, h, w]
    side = maker.preprocessing.input_size
    strongest = float(np.maximum(evidence, 0).max())
    first_map, second_map = (_enlarged(np.maximum(one, 0), side, strongest) for one in evidence)
    apart = evidence[0] - evidence[1]
    total = float(np.abs(apart).sum())
    return PairedMaps(
        first=np.clip(first_map, 0, 1),
        second=np.clip(second_map, 0, 1),
        difference=np.clip(_enlarged(apart, side, float(np.abs(apart).max())), -1, 1),
        for_first=float(np.maximum(apart, 0).sum()) / total if total > 0 else 0.5,
    )


def in_words(first: str, second: str, paired: PairedMaps, lead: float = 0.0) -> str:
    """Return a sentence or two, plain text with the names as they are.

    Args:
        first, second: names of the classes.
        paired: their maps.
        lead: probability of the first less that of the second. Where the maps speak for the one and the answer is the
            other, what decided is a part of the score that belongs to no place, such as the last layer's bias.
    """
    words = _shares(first, second, paired)
    if paired.difference.any() and lead * (paired.for_first - 0.5) < 0:
        words += (
            f" Yet '{first if lead > 0 else second}' is the likelier of the two: a part of each score belongs to no "
            "place of the picture and is in no heatmap."
        )
    return words


def _shares(first: str, second: str, paired: PairedMaps) -> str:
    if not paired.difference.any():
        return f"Nothing in the picture sets '{first}' and '{second}' apart."
    share = round(100 * paired.for_first)
    if share >= 90:
        return f"Nearly all that sets the two apart speaks for '{first}'."
    if share <= 10:
        return f"Nearly all that sets the two apart speaks for '{second}'."
    return f"Of what sets the two apart, {share} % speaks for '{first}' and {100 - share} % for '{second}'."


def _enlarged(values: NDArray[np.float32], side: int, scale: float) -> NDArray[np.float32]:
    """[h, w] -> [S, S], divided by ``scale``, with the interpolation of the heatmaps; zero where the scale is."""
    import cv2

    if scale <= 0:
        return np.zeros((side, side), dtype=np.float32)
    return np.asarray(cv2.resize(values / scale, (side, side)), dtype=np.float32)
