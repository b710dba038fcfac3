"""How much quick training adds to the least it could take.

    python benchmarks/quick_training.py [PICTURES.zip]

Ours: ``train_quick`` (decoding, features, choosing the strength, fitting, folding) and the test split's
answers. The bare loop: the same files decoded by the same function and run through the same compiled
network, one thread per core, nothing else. Imports and the loading of the network are left out on both
sides. They take turns, three times each; printed are medians. Aim: a ratio of at most 1.25.
"""

import io
import statistics
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import scipy.linalg  # imported here so that neither side pays for it
import scipy.optimize  # noqa: F401
import threadpoolctl  # noqa: F401
from PIL import Image

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a script, from any folder

from clf_core.config import ImportLimits, TrainConfig
from clf_core.data.loading import input_from_bytes, load_inputs
from clf_core.data.manifest import Manifest
from clf_core.data.store import PictureStore
from clf_core.device import cpu_count
from clf_core.importing.importer import import_pictures
from clf_core.importing.source import open_source
from clf_core.models import engine
from clf_core.models.backbone_store import Backbone, BackboneStore
from clf_core.models.runtime import FeatureRuntime, open_runtime
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.quick import train_quick

ROUNDS = 3
LIMITS = ImportLimits()


def main(arguments: list[str]) -> None:
    """Run the comparison and print it."""
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        archive = Path(arguments[0]) if arguments else generated(root / "generated.zip")
        store = PictureStore(root / "pictures")
        with open_source(archive, LIMITS) as source:
            manifest = import_pictures(source, store, limits=LIMITS).manifest
        backbone = BackboneStore(root / "backbones").ensure("tf_efficientnet_lite0")
        runtime = open_runtime(backbone, "cpu")
        model = engine.openvino().Core().compile_model(backbone.compiled, "CPU", {"PERFORMANCE_HINT": "THROUGHPUT"})
        keys = dict.fromkeys(row.sha256 for row in manifest.rows())
        paths = [root / "files" / key for key in keys]
        (root / "files").mkdir()
        for path in paths:
            path.write_bytes(store.read(path.name))
        ours, bare = [], []
        for _ in range(ROUNDS):
            ours.append(seconds(lambda: train_and_test(manifest, store, backbone, runtime)))
            bare.append(seconds(lambda: bare_loop(paths, backbone, model)))
        accuracy = train_and_test(manifest, store, backbone, runtime)
    ratio = statistics.median(ours) / statistics.median(bare)
    print(
        f"{archive.name}: {len(paths)} pictures, {len(manifest.classes)} classes, {runtime.engine}, {cpu_count()} cores"
    )
    print(f"ours      {statistics.median(ours):6.2f} s   (test accuracy {accuracy:.3f})")
    print(f"bare loop {statistics.median(bare):6.2f} s   ({len(paths) / statistics.median(bare):.0f} pictures/s)")
    print(f"ratio     {ratio:6.2f}     (aim: at most 1.25)")


def train_and_test(manifest: Manifest, store: PictureStore, backbone: Backbone, runtime: FeatureRuntime) -> float:
    """Train as a run does; return the test accuracy."""
    result = train_quick(manifest, store.read, backbone, runtime, TrainConfig(), SilentCallbacks())
    test = manifest.select("test")
    inputs = load_inputs(test.sha256, store.read, backbone.spec.preprocessing, LIMITS)
    probabilities = result.classifier.probabilities(np.stack(list(runtime.stream(inputs))))
    return float((probabilities.argmax(axis=1) == test.label_index).mean())


def bare_loop(paths: list[Path], backbone: Backbone, model: Any) -> int:
    """Decode every file and run the network on it; the least any training has to do."""
    local = threading.local()

    def work(path: Path) -> int:
        if not hasattr(local, "request"):
            local.request = model.create_infer_request()
        picture = input_from_bytes(path.read_bytes(), backbone.spec.preprocessing, LIMITS)
        return int(local.request.infer({0: picture[None]})[0].size)

    with ThreadPoolExecutor(cpu_count()) as executor:
        return sum(executor.map(work, paths))


def seconds(work: Callable[[], object]) -> float:
    """Wall-clock seconds of one call."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def generated(path: Path, per_class: int = 100) -> Path:
    """A zip of 400 JPEG pictures of 480 x 360 pixels in four classes: stripes and spots over noise."""
    random = np.random.default_rng(0)
    across = np.arange(480)[None, :, None] + 0 * np.arange(360)[:, None, None]
    down = np.arange(360)[:, None, None] + 0 * across
    patterns = {"upright": across, "level": down, "slanted": across + down, "spots": None}
    with zipfile.ZipFile(path, "w") as archive:
        for name, phase in patterns.items():
            for number in range(per_class):
                period, colour = random.uniform(15, 40), random.uniform(20, 90, 3)
                if phase is None:
                    wave = np.sin(across / period * 6.28) * np.sin(down / period * 6.28)
                else:
                    wave = np.sin(phase / period * 6.28)
                pixels = 128 + wave * colour + random.normal(0, 25, (360, 480, 3))
                data = io.BytesIO()
                Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(data, "JPEG", quality=88)
                archive.writestr(f"{name}/{number}.jpg", data.getvalue())
    return path


if __name__ == "__main__":
    main(sys.argv[1:])
