"""What a heatmap costs: Grad-CAM of one picture, ours against the package called the usual way.

Run::

    python benchmarks/explanation.py [--model NAME] [--repeats N]

In one process and in turns, so that all three meet the same machine: the model's own forward pass in
torch (the floor), our heatmap, and the package grad-cam as its README calls it, on a network that
records gradients everywhere. Prints medians in milliseconds and the largest difference of the maps.
"""

import argparse
import copy
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a script, from any folder

from clf_core.config import DEFAULT_BACKBONE, Preprocessing
from clf_core.explanation.heatmap import HeatmapMaker
from clf_core.explanation.target_layer import find_target_layer
from clf_core.models.backbone_store import BackboneStore
from clf_core.models.classifier import starter_classifier
from clf_core.models.network import build_network, normalise

# After clf_core, which makes torchvision importable beside a CPU build of torch.
from pytorch_grad_cam import GradCAM  # isort: skip
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # isort: skip

WARM_UP = 3
TARGET = 0


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_BACKBONE, help="name of the timm model")
    parser.add_argument("--repeats", type=int, default=30, help="timed calls of each")
    arguments = parser.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        backbone = BackboneStore(Path(folder)).ensure(arguments.model)
        network = build_network(backbone, starter_classifier(backbone))
    preprocessing = backbone.spec.preprocessing
    side = preprocessing.input_size
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)

    calls = _calls(network, picture, preprocessing)
    difference = np.abs(calls["ours"]() - calls["usual call"]()).max()
    seconds = _in_turns(calls, arguments.repeats)
    floor, ours, usual = (statistics.median(seconds[name]) for name in calls)
    print(f"{arguments.model}, {side} px, {torch.get_num_threads()} threads, median of {arguments.repeats}")
    print(f"torch forward   {floor * 1000:6.1f} ms")
    print(f"our heatmap     {ours * 1000:6.1f} ms   {ours / floor:.2f} x the forward pass")
    print(f"the usual call  {usual * 1000:6.1f} ms   {usual / ours:.2f} x ours")
    print(f"largest difference of the maps {difference:.1e}")


def _calls(
    network: torch.nn.Module, picture: NDArray[np.uint8], preprocessing: Preprocessing
) -> dict[str, Callable[[], object]]:
    plain, usual = copy.deepcopy(network), copy.deepcopy(network).requires_grad_(True)
    layer = find_target_layer(plain, preprocessing.input_size)
    maker = HeatmapMaker(network, preprocessing)
    reshape = None if layer.layout == "NCHW" else layer.to_nchw
    cam = GradCAM(usual, [usual.get_submodule(layer.name)], reshape)
    batch = normalise(picture[None], preprocessing)

    def forward() -> torch.Tensor:
        with torch.inference_mode():
            return plain(normalise(picture[None], preprocessing))

    return {
        "forward": forward,
        "ours": lambda: maker.heatmap(picture, TARGET),
        "usual call": lambda: cam(batch, [ClassifierOutputTarget(TARGET)])[0],
    }


def _in_turns(calls: dict[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(WARM_UP + repeats):
        for name, call in calls.items():
            start = time.perf_counter()
            call()
            if turn >= WARM_UP:
                seconds[name].append(time.perf_counter() - start)
    return seconds


if __name__ == "__main__":
    main()
