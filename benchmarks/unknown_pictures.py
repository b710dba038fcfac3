"""How many pictures of something else a classifier refuses, and how many known ones it still answers.

    python benchmarks/unknown_pictures.py [PICTURES.zip ...] [--preset quick] [--epochs N]

Trains a classifier on each of the built-in samples 'digits' and 'shapes', and on each archive of class folders given;
works out what tells a picture of something else; then shows each its own test pictures and the pictures of every other
set (500 at most), at the recommended operating point. Nothing is set up with the foreign pictures. Aim: at least 90 %
of the foreign pictures refused ('looks like none of these' or 'not sure') while at least 90 % of the known ones are
answered.

Beside them stands how well each score alone separates known from foreign pictures (area under the ROC): the distance
that is used, and the largest probability, by which a classifier without it would have to tell.
"""

import argparse
import itertools
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # so that it runs as a script, from any folder

from clf_core.api import Workbench, open_workbench
from clf_core.config import ImportLimits, TrainConfig
from clf_core.data.loading import input_from_bytes
from clf_core.evaluation.unknown import separation
from clf_core.jobs.feature_part import Features
from clf_core.jobs.unknown_part import Unknown
from clf_core.prediction.judging import Judge
from clf_core.prediction.loaded_model import LoadedModel
from clf_core.settings import Settings
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory
from clf_core.workspace.starting import model_of

SAMPLES = ("digits", "shapes")
MOST_FOREIGN = 500
LIMITS = ImportLimits()


@dataclass(frozen=True)
class Trained:
    """A classifier, and the pictures it was trained and tested with.

    Attributes:
        name: of the dataset.
        model: loaded.
        judge: decides what is said, as on the Predict page.
        test, all_of_it: keys of pictures in the store.
    """

    name: str
    model: LoadedModel
    judge: Judge
    test: list[str]
    all_of_it: list[str]


@dataclass(frozen=True)
class Shown:
    """What a classifier says of some pictures.

    Attributes:
        answered, unsure, unknown: shares of them.
        distance, doubt: [N] float64 scores, larger for stranger pictures.
    """

    answered: float
    unsure: float
    unknown: float
    distance: NDArray[np.float64]
    doubt: NDArray[np.float64]


def main() -> None:
    """Train, show and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("archives", type=Path, nargs="*", help="more sets, as archives of class folders")
    parser.add_argument("--preset", default="quick", help="how the classifiers are trained (default: quick)")
    parser.add_argument("--epochs", type=int, help="for presets that learn in epochs")
    options = parser.parse_args()
    config = TrainConfig.model_validate(
        {"preset": options.preset} | ({"epochs": options.epochs} if options.epochs else {})
    )
    with tempfile.TemporaryDirectory() as folder:
        bench = open_workbench(Settings(workspace=Path(folder), background=False))
        sets = [bench.imports.sample(key).dataset_id for key in SAMPLES]
        sets += [bench.imports.path(path, path.stem).dataset_id for path in options.archives]
        workspace = Workspace(Path(folder))
        trained = [train(bench, workspace, dataset, config) for dataset in sets]
        print(f"preset {options.preset}, recommended operating point")
        for ours, other in itertools.permutations(trained, 2):
            report(workspace, ours, other)


def train(bench: Workbench, workspace: Workspace, dataset: str, config: TrainConfig) -> Trained:
    """Train a classifier and work out what tells a picture of something else."""
    done = bench.runs.wait(bench.runs.start(dataset, config).id)
    run: RunDirectory = workspace.runs.find(done.id)
    model = model_of(workspace, run, LIMITS)
    for part in (Features(), Unknown()):
        part.make(run, workspace, model, lambda _done, _total: None)
    manifest = workspace.datasets.manifest(run.record.dataset_id, run.record.version)
    judge = bench.doubt.judge(done.id)
    if judge is None or judge.references is None:
        raise SystemExit(f"{dataset} has too few validation pictures")
    keys = list(dict.fromkeys(manifest.column("sha256")))
    return Trained(bench.datasets.get(dataset).name, model, judge, list(manifest.select("test").sha256), keys)


def report(workspace: Workspace, ours: Trained, other: Trained) -> None:
    """Show a classifier its own test pictures and those of another set."""
    few = np.random.default_rng(0).permutation(len(other.all_of_it))[:MOST_FOREIGN]
    known = show(workspace, ours, ours.test)
    foreign = show(workspace, ours, [other.all_of_it[place] for place in few.tolist()])
    print(f"{ours.name}: {len(ours.test)} known pictures, then {len(few)} of {other.name}")
    print(f"  known answered   {known.answered:6.1%}   (not sure {known.unsure:.1%}, unknown {known.unknown:.1%})")
    refused = foreign.unsure + foreign.unknown
    print(f"  foreign refused  {refused:6.1%}   (not sure {foreign.unsure:.1%}, unknown {foreign.unknown:.1%})")
    by_distance = separation(known.distance, foreign.distance)
    print(f"  separation by distance {by_distance:.3f}, by probability {separation(known.doubt, foreign.doubt):.3f}")


def show(workspace: Workspace, trained: Trained, keys: list[str]) -> Shown:
    """Ask a classifier about stored pictures."""
    predictor, judge = trained.model.predictor, trained.judge
    pictures = [input_from_bytes(workspace.pictures.read(key), predictor.spec.preprocessing, LIMITS) for key in keys]
    features = np.stack(list(trained.model.runtime.stream(pictures)))
    probabilities = trained.model.classifier.probabilities(features)
    verdicts = [judgement.verdict for judgement in judge.judge(features, probabilities)]
    assert judge.references is not None
    return Shown(
        answered=verdicts.count("answer") / len(keys),
        unsure=verdicts.count("unsure") / len(keys),
        unknown=verdicts.count("unknown") / len(keys),
        distance=judge.references.distances(features),
        doubt=1.0 - probabilities.max(axis=1).astype(np.float64),
    )


if __name__ == "__main__":
    main()
