"""The commands about a finished run: evaluate, predict and explain."""

import argparse
import io
import os
from pathlib import Path

from clf_core import files
from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.words import counted
from clf_core.errors import InputError
from clf_core.results import Explanation

_OVERLAY_OPACITY = 0.5


def evaluate(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """evaluate RUN"""
    report = workbench.evaluation.report(options.run)
    for sentence in (report.verdict, *report.cautions):
        console.say(sentence)
    for score in report.class_scores:
        figures = (("precision", score.precision), ("recall", score.recall), ("F1", score.f1))
        known = ", ".join(f"{name} {value:.3f}" for name, value in figures if value is not None)
        console.say(f"  {score.name}: {counted(score.support, 'picture')}" + (f", {known}" if known else ""))
    console.result(report.model_dump(mode="json"))


def predict(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """predict RUN SOURCE --out FILE.csv"""
    check_output(options.out)
    with console.bar() as bar:
        report = workbench.prediction.predict_path(
            options.run, options.source, progress=lambda done, total: bar.show("Predicting", done, total)
        )
    files.write_bytes(options.out, workbench.prediction.csv(report))
    console.say(
        f"{counted(report.predicted, 'picture')} predicted, {counted(report.skipped_count, 'file')} skipped, "
        f"{report.images_per_second:.0f} a second: {options.out}"
    )
    console.result({**report.model_dump(mode="json", exclude={"rows"}), "out": str(options.out)})


def explain(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """explain RUN PICTURE --out FILE.png [--method gradcam] [--class NAME]"""
    check_output(options.out)
    explanation = workbench.explanation.explain_path(
        options.run, options.picture, target=options.target, method=options.method
    )
    write_overlay(workbench, explanation, options.out)
    console.say(f"{explanation.label}, {explanation.probability:.0%} sure.")
    say_explanation(explanation, options.out, console)
    console.result(
        {
            "label": explanation.label,
            "probability": explanation.probability,
            "target": explanation.target,
            "target_probability": explanation.target_probability,
            "method": explanation.method,
            "layer": explanation.layer,
            "empty": explanation.empty,
            "out": str(options.out),
        }
    )


def say_explanation(explanation: Explanation, path: Path, console: Console) -> None:
    """Say what the picture at ``path`` shows."""
    if explanation.empty:
        console.say(f"Nothing in the picture speaks for '{explanation.target}'.")
    else:
        console.say(f"What speaks for '{explanation.target}' is bright in {path}.")


def check_output(path: Path) -> None:
    """Refuse an output file that cannot be written, before the work is done.

    Raises:
        InputError: it is a folder, or the folder it should go into does not exist or may not be written.
    """
    try:
        if path.is_dir():
            raise InputError(f"'{path}' is a folder", remedy="Give --out the name of a file")
        if not path.parent.is_dir():
            raise InputError(f"There is no folder '{path.parent}' to write into", remedy="Make it first")
        writable = os.access(path.parent, os.W_OK | os.X_OK)
    except OSError as error:  # a name that is too long, or a folder that may not be entered
        raise InputError(f"'{path}' cannot be written", why=error.strerror or str(error)) from error
    if not writable:
        raise InputError(
            f"The folder '{path.parent}' may not be written into", remedy="Give --out a place in another folder"
        )


def write_overlay(workbench: Workbench, explanation: Explanation, path: Path) -> None:
    """Write the picture with its heatmap as PNG.

    Raises:
        StorageError: the disk refused.
    """
    from PIL import Image

    picture = io.BytesIO()
    Image.fromarray(workbench.explanation.overlay(explanation, _OVERLAY_OPACITY)).save(picture, "PNG")
    files.write_bytes(path, picture.getvalue())
