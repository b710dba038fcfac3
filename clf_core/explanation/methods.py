"""The ways to make a heatmap, in words; what they compute is in ``evidence``."""

from clf_core.errors import ConfigError
from clf_core.results import HeatmapMethod

DEFAULT_METHOD = "gradcam"

_ALL = (
    HeatmapMethod(
        key="gradcam",
        title="Grad-CAM",
        note="Weights each map of the layer by how much it raises the score, averaged over all places. The usual one.",
        source="Selvaraju et al. 2017, arXiv:1610.02391",
    ),
    HeatmapMethod(
        key="hirescam",
        title="HiResCAM, place by place",
        note="Multiplies map and gradient place by place; for networks whose score depends on where something is.",
        source="Draelos and Carin 2020, arXiv:2011.08891",
    ),
    HeatmapMethod(
        key="gradcam++",
        title="Grad-CAM++",
        note="Weights places by how surely they raise the score; finds several objects of one class.",
        source="Chattopadhay et al. 2018, arXiv:1710.11063",
    ),
    HeatmapMethod(
        key="xgradcam",
        title="XGrad-CAM",
        note="Averages the gradient where a map is active, so that the map adds up to the score.",
        source="Fu et al. 2020, arXiv:2008.02312",
    ),
    HeatmapMethod(
        key="layercam",
        title="Layer-CAM",
        note="Takes each place's own positive gradient; gives fine maps in earlier layers, too.",
        source="Jiang et al. 2021, IEEE TIP 30:5875",
    ),
    HeatmapMethod(
        key="elementwise",
        title="Grad-CAM, positive parts",
        note="As place by place, but nothing that speaks against the class is subtracted.",
        source="Gildenblat et al., package grad-cam: GradCAMElementWise",
    ),
    HeatmapMethod(
        key="finercam",
        title="Finer-CAM, against the runners-up",
        note="Grad-CAM of the lead over the three classes most like it: details that decide between similar classes.",
        source="Zhang et al. 2025, arXiv:2501.11309",
    ),
    HeatmapMethod(
        key="eigengradcam",
        title="Eigen-Grad-CAM",
        note="The main pattern (first principal component) of map times gradient.",
        source="Muhammad and Yeasin 2020, arXiv:2008.00299, with gradients as in the package grad-cam",
        smooths=False,
    ),
    HeatmapMethod(
        key="scorecam",
        title="Score-CAM (slow)",
        note="Shows the network the picture through each of the layer's maps and weights them by its answers; uses no "
        "gradients.",
        source="Wang et al. 2020, arXiv:1910.01279",
        slow=True,
    ),
    HeatmapMethod(
        key="ablationcam",
        title="Ablation-CAM (slow)",
        note="Switches the layer's maps off one by one and weights them by what the score loses; uses no gradients.",
        source="Desai and Ramaswamy 2020, WACV",
        slow=True,
    ),
    HeatmapMethod(
        key="eigencam",
        title="Eigen-CAM, the same for every class",
        note="The main pattern (first principal component) of the layer; shows what stands out, for whichever class.",
        source="Muhammad and Yeasin 2020, arXiv:2008.00299",
        by_class=False,
        smooths=False,
    ),
    HeatmapMethod(
        key="kpcacam",
        title="KPCA-CAM, the same for every class",
        note="As Eigen-CAM, with a bent main pattern (kernel principal component).",
        source="Karmani et al. 2024, arXiv:2410.00267",
        by_class=False,
        smooths=False,
    ),
    HeatmapMethod(
        key="fem",
        title="FEM, the same for every class",
        note="Adds up the maps, weighted by how many of their places stand far out.",
        source="Fuad et al. 2020, IPTA",
        by_class=False,
        smooths=False,
    ),
)

METHODS: dict[str, HeatmapMethod] = {method.key: method for method in _ALL}
"""Methods by key, the recommended one first.

Of the package grad-cam these are left out: RandomCAM, a control; FullGrad, which reads all layers with a bias at
once and fails on networks without; ShapleyCAM, which differs from Grad-CAM only in what follows the layer; and SESS
and RefineCAM, which repeat another method over windows or layers.
"""

SMOOTHINGS: dict[str, str] = {
    "none": "None",
    "augment": "Averaged over mirrored, paler and stronger copies (six times as long)",
    "eigen": "Only the main pattern",
    "both": "Both",
}
"""Ways to smooth a map by key, as the package grad-cam has them: its ``aug_smooth`` and ``eigen_smooth``."""


def require_method(key: str) -> HeatmapMethod:
    """Return a method.

    Raises:
        ConfigError: there is none of that key.
    """
    if key not in METHODS:
        raise ConfigError(
            f"There is no heatmap method '{key}'", field="method", remedy=f"Methods are: {', '.join(METHODS)}"
        )
    return METHODS[key]


def require_smoothing(key: str, method: HeatmapMethod) -> tuple[bool, bool]:
    """Return whether to average over changed copies, and whether to take the main pattern.

    Raises:
        ConfigError: there is no smoothing of that key, or the method has no main pattern.
    """
    if key not in SMOOTHINGS:
        raise ConfigError(
            f"There is no smoothing '{key}'", field="smooth", remedy=f"Smoothings are: {', '.join(SMOOTHINGS)}"
        )
    eigen = key in ("eigen", "both")
    if eigen and not method.smooths:
        raise ConfigError(
            f"{method.title} cannot be reduced to its main pattern",
            field="smooth",
            why="It is made of one pattern, not of weighted maps",
            remedy="Choose another smoothing, or another method",
        )
    return key in ("augment", "both"), eigen
