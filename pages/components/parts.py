"""Small web parts (Streamlit Components v2). Texts reach the page through ``textContent`` only: names stay literal."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from clf_core.results import ClassProbability, DatasetSummary, Explanation
from clf_core.values import SPLITS
from pages.components.escaping import plain
from pages.components.web_part import nothing, web_part
from pages.components.words import SPLIT_WORDS, percent

_LENS_WIDTH = 520  # pixels: picture, slider and legend fit a laptop screen together
_answer = web_part("answer")
_balance = web_part("balance")
_gallery = web_part("gallery", '<div class="part gallery" role="group"></div>')
_labeller = web_part("labeller")
_lens = web_part("lens")
_panel = web_part("panel", '<div class="part panel" role="group"></div>')
_presets = web_part("presets", '<div class="part presets" role="radiogroup"></div>')
_runboard = web_part("runboard", '<div class="part runboard"></div>')
_stages = web_part("stages")


@dataclass(frozen=True)
class Tile:
    """One picture of a gallery.

    Attributes:
        id: what a click reports.
        src: address of the picture.
        alt: the picture in words.
        title, note: two lines under it.
        tone: marks the answer as right or wrong, with a sign as well as a colour.
        heat: address of a heatmap of the same size, shown while the picture is pointed at; empty for none.
    """

    id: str
    src: str
    alt: str
    title: str = ""
    note: str = ""
    tone: Literal["", "right", "wrong"] = ""
    heat: str = ""


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


def gallery(
    tiles: Sequence[Tile], *, key: str, label: str, action: str = "", tile: int = 150, pairs: bool = False
) -> str | None:
    """Draw pictures in a grid and return the id of the one just clicked.

    Args:
        tiles: the pictures.
        key: unique on the page.
        label: name of the group for screen readers.
        action: what a click does, such as 'Explain'; empty makes the pictures plain.
        tile: least width of a picture in pixels.
        pairs: keep the first and the second beside each other, the third and the fourth, and so on.
    """
    items = [
        {
            "id": item.id,
            "src": item.src,
            "alt": plain(item.alt),
            "title": plain(item.title),
            "note": plain(item.note),
            "tone": item.tone,
            "heat": item.heat,
        }
        for item in tiles
    ]
    data = {"items": items, "label": label, "action": action, "tile": tile, "pairs": pairs}
    return _gallery(data=data, key=key, on_open_change=nothing).open


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
        on_marks_change=nothing,
        on_save_change=nothing,
        on_open_change=nothing,
        on_turn_change=turn,
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


def runboard(
    runs: Sequence[dict[str, Any]],
    *,
    key: str,
    scale_from: float = 0.0,
    ticking: dict[str, Any] | None = None,
    tick: Callable[[], None] | None = None,
) -> dict[str, str] | None:
    """Draw runs as rows and return {'run', 'page'} of the button just clicked.

    Args:
        runs: the rows; see ``pages.components.runlist``.
        key: unique on the page.
        scale_from: share at which the lines of the results begin; said below them where it is not 0.
        ticking: which rows are ticked, where they can be; see ``pages.components.leaderboard``.
        tick: called when a person ticks one; ``st.session_state[key].tick`` holds {'run', 'on'}.
    """
    legend = f"The lines go from {percent(scale_from)} to 100 %." if scale_from else ""
    data = {"runs": list(runs), "from": scale_from, "legend": legend, "ticking": ticking}
    return _runboard(data=data, key=key, on_go_change=nothing, on_tick_change=tick or nothing).go


def _data_uri(pixels: NDArray[np.uint8]) -> str:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, format="WEBP", quality=90, method=2)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
