"""What can be said and drawn of heatmaps without a model: the ways to make one, its colours and their legend."""

from typing import TYPE_CHECKING

from clf_core.results import Contrast, Explanation, HeatmapMethod

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class HeatmapDrawing:
    """The part of ``Explanations`` that needs no model."""

    def methods(self) -> dict[str, str]:
        """Return the methods on offer: key -> name for people."""
        return {method.key: method.title for method in self.method_details()}

    def method_details(self) -> tuple[HeatmapMethod, ...]:
        """Return what is to be known of each method, the recommended one first."""
        from clf_core.explanation.methods import METHODS

        return tuple(METHODS.values())

    def smoothings(self) -> dict[str, str]:
        """Return the ways to smooth a map: key -> name for people."""
        from clf_core.explanation.methods import SMOOTHINGS

        return dict(SMOOTHINGS)

    def overlay(self, explanation: Explanation, opacity: float) -> "NDArray[np.uint8]":
        """Return the picture with the heatmap laid over it, [H, W, 3] uint8.

        Args:
            explanation: what ``explain`` returned.
            opacity: 0 shows only the picture, 1 only the map.
        """
        return self.overlay_map(explanation.picture, explanation.heatmap, opacity)

    def overlay_map(
        self, picture: "NDArray[np.uint8]", heatmap: "NDArray[np.float32]", opacity: float
    ) -> "NDArray[np.uint8]":
        """Return ``overlay`` for a picture [H, W, 3] and a map [H, W] in 0..1, such as one of a ``Contrast``."""
        from clf_core.explanation.overlay import blend

        return blend(picture, heatmap, opacity)

    def overlay_difference(self, contrast: Contrast, opacity: float) -> "NDArray[np.uint8]":
        """Return the picture with what sets the two classes apart, [H, W, 3] uint8: orange speaks for the first."""
        from clf_core.explanation.overlay import blend_difference

        return blend_difference(contrast.picture, contrast.difference, opacity)

    def legend(self) -> "NDArray[np.uint8]":
        """Return the colour strip of the heatmap, weak evidence at the left, [h, w, 3] uint8."""
        from clf_core.explanation.overlay import legend

        return legend()

    def difference_legend(self) -> "NDArray[np.uint8]":
        """Return the colour strip of ``overlay_difference``, the second class's end at the left, [h, w, 3] uint8."""
        from clf_core.explanation.overlay import difference_legend

        return difference_legend()
