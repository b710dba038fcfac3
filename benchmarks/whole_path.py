"""Seconds of the whole path in the terminal: import, train and evaluate, each a fresh process, then predict.

    python benchmarks/whole_path.py [PICTURES.zip] [--rounds 3]

Without a zip it makes 400 photo-sized pictures of two classes.
The first round starts from an empty workspace, so it includes preparing the pretrained network; the
others find it prepared. Seconds are wall-clock from the start of each process to its end.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

ROOT = Path(__file__).parents[1]


def timed(workspace: Path, *arguments: object) -> tuple[float, dict[str, Any]]:
    """Run one command; return its seconds and the object it printed."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "clf_core", *map(str, arguments), "--json"],
        cwd=ROOT,
        env={**os.environ, "CLF_WORKSPACE": str(workspace)},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return time.perf_counter() - started, json.loads(done.stdout.splitlines()[-1])


def one_round(workspace: Path, pictures: Path, number: int) -> dict[str, float]:
    """Go the whole path once and return its figures."""
    imported, _ = timed(workspace, "datasets", "import", pictures, "--name", f"set {number}")
    trained, run = timed(workspace, "train", f"set {number}")
    evaluated, report = timed(workspace, "evaluate", run["run"])
    predicted, answers = timed(workspace, "predict", run["run"], pictures, "--out", workspace.parent / "answers.csv")
    return {
        "import": imported,
        "train": trained,
        "evaluate": evaluated,
        "import + train + evaluate": imported + trained + evaluated,
        "predict": predicted,
        "predicted a second, from process start": answers["predicted"] / predicted,
        "test pictures": report["n"],
        "accuracy": report["accuracy"],
    }


def made_up_pictures(folder: Path) -> Path:
    """Write smooth random pictures of 480 x 360, reddish and bluish, as JPEG in class folders."""
    random = np.random.default_rng(0)
    for name, colour in (("red", (180, 90, 90)), ("blue", (90, 90, 180))):
        (folder / name).mkdir(parents=True)
        for number in range(200):
            coarse = np.clip(random.normal(colour, 40, (9, 12, 3)), 0, 255).astype(np.uint8)
            Image.fromarray(coarse).resize((480, 360), Image.Resampling.BICUBIC).save(folder / name / f"{number}.jpg")
    return folder


def main() -> None:
    """Print the figures of each round."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path, nargs="?", help="zip or folder of class folders")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pictures = options.pictures or made_up_pictures(Path(folder) / "made up")
        for number in range(1, options.rounds + 1):
            print(f"round {number}" + (", nothing prepared" if number == 1 else ""))
            for name, value in one_round(Path(folder) / "workspace", pictures.absolute(), number).items():
                print(f"  {name}: {value:.3f}")


if __name__ == "__main__":
    main()
