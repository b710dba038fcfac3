"""What a heatmap costs: Grad-CAM of one picture, ours against the package called the usual way.

Run::

    python benchmarks/explanation.py [--model NAME] [--repeats N] [--all]

In one process and in turns, so that all three meet the same machine: the model's own forward pass in
torch (the floor), our heatmap, and the package grad-cam as its README calls it, on a network that
records gradients everywhere. Prints medians in milliseconds and the largest difference of the maps.

``--all`` adds a line for each other method, for smoothing, for the pair of two classes and for the judgement how far
to trust a map. ``--random`` gives the network random weights, so that any of timm's can be measured without a download.
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
from clf_core.explanation.contrast import paired_maps
from clf_core.explanation.heatmap import HeatmapMaker
from clf_core.explanation.methods import DEFAULT_METHOD, METHODS
from clf_core.explanation.target_layer import find_target_layer
from clf_core.explanation.trust import judge
from clf_core.models.backbone_store import BackboneStore
from clf_core.models.classifier import starter_classifier
from clf_core.models.network import build_network, normalise

# After clf_core, which makes torchvision importable beside a CPU build of torch.
from pytorch_grad_cam import GradCAM  # isort: skip
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # isort: skip

WARM_UP = 3
TARGET, OTHER = 0, 1
MOST_OF_FORWARD, MOST_OF_USUAL = 1.3, 0.6
"""What is to be reached: our heatmap as a share of the forward pass, and of the usual call."""

Calls = dict[str, Callable[[], object]]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_BACKBONE, help="name of the timm model")
    parser.add_argument("--repeats", type=int, default=30, help="timed calls of each")
    parser.add_argument("--random", action="store_true", help="random weights")
    parser.add_argument("--all", action="store_true", help="all methods, too, three times each")
    arguments = parser.parse_args()

    network, preprocessing = _random(arguments.model) if arguments.random else _published(arguments.model)
    side = preprocessing.input_size
    picture = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
    maker = HeatmapMaker(copy.deepcopy(network), preprocessing)

    calls = _calls(network, maker, picture, preprocessing)
    difference = np.abs(calls["ours"]() - calls["usual call"]()).max()
    seconds = _in_turns(calls, arguments.repeats)
    floor, ours, usual = (statistics.median(seconds[name]) for name in calls)
    print(f"{arguments.model}, {side} px, {torch.get_num_threads()} threads, median of {arguments.repeats}")
    print(f"torch forward   {floor * 1000:6.1f} ms")
    print(f"our heatmap     {ours * 1000:6.1f} ms   {_ratio(ours / floor, MOST_OF_FORWARD)} of the forward pass")
    print(f"the usual call  {usual * 1000:6.1f} ms   ours is {_ratio(ours / usual, MOST_OF_USUAL)} of it")
    print(f"largest difference of the maps {difference:.1e}")
    if arguments.all:
        _print_others(maker, picture, floor)


def _published(name: str) -> tuple[torch.nn.Module, Preprocessing]:
    with tempfile.TemporaryDirectory() as folder:
        backbone = BackboneStore(Path(folder)).ensure(name)
        return build_network(backbone, starter_classifier(backbone)), backbone.spec.preprocessing


def _random(name: str) -> tuple[torch.nn.Module, Preprocessing]:
    import timm

    config = timm.get_pretrained_cfg(name)
    side = config.input_size[-1]
    torch.manual_seed(0)
    network = timm.create_model(name).eval()
    return network, Preprocessing(input_size=side, resize_size=side, mean=config.mean, std=config.std)


def _calls(
    network: torch.nn.Module, maker: HeatmapMaker, picture: NDArray[np.uint8], preprocessing: Preprocessing
) -> Calls:
    plain, usual = copy.deepcopy(network), copy.deepcopy(network).requires_grad_(True)
    layer = find_target_layer(plain, preprocessing.input_size)
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


def _print_others(maker: HeatmapMaker, picture: NDArray[np.uint8], floor: float) -> None:
    others: Calls = {
        key: lambda key=key: maker.heatmap(picture, TARGET, key) for key in METHODS if key != DEFAULT_METHOD
    }
    others |= {
        "gradcam, augment": lambda: maker.heatmap(picture, TARGET, smooth="augment"),
        "gradcam, eigen": lambda: maker.heatmap(picture, TARGET, smooth="eigen"),
        "two classes": lambda: paired_maps(maker, picture, TARGET, OTHER),
        "trust": lambda: judge(maker, picture, TARGET, "the class"),
    }
    for name, call in others.items():
        call()
        took = statistics.median(_timed(call) for _ in range(3))
        print(f"{name:18}{took * 1000:8.1f} ms   {took / floor:.1f} x the forward pass")


def _ratio(found: float, most: float) -> str:
    return f"{found:.2f} x ({'reached' if found <= most else 'NOT reached'}: at most {most:g} x)"


def _in_turns(calls: Calls, repeats: int) -> dict[str, list[float]]:
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(WARM_UP + repeats):
        for name, call in calls.items():
            took = _timed(call)
            if turn >= WARM_UP:
                seconds[name].append(took)
    return seconds


def _timed(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


if __name__ == "__main__":
    main()
