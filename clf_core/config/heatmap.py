"""How a heatmap is made."""

from pydantic import Field

from clf_core.values import Value


class HeatmapConfig(Value):
    """Method, layer and smoothing of a heatmap; by itself the usual one: Grad-CAM at the deepest layer, as it is.

    Which methods and smoothings there are is known to ``clf_core.explanation.methods``, which layers to the network.
    """

    method: str = Field("gradcam", description="How the evidence is found, such as 'gradcam'.")
    layer: str = Field("", description="Where it is read, such as 'body.layer4'; empty for the deepest layer.")
    smooth: str = Field("none", description="none, augment (over changed copies), eigen (main pattern) or both.")
