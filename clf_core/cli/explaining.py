"""The command ``explain``: where a model looked in pictures, why it says one class and not another, and how far to
trust that."""

import argparse
import io
from pathlib import Path
from typing import TYPE_CHECKING, Any

from clf_core import files
from clf_core.api import Workbench
from clf_core.cli.console import Console
from clf_core.cli.models import check_output
from clf_core.cli.typed import Parser, Tasks, path
from clf_core.cli.words import counted
from clf_core.config import HeatmapConfig
from clf_core.errors import InputError
from clf_core.results import Explanation

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_OVERLAY_OPACITY = 0.5
_RUNNER_UP = ""
"""What ``--against`` means without a name."""


def add_explain(tasks: Tasks, shared: Parser) -> None:
    """Add the command to what can be typed."""
    explain_ = tasks.add_parser("explain", parents=[shared], help="where a model looked in a picture")
    explain_.add_argument("run", metavar="RUN", help="a run, or 'starter' for the pretrained model")
    explain_.add_argument("pictures", metavar="PICTURE", type=path, nargs="+")
    explain_.add_argument(
        "--out",
        required=True,
        type=path,
        metavar="FILE.png",
        help="where to write the picture; for several pictures, a folder for 0001.png, 0002.png and so on",
    )
    explain_.add_argument("--method", default="gradcam", help="how the heatmap is made (default: gradcam)")
    explain_.add_argument("--class", dest="target", metavar="NAME", help="class to explain (default: the answer)")
    explain_.add_argument(
        "--layer", default="", help="where evidence is read (default: the deepest layer; a wrong name lists them)"
    )
    explain_.add_argument(
        "--smooth", default="none", help="none, augment (over changed copies), eigen (main pattern) or both"
    )
    explain_.add_argument(
        "--against",
        metavar="NAME",
        nargs="?",
        const=_RUNNER_UP,
        help="why not this class (default: the runner-up): draws both maps and their difference side by side",
    )
    explain_.add_argument("--trust", action="store_true", help="say how far the heatmap can be trusted, too")
    explain_.set_defaults(command=explain)


def explain(options: argparse.Namespace, workbench: Workbench, console: Console) -> None:
    """explain RUN PICTURE... --out FILE.png [--method gradcam] [--class NAME] [--layer NAME] [--smooth none]
    [--against [NAME]] [--trust]"""
    several = len(options.pictures) > 1
    if several and not options.out.is_dir():
        raise InputError(f"'{options.out}' is no folder to write several pictures into", remedy="Make it first")
    outs = [options.out]
    if several:
        outs = [options.out / f"{number:04}.png" for number, _ in enumerate(options.pictures, start=1)]
    for out in outs:
        check_output(out)
    draw = _one_class if options.against is None else _two_classes
    told = [
        draw(options, workbench, console, picture, out) for picture, out in zip(options.pictures, outs, strict=True)
    ]
    if several:
        console.say(f"{counted(len(told), 'picture')} written into {options.out}.")
    console.result({"pictures": told} if several else told[0])


def say_explanation(explanation: Explanation, out: Path, console: Console) -> None:
    """Say what the picture at ``out`` shows."""
    if explanation.empty:
        console.say(f"Nothing in the picture speaks for '{explanation.target}'.")
    else:
        console.say(f"What speaks for '{explanation.target}' is bright in {out}.")


def write_overlay(workbench: Workbench, explanation: Explanation, out: Path) -> None:
    """Write the picture with its heatmap as PNG.

    Raises:
        StorageError: the disk refused.
    """
    _write(workbench.explanation.overlay(explanation, _OVERLAY_OPACITY), out)


def _one_class(
    options: argparse.Namespace, workbench: Workbench, console: Console, picture: Path, out: Path
) -> dict[str, Any]:
    explanation = workbench.explanation.explain_path(
        options.run,
        picture,
        target=options.target,
        look=_look(options),
    )
    write_overlay(workbench, explanation, out)
    console.say(f"{explanation.label}, {explanation.probability:.0%} sure.")
    say_explanation(explanation, out, console)
    told = {
        "label": explanation.label,
        "probability": explanation.probability,
        "target": explanation.target,
        "target_probability": explanation.target_probability,
        "method": explanation.method,
        "layer": explanation.layer,
        "smooth": explanation.smooth,
        "empty": explanation.empty,
        "out": str(out),
    }
    return told | _trust(options, workbench, console, picture, explanation.target)


def _two_classes(
    options: argparse.Namespace, workbench: Workbench, console: Console, picture: Path, out: Path
) -> dict[str, Any]:
    import numpy as np

    bench = workbench.explanation
    contrast = bench.contrast(
        options.run,
        bench.read(picture),
        options.target,
        options.against or None,
        name=picture.name,
        look=_look(options),
    )
    panels = [
        bench.overlay_map(contrast.picture, contrast.first_heatmap, _OVERLAY_OPACITY),
        bench.overlay_map(contrast.picture, contrast.second_heatmap, _OVERLAY_OPACITY),
        bench.overlay_difference(contrast, _OVERLAY_OPACITY),
    ]
    _write(np.concatenate(panels, axis=1), out)
    console.say(
        f"'{contrast.first}' {contrast.first_probability:.0%}, '{contrast.second}' {contrast.second_probability:.0%}."
    )
    console.say(contrast.words)
    console.say(f"{out} shows, from the left, what speaks for either, and their difference, orange for the first.")
    told = {
        "label": contrast.label,
        "first": contrast.first,
        "second": contrast.second,
        "first_probability": contrast.first_probability,
        "second_probability": contrast.second_probability,
        "method": contrast.method,
        "layer": contrast.layer,
        "words": contrast.words,
        "out": str(out),
    }
    return told | _trust(options, workbench, console, picture, contrast.first)


def _trust(
    options: argparse.Namespace, workbench: Workbench, console: Console, picture: Path, target: str
) -> dict[str, Any]:
    """What ``--trust`` asks for; nothing without it."""
    if not options.trust:
        return {}
    trust = workbench.explanation.trust(
        options.run,
        workbench.explanation.read(picture),
        name=picture.name,
        target=target,
        look=_look(options),
    )
    console.say(trust.words)
    return {"trust": trust.model_dump(mode="json")}


def _look(options: argparse.Namespace) -> HeatmapConfig:
    return HeatmapConfig(method=options.method, layer=options.layer, smooth=options.smooth)


def _write(pixels: "NDArray[np.uint8]", out: Path) -> None:
    from PIL import Image

    picture = io.BytesIO()
    Image.fromarray(pixels).save(picture, "PNG")
    files.write_bytes(out, picture.getvalue())
