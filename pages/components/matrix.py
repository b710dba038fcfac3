"""The confusion matrix as a grid of buttons, for the mouse, the keyboard and the screen reader alike."""

import hashlib
from typing import Any, Literal

import streamlit as st

from clf_core.results.confusion import ConfusionBlock
from pages.components.escaping import plain
from pages.components.web_part import nothing, web_part

Shares = Literal["count", "row", "column"]
"""What stands in a cell: pictures, percent of the true class, or percent of all that was called so."""

_matrix = web_part("matrix", '<div class="part matrix"></div>')

_MEANING: dict[Shares, str] = {
    "count": "Each cell: test pictures. Darker: a larger share of the row.",
    "row": "Each cell: percent of the true class, so rows add up to 100 and the diagonal is the recall.",
    "column": "Each cell: percent of what was called so, so columns add up to 100 and the diagonal is the precision.",
}


def confusion_matrix(block: ConfusionBlock, selected: tuple[int, int], shares: Shares, *, key: str) -> tuple[int, int]:
    """Draw the matrix and return the row and column of the cell that is selected.

    Args:
        block: what to draw.
        selected: row and column that are selected until a person chooses.
        shares: what stands in a cell.
        key: unique on the page; the choice is kept for as long as the same classes are shown.
    """
    shown = hashlib.sha256("\0".join(block.classes).encode("utf-8", "surrogatepass")).hexdigest()[:12]
    name, size = f"{key}_{shown}", len(block.classes)
    before = _cell((st.session_state.get(name) or {}).get("cell"), size) or selected
    drawn = _matrix(data=matrix_data(block, before, shares), key=name, on_cell_change=nothing)
    return _cell(drawn.cell, size) or before


def _cell(told: object, size: int) -> tuple[int, int] | None:
    """What a browser told, if it is a cell of the matrix."""
    if isinstance(told, list) and len(told) == 2 and all(isinstance(i, int) and 0 <= i < size for i in told):
        return told[0], told[1]
    return None


def matrix_data(block: ConfusionBlock, selected: tuple[int, int], shares: Shares) -> dict[str, Any]:
    """Return what the web part is given."""
    others = block.known - len(block.classes)
    return {
        "classes": [plain(name, 60) for name in block.classes],
        "counts": block.counts,
        "trueTotals": block.true_totals,
        "saidTotals": block.said_totals,
        "others": f"{others:,} more" if others else "",
        "shares": shares,
        "selected": selected,
        "label": "Confusion matrix: rows are the true class, columns what the model said",
        "key": f"{_MEANING[shares]} Blue: recognised. Orange: taken for another class. Choose a cell to see its "
        "pictures; arrow keys move, Enter selects.",
    }
