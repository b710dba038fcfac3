"""Pictures per second of full fine-tuning, beside the least it could take and beside the plain loop.

    python benchmarks/full_training.py [--steps 12] [--rounds 3]
    python benchmarks/full_training.py --precisions     float32 and bfloat16 for three networks
    python benchmarks/full_training.py --gpu            resnet50 in bfloat16 on a graphics card

Three loops take turns, each in a process of its own, all with tf_efficientnet_lite0 (random weights) at 224 px and
32 pictures at a time; printed are medians over the rounds.

ours        ``prepare_full`` and ``fit`` on JPEG pictures of 500 px: pixel cache, standard augmentation, layer-wise
            learning rates, all that is reported and looked up between batches. Decoding beforehand is not counted.
synthetic   the same network, settings and allocator, on one batch that lies ready in memory.
plain       what a tutorial writes: NCHW, float32, AdamW, an ordinary allocator, on one batch that lies ready in memory.

Aims: ours at least 0.95 of synthetic, and at least 2.5 times plain. With --gpu: at least 0.9 of a loop on data in the
card's memory.
"""

import argparse
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a script, from any folder

import numpy as np
from PIL import Image

import clf_core  # noqa: F401 - makes torchvision importable, which timm needs

BATCH, SIDE, CLASSES = 32, 224, 10
WARM_UP = 2
"""Steps that are not counted: memory is fetched, kernels are chosen."""


def main() -> None:
    """Read the arguments, start the processes, print the table."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--steps", type=int, default=12)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--precisions", action="store_true")
    parser.add_argument("--gpu", action="store_true")
    parser.add_argument("--child", choices=["ours", "synthetic", "plain"])
    parser.add_argument("--network", default="tf_efficientnet_lite0")
    parser.add_argument("--precision", default="auto", choices=["auto", "float32", "bfloat16"])
    chosen = parser.parse_args()
    if chosen.child:
        print(json.dumps(_CHILDREN[chosen.child](chosen)))
    elif chosen.precisions:
        _compare_precisions(chosen)
    elif chosen.gpu:
        _compare_on_gpu(chosen)
    else:
        _compare(chosen, ("ours", "synthetic", "plain"), chosen.network, chosen.precision)


def _compare(chosen: argparse.Namespace, children: tuple[str, ...], network: str, precision: str) -> None:
    speeds: dict[str, list[float]] = {child: [] for child in children}
    peaks: dict[str, float] = {}
    for _ in range(chosen.rounds):
        for child in children:
            found = _run(child, chosen, network, precision)
            speeds[child].append(found["speed"])
            peaks[child] = found["peak_mb"]
            print(f"  {child:10} {found['speed']:7.1f} pictures/s ({found['precision']})", file=sys.stderr)
    median = {child: statistics.median(found) for child, found in speeds.items()}
    print(f"{network}, {SIDE} px, {BATCH} at a time, medians of {chosen.rounds}")
    for child in children:
        print(f"{child:10} {median[child]:7.1f} pictures/s, peak {peaks[child]:,.0f} MB")
    print(f"ours / synthetic {median['ours'] / median['synthetic']:.3f}")
    if "plain" in median:
        print(f"ours / plain     {median['ours'] / median['plain']:.2f}")


def _compare_precisions(chosen: argparse.Namespace) -> None:
    for network in ("resnet18", "tf_efficientnet_lite0", "mobilenetv4_conv_small"):
        for precision in ("float32", "bfloat16"):
            found = [_run("synthetic", chosen, network, precision)["speed"] for _ in range(chosen.rounds)]
            print(f"{network:24} {precision:9} {statistics.median(found):7.1f} pictures/s", flush=True)


def _compare_on_gpu(chosen: argparse.Namespace) -> None:
    import torch

    if not torch.cuda.is_available():
        print("not measured: there is no usable graphics card on this machine")
        return
    chosen.steps = max(chosen.steps, 60)
    _compare(chosen, ("ours", "synthetic"), "resnet50", "bfloat16")


def _run(child: str, chosen: argparse.Namespace, network: str, precision: str) -> dict[str, Any]:
    """Run one loop in a process of its own, with the allocator it is meant to have."""
    from clf_core.training.allocator import worker_environment

    ordinary = {name: value for name, value in os.environ.items() if name != "GLIBC_TUNABLES"}
    environment = ordinary if child == "plain" else {**ordinary, **worker_environment("full")}
    command = [sys.executable, __file__, "--child", child, "--network", network, "--precision", precision]
    command += ["--steps", str(chosen.steps), *(["--gpu"] if chosen.gpu else [])]
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


class _Clock:
    """Notes when each step of a training ends."""

    def __init__(self) -> None:
        self.times: list[float] = []

    def tick(self) -> None:
        self.times.append(time.perf_counter())

    def speed(self, batch: int) -> float:
        counted = self.times[WARM_UP:]
        return batch * (len(counted) - 1) / (counted[-1] - counted[0])


def _ours(chosen: argparse.Namespace) -> dict[str, Any]:
    from clf_core.training.callbacks import SilentCallbacks
    from clf_core.training.loop import fit

    clock, batch = _Clock(), _batch(chosen)

    class Callbacks(SilentCallbacks):
        def step(self, *_: Any) -> None:
            clock.tick()

    with tempfile.TemporaryDirectory() as folder:
        ready = _ready(chosen, Path(folder))
        fit(ready.task, ready.plan, Callbacks())
    return _found(clock.speed(batch), ready.plan.precision)


def _synthetic(chosen: argparse.Namespace) -> dict[str, Any]:
    """The same network, parameter groups, optimizer and precision, without anything around them."""
    import torch
    from torch import nn

    from clf_core.training.optimizers import make_optimizer
    from clf_core.training.precision import autocast

    with tempfile.TemporaryDirectory() as folder:
        ready = _ready(chosen, Path(folder), pictures=2 * CLASSES)
    network, device = ready.network, "cuda" if chosen.gpu else "cpu"
    network.train()
    for module in network.modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and ready.plan.batch_norm == "frozen":
            module.eval()
    optimizer, batch = make_optimizer(ready.task.groups, ready.plan), _batch(chosen)
    pictures = torch.randn(batch, 3, SIDE, SIDE, device=device).contiguous(memory_format=torch.channels_last)
    labels = torch.randint(0, CLASSES, (batch,), device=device)
    clock = _Clock()
    for _ in range(chosen.steps):
        optimizer.zero_grad(set_to_none=True)
        with autocast(network, device, ready.plan.precision):
            logits = network(pictures)
        nn.functional.cross_entropy(logits.float(), labels).backward()
        optimizer.step()
        if chosen.gpu:
            torch.cuda.synchronize()
        clock.tick()
    return _found(clock.speed(batch), ready.plan.precision)


def _plain(chosen: argparse.Namespace) -> dict[str, Any]:
    import timm
    import torch

    network = timm.create_model(chosen.network, num_classes=CLASSES).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=1e-4)
    pictures, labels = torch.randn(BATCH, 3, SIDE, SIDE), torch.randint(0, CLASSES, (BATCH,))
    clock = _Clock()
    for _ in range(chosen.steps):
        optimizer.zero_grad()
        torch.nn.functional.cross_entropy(network(pictures), labels).backward()
        optimizer.step()
        clock.tick()
    return _found(clock.speed(BATCH), "float32")


_CHILDREN = {"ours": _ours, "synthetic": _synthetic, "plain": _plain}


def _batch(chosen: argparse.Namespace) -> int:
    return 128 if chosen.gpu else BATCH


def _found(speed: float, precision: str) -> dict[str, Any]:
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return {"speed": speed, "precision": precision, "peak_mb": peak}


def _ready(chosen: argparse.Namespace, folder: Path, pictures: int | None = None) -> Any:
    """What ``train_full`` has before its first epoch, on generated pictures, all of them to learn from."""
    from clf_core.config import TrainConfig
    from clf_core.models.runtime import open_runtime
    from clf_core.training.callbacks import SilentCallbacks
    from clf_core.training.full import prepare_full
    from clf_core.training.result import Resources

    batch = _batch(chosen)
    store, manifest = _dataset(folder, pictures or batch * chosen.steps)
    backbone = _untrained(chosen.network, folder / "backbone")
    runtime = open_runtime(backbone, "cpu")
    resources = Resources(
        store.read, "cuda" if chosen.gpu else "cpu", folder / "scratch", folder / "model", backbone, runtime
    )
    config = TrainConfig(preset="full", epochs=1, batch_size=batch, precision=chosen.precision)
    return prepare_full(manifest, resources, config, SilentCallbacks())


def _untrained(name: str, folder: Path) -> Any:
    import torch

    from clf_core.config import Preprocessing
    from clf_core.models.backbone_files import Origin, write_backbone
    from clf_core.models.pretrained import without_head

    torch.manual_seed(0)
    grey = (0.5, 0.5, 0.5)
    preprocessing = Preprocessing(input_size=SIDE, resize_size=256, mean=grey, std=grey)
    return write_backbone(folder, without_head(name), Origin(name, preprocessing, "none", "random"))


def _dataset(folder: Path, count: int) -> tuple[Any, Any]:
    """A store of photo-sized JPEG pictures and a manifest of them."""
    from clf_core.data.manifest import Manifest, ManifestRow
    from clf_core.data.store import PictureStore

    store, random, rows = PictureStore(folder / "store"), np.random.default_rng(0), []
    for number in range(count):
        coarse = Image.fromarray(random.integers(0, 256, (12, 16, 3), dtype=np.uint8))
        data = io.BytesIO()
        coarse.resize((500, 375), Image.Resampling.BICUBIC).save(data, "JPEG", quality=88)
        key = store.add(data.getvalue())
        rows.append(
            ManifestRow(
                sha256=key,
                size=len(data.getvalue()),
                width=500,
                height=375,
                label=f"class {'abcdefghij'[number % CLASSES]}{number % CLASSES}",
                split="train",
                group=key,
                source_name=f"{number}.jpg",
            )
        )
    return store, Manifest.from_rows(rows)


if __name__ == "__main__":
    main()
