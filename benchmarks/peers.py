"""Seconds and accuracy beside fastai and vyntri: the same pictures, weights and split, in the same run.

    python benchmarks/peers.py PICTURES.zip --preset quick --epochs 4 [--seeds 3]

The peers live in an environment of their own, made on the first use (about 1.5 GB of downloads). Times are of whole
processes, from start to the finished figure on the test split, the pictures lying ready: for the peers in folders, for
the studio in its workspace. What bringing them in from the zip takes the studio (checking, storing, near copies,
dividing) is printed as well, and so is the factor with it; unpacking and dividing for the peers is not counted.
Byte code of the studio is written first, as pip wrote the peers': a start that compiles changed sources, which happens
once after an update, would count against the studio alone. Each seed divides the pictures anew; with --given-test
their own test split stays. Run it on a quiet machine.
"""

import argparse
import compileall
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import zipfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
SCRIPTS = Path(__file__).parent / "peer_scripts"
PINNED = (
    "torch==2.13.0",
    "torchvision==0.28.0",
    "timm==1.0.31",
    "safetensors==0.8.0",
    "fastai==2.8.12",
    "vyntri==1.5.0",
)


@dataclass(frozen=True)
class Result:
    """One program on one division of the pictures."""

    program: str
    seconds: float
    accuracy: float
    imported: float = 0.0  # seconds to bring the pictures in beforehand


def main() -> None:
    """Print a table of medians over the seeds, and the factors between ours and theirs."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", type=Path)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--epochs", type=int, default=4, help="of fastai's fine_tune")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--environment", type=Path, default=ROOT / ".venv-peers")
    parser.add_argument("--given-test", action="store_true", help="the pictures come with a test split: keep it")
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    python = environment(options.environment)
    compileall.compile_dir(ROOT / "clf_core", quiet=1)
    results = []
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder) / "workspace"
        ours(
            workspace, options.pictures, "quick", "warming up", 0, options.given_test
        )  # prepares the network, once for a machine
        for seed in range(options.seeds):
            name = f"seed {seed}"
            results.append(ours(workspace, options.pictures, options.preset, name, seed, options.given_test))
            print(results[-1], flush=True)
            data = divided(workspace, name, Path(folder) / f"divided {seed}")
            for program, script in (("fastai", "fastai_peer.py"), ("vyntri", "vyntri_peer.py")):
                results.append(peer(program, python, SCRIPTS / script, data, weights(workspace), options.epochs, seed))
                print(results[-1], flush=True)
    report(results, f"fastai fine_tune({options.epochs})", options)


def environment(folder: Path) -> Path:
    """Return the Python of the peers' environment, made where it is missing."""
    python = folder / "bin" / "python"
    if not python.exists():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
    subprocess.run([str(python), "-m", "pip", "install", "--quiet", *PINNED], check=True)
    return python


def ours(workspace: Path, pictures: Path, preset: str, name: str, seed: int, given_test: bool) -> Result:
    """Import the pictures with the studio, then train and test, as fresh processes."""
    begun = time.perf_counter()
    _studio(workspace, "datasets", "import", pictures.absolute(), "--name", name)
    imported = time.perf_counter() - begun
    unlock = [] if given_test else ["--unlock-test"]
    _studio(
        workspace, "datasets", "split", name, "--seed", seed, *unlock
    )  # another division for each seed, not counted
    begun = time.perf_counter()
    run = _studio(workspace, "train", name, "--preset", preset, "--set", f"seed={seed}")
    return Result(f"studio, {preset}", time.perf_counter() - begun, run["metrics"]["accuracy"], imported)


def divided(workspace: Path, name: str, folder: Path) -> Path:
    """Write the studio's division as train/, val/, test/ and both/ (train and val) with a folder for each class."""
    archive = folder.with_suffix(".zip")
    _studio(workspace, "datasets", "export", name, "--split-folders", "--out", archive)
    with zipfile.ZipFile(archive) as packed:
        packed.extractall(folder)
    for split in ("train", "val"):
        if (folder / split).is_dir():
            shutil.copytree(folder / split, folder / "both", dirs_exist_ok=True)
    return folder


def weights(workspace: Path) -> Path:
    """Return the description of the pretrained network, beside which its weights lie."""
    return next((workspace / "backbones").glob("*/spec.json"))


def peer(program: str, python: Path, script: Path, data: Path, spec: Path, epochs: int, seed: int) -> Result:
    """Run one of the peers from start to end."""
    command = [str(python), str(script), str(data), str(spec), str(epochs), str(seed)]
    begun = time.perf_counter()
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    return Result(program, time.perf_counter() - begun, json.loads(done.stdout.splitlines()[-1])["accuracy"])


def report(results: list[Result], fastai: str, options: argparse.Namespace) -> None:
    """Print the table; with --plot, draw it as well."""
    medians = {}
    for program in dict.fromkeys(result.program for result in results):
        own = [result for result in results if result.program == program]
        accuracies = [result.accuracy for result in own]
        medians[program] = (statistics.median(result.seconds for result in own), statistics.mean(accuracies))
        span = f"{min(accuracies):.3f} to {max(accuracies):.3f}"
        name = fastai if program == "fastai" else program
        print(f"{name:24} {medians[program][0]:8.1f} s   accuracy {medians[program][1]:.3f} ({span})")
    own_seconds = medians[f"studio, {options.preset}"][0]
    imported = statistics.median(result.imported for result in results if result.imported)
    print(f"bringing the pictures in took the studio {imported:.1f} s")
    for program in ("fastai", "vyntri"):
        alone, whole = (medians[program][0] / seconds for seconds in (own_seconds, own_seconds + imported))
        print(f"{program} takes {alone:.1f} times as long as the studio, {whole:.1f} with bringing the pictures in")
    if options.plot is not None:
        draw(medians, options.plot, options.pictures.stem)


def draw(medians: dict[str, tuple[float, float]], path: Path, data: str) -> None:
    """Accuracy over seconds, logarithmic: further left and higher is better."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(6, 3.5), layout="constrained")
    for program, (seconds, accuracy) in medians.items():
        axes.scatter(seconds, accuracy, s=60)
        axes.annotate(f"{program}\n{seconds:.0f} s", (seconds, accuracy), xytext=(7, -4), textcoords="offset points")
    axes.set(xscale="log", xlabel="Seconds, whole process", ylabel="Accuracy on the test split", title=data)
    axes.margins(x=0.25, y=0.25)
    figure.savefig(path, metadata={"Date": None})


def _studio(workspace: Path, *arguments: object) -> dict:
    done = subprocess.run(
        [sys.executable, "-m", "clf_core", *map(str, arguments), "--json"],
        cwd=ROOT,
        env={**os.environ, "CLF_WORKSPACE": str(workspace)},
        check=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
    )
    return json.loads(done.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
