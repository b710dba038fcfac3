"""``demo``: the whole path on a built-in sample, from pictures to an explained answer, told as it goes."""

import argparse
import tempfile
from pathlib import Path

from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.datasets import say_import
from clf_core.cli.explaining import say_explanation, write_overlay
from clf_core.cli.runs import wait_until_done
from clf_core.config import TrainConfig
from clf_core.results import TestedPicture


def demo(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """demo [--sample KEY]"""
    console.say("1. Import")
    imported = workbench.imports.sample(options.sample)
    say_import(imported, console)

    config = TrainConfig()
    expected = workbench.runs.estimate(imported.dataset_id, config)
    console.say()
    console.say(f"2. Train, about {expected:.0f} s")
    run = wait_until_done(workbench.runs.start(imported.dataset_id, config), workbench, console)
    console.say(f"'{run.name}' is done after {run.seconds:.1f} s.")

    console.say()
    console.say("3. Evaluate on pictures it has never seen")
    report = workbench.evaluation.report(run.id)
    for sentence in (report.verdict, *report.cautions):
        console.say(sentence)

    console.say()
    console.say("4. Predict one of them")
    picture = _a_test_picture(workbench, run.id, report.classes)
    answer = workbench.prediction.predict(run.id, picture.source_name, workbench.datasets.picture_bytes(picture.sha256))
    console.say(f"{answer.name} is '{picture.true}'. The model says:")
    for bar in answer.top:
        console.say(f"  {bar.probability:6.1%}  {bar.name}")
    console.say(f"It took {answer.milliseconds:.0f} ms.")

    console.say()
    console.say("5. Explain: where did it look?")
    explanation = workbench.explanation.explain_test_picture(run.id, picture.sha256)
    heatmap = Path(tempfile.mkdtemp(prefix="clf-demo-")) / "heatmap.png"
    write_overlay(workbench, explanation, heatmap)
    say_explanation(explanation, heatmap, console)
    console.say()
    console.say("'make app' shows the same in the browser.")
    console.result(
        {
            "dataset": imported.dataset,
            "run": run.name,
            "seconds": run.seconds,
            "accuracy": report.accuracy,
            "label": answer.label,
            "probability": answer.probability,
            "heatmap": str(heatmap),
        }
    )


def _a_test_picture(workbench: Workbench, run_id: str, classes: tuple[str, ...]) -> TestedPicture:
    """Return a mistake if there is one, as it is more interesting, else a picture of the first tested class."""
    pictures = workbench.evaluation.mistakes(run_id, 1)
    for name in classes:
        pictures = pictures or workbench.evaluation.cell(run_id, name, name)
    return pictures[0]
