"""Small web parts (Streamlit Components v2). Texts reach the page through ``textContent`` only: names stay literal."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import streamlit as st
from numpy.typing import NDArray
from PIL import Image

from clf_core.results import ClassProbability, DatasetSummary, EvaluationReport, Explanation
from clf_core.values import SPLITS
from pages.components.escaping import plain
from pages.components.words import SPLIT_WORDS, interval, percent

_LENS_WIDTH = 520  # pixels: picture, slider and legend fit a laptop screen together
_WEB = Path(__file__).with_name("web")


def _part(name: str, html: str = "") -> Any:
    css = "".join((_WEB / f"{part}.css").read_text("utf-8") for part in ("base", name))
    script, page = _WEB / f"{name}.js", _WEB / f"{name}.html"
    return st.components.v2.component(
        f"studio_{name}", html=html or page.read_text("utf-8"), css=css, js=script.read_text("utf-8")
    )


_answer = _part("answer")
_balance = _part("balance")
_gallery = _part("gallery", '<div class="part gallery" role="group"></div>')
_labeller = _part("labeller")
_lens = _part("lens")
_matrix = _part("matrix", '<div class="part matrix"></div>')
_panel = _part("panel", '<div class="part panel" role="group"></div>')
_presets = _part("presets", '<div class="part presets" role="radiogroup"></div>')
_runboard = _part("runboard", '<div class="part runboard"></div>')
_stages = _part("stages")
_verdict = _part("verdict")


def _nothing() -> None:
    """Components v2 report an event only where a callback is given; the returned value is read instead."""


@dataclass(frozen=True)
class Tile:
    """One picture of a gallery.

    Attributes:
        id: what a click reports.
        src: address of the picture.
        alt: the picture in words.
        title, note: two lines under it.
        tone: marks the answer as right or wrong, with a sign as well as a colour.
    """

    id: str
    src: str
    alt: str
    title: str = ""
    note: str = ""
    tone: Literal["", "right", "wrong"] = ""


def answer(label: str, sure: str, probabilities: Sequence[ClassProbability], *, key: str, took: str = "") -> None:
    """Draw an answer: the class very large, how sure, the most probable classes as bars, how long it took."""
    rows = [
        {"name": plain(item.name, 80), "value": item.probability, "text": percent(item.probability, 1)}
        for item in probabilities
    ]
    words = {"label": plain(label, 80), "sure": sure, "took": took, "title": "Most probable classes"}
    _answer(data={"rows": rows, **words}, key=key)


def balance(dataset: DatasetSummary, *, key: str) -> None:
    """Draw how many pictures each class has, divided by what they are for."""
    rows = [
        {
            "name": plain(name, 80),
            "total": total,
            "parts": [dataset.class_splits[name].get(split, 0) for split in SPLITS],
        }
        for name, total in dataset.classes.items()
    ]
    legend = [f"{SPLIT_WORDS[split]}: {dataset.splits.get(split, 0):,}" for split in SPLITS]
    _balance(data={"rows": rows, "legend": legend, "label": "Pictures per class"}, key=key)


def gallery(tiles: Sequence[Tile], *, key: str, label: str, action: str = "", tile: int = 150) -> str | None:
    """Draw pictures in a grid and return the id of the one just clicked.

    Args:
        tiles: the pictures.
        key: unique on the page.
        label: name of the group for screen readers.
        action: what a click does, such as 'Explain'; empty makes the pictures plain.
        tile: least width of a picture in pixels.
    """
    items = [
        {
            "id": item.id,
            "src": item.src,
            "alt": plain(item.alt),
            "title": plain(item.title),
            "note": plain(item.note),
            "tone": item.tone,
        }
        for item in tiles
    ]
    data = {"items": items, "label": label, "action": action, "tile": tile}
    return _gallery(data=data, key=key, on_open_change=_nothing).open


def labeller(data: dict[str, Any], *, key: str, turn: Callable[[], None]) -> Any:
    """Draw a page of pictures to label; see ``pages.components.labelling`` for the data.

    Returns:
        An object with ``marks`` (what is changed and not saved yet), ``save`` (the same, to be saved now) and
        ``open`` (number of the picture to look at), each None where there is nothing; all of it comes from a browser.
        ``turn`` is called when the person asks for the next or the previous page by key.
    """
    return _labeller(
        data=data,
        key=key,
        on_marks_change=_nothing,
        on_save_change=_nothing,
        on_open_change=_nothing,
        on_turn_change=turn,
    )


def confusion_matrix(report: EvaluationReport, selected: tuple[int, int], *, key: str) -> tuple[int, int]:
    """Draw the matrix as a grid of buttons and return the selected (true, predicted) cell."""
    data = {
        "classes": [plain(name, 60) for name in report.classes],
        "counts": report.confusion_matrix,
        "selected": selected,
        "label": "Confusion matrix: rows are the true class, columns what the model said",
        "key": "Blue: recognised. Orange: taken for another class. Darker: a larger share of the row. "
        "Choose a cell to see its pictures; arrow keys move, Enter selects.",
    }
    chosen = _matrix(data=data, key=key, on_cell_change=_nothing).cell
    size = len(report.classes)
    if isinstance(chosen, list) and len(chosen) == 2 and all(isinstance(i, int) and 0 <= i < size for i in chosen):
        return chosen[0], chosen[1]
    return selected


def verdict(report: EvaluationReport) -> None:
    """Draw the headline of an evaluation with its interval to scale."""
    said, dot, note = report.verdict.partition("%. ")
    expected = interval(report.accuracy_low, report.accuracy_high)
    _verdict(
        data={
            "said": plain(said + dot.strip(), 400),
            "note": plain(" ".join([note, *report.cautions]).strip(), 600),
            "value": report.accuracy,
            "low": report.accuracy_low,
            "high": report.accuracy_high,
            "baseline": report.baseline,
            "words": f"Accuracy {percent(report.accuracy, 1)}, 95 % interval {expected}",
            "legend": f"Dot: {percent(report.accuracy, 1)} right in this test. Band: what to expect on new pictures "
            f"(95 % interval, {expected}). Grey line: {percent(report.baseline)}, by always naming the most "
            "frequent class.",
        },
        key="verdict",
    )


def lens(explanation: Explanation, heat: NDArray[np.uint8], legend: NDArray[np.uint8], *, key: str) -> None:
    """Draw a picture under its heatmap with an opacity slider that answers without asking the server.

    Args:
        explanation: what to show.
        heat: [H, W, 3] uint8, the heatmap alone in colours.
        legend: [h, w, 3] uint8, weak evidence at the left.
        key: unique on the page.
    """
    height, width = explanation.picture.shape[:2]
    _lens(
        data={
            "picture": _data_uri(explanation.picture),
            "heatmap": _data_uri(heat),
            "legend": _data_uri(legend),
            "ratio": width / height,
            "width": _LENS_WIDTH,
            "opacity": 0 if explanation.empty else 50,
            "alt": f"The picture as the model saw it; bright areas spoke for {plain(explanation.target)}",
            "low": "mattered little",
            "high": "mattered most",
        },
        key=key,
    )


def preset_cards(
    cards: Sequence[dict[str, str]], chosen: str, *, key: str, take: Callable[[], None], label: str = "Ways to train"
) -> None:
    """Draw cards of which one is chosen; see ``pages.components.presets`` for the data.

    ``take`` is called when a person chooses another; ``st.session_state[key].choose`` holds its id.
    """
    _presets(data={"cards": list(cards), "chosen": chosen, "label": label}, key=key, on_choose_change=take)


def panel(items: Sequence[dict[str, str]], *, key: str, label: str) -> None:
    """Draw pictures at fixed places with what the network says of each; see ``pages.components.watching``."""
    _panel(data={"items": list(items), "label": label}, key=key)


def stages(data: dict[str, Any], *, key: str) -> None:
    """Draw where a run stands; see ``pages.components.watching`` for the data."""
    _stages(data=data, key=key)


def runboard(runs: Sequence[dict[str, Any]], *, key: str) -> dict[str, str] | None:
    """Draw runs as rows and return {'run', 'page'} of the button just clicked."""
    return _runboard(data={"runs": list(runs)}, key=key, on_go_change=_nothing).go


def _data_uri(pixels: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="WEBP", quality=90, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
