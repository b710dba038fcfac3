"""The verdict of an evaluation on one screen, for a person who decides: every figure opens to what it means."""

from typing import Any

from clf_core.results import EvaluationReport, MixUp, TestedPicture, Verdict, WeakClass
from clf_core.results.comparison import TestLooks
from pages.components.escaping import plain
from pages.components.mixups import open_cell
from pages.components.serving import thumbnail_url
from pages.components.web_part import nothing, web_part
from pages.components.words import count, interval, percent, times

_FEW = 200
"""Below so many pictures, counts stand beside percentages."""

_verdict = web_part("verdict")


def show_verdict(run_id: str, verdict: Verdict, report: EvaluationReport, looks: TestLooks) -> bool:
    """Draw it; True once a person asked for the pictures behind it, and their cell of the matrix is selected."""
    asked = _verdict(data=verdict_data(verdict, report, looks), key="verdict", on_open_change=nothing).open
    if not isinstance(asked, dict):
        return False
    if asked.get("pair") and verdict.mix_up is not None:
        open_cell(run_id, verdict.mix_up.true, verdict.mix_up.said)
        return True
    place = asked.get("weak")
    if isinstance(place, int) and 0 <= place < len(verdict.weakest):
        name = verdict.weakest[place].name
        open_cell(run_id, name, taken_for(report, name))
        return True
    return False


def taken_for(report: EvaluationReport, name: str) -> str:
    """Return the class that pictures of ``name`` are most often taken for; itself where all were found."""
    row = report.classes.index(name)
    wrong = [0 if column == row else number for column, number in enumerate(report.confusion_matrix[row])]
    most = max(wrong)
    return report.classes[wrong.index(most)] if most else name


def verdict_data(verdict: Verdict, report: EvaluationReport, looks: TestLooks) -> dict[str, Any]:
    """Return what the web part is given."""
    expected = interval(report.accuracy_low, report.accuracy_high)
    right = percent(report.accuracy, 1)
    return {
        "said": plain(verdict.accuracy, 400),
        "note": plain(" ".join([verdict.baseline, *verdict.cautions]), 900),
        "value": report.accuracy,
        "low": report.accuracy_low,
        "high": report.accuracy_high,
        "baseline": report.baseline,
        "words": f"Accuracy {right}, 95 % interval {expected}",
        "legend": f"Dot: {right} right in this test. Band: what to expect on new pictures (95 % interval, {expected}). "
        f"Grey line: {percent(report.baseline)}, by always naming the most frequent class.",
        "facts": _facts(verdict, report, looks),
        "weak": _weak(verdict),
        "pair": None if verdict.mix_up is None else _pair(verdict.mix_up, verdict.explained.get("mix_up", "")),
    }


def _facts(verdict: Verdict, report: EvaluationReport, looks: TestLooks) -> list[dict[str, str]]:
    right = f"{report.correct:,} of {report.n:,}" if report.n < _FEW else percent(report.accuracy, 1)
    facts = [
        (right, "right in this test", verdict.explained.get("accuracy", "")),
        (
            interval(report.accuracy_low, report.accuracy_high),
            "to expect on new pictures",
            verdict.explained.get("interval", ""),
        ),
        (percent(report.baseline), "by always naming one class", verdict.explained.get("baseline", "")),
        (count(max(looks.looks, report.looks), "look"), "at these test pictures so far", _looks_words(report, looks)),
    ]
    return [{"figure": figure, "label": label, "why": plain(why, 600)} for figure, label, why in facts]


def _looks_words(report: EvaluationReport, looks: TestLooks) -> str:
    whose = f"{times(report.looks)} of this run"
    if looks.runs > 1:
        whose += f" and {times(looks.looks)} of all {looks.runs:,} runs"
    return (
        f"How often results on these test pictures were asked for, {whose}: the more often one chooses by the same "
        "pictures, the more their figures flatter what was chosen."
    )


def _weak(verdict: Verdict) -> dict[str, Any] | None:
    if not verdict.weakest:
        return None
    title = "The class it finds least often" if len(verdict.weakest) == 1 else "The classes it finds least often"
    rows = [_weak_row(weak) for weak in verdict.weakest]
    return {"title": title, "why": plain(verdict.explained.get("weakest", ""), 600), "rows": rows}


def _weak_row(weak: WeakClass) -> dict[str, Any]:
    expected = interval(weak.low, weak.high)
    return {
        "name": plain(weak.name, 60),
        "text": f"{weak.found:,} of {weak.support:,} found, expect {expected}",
        "value": weak.recall,
        "low": weak.low,
        "high": weak.high,
        "words": plain(weak.words, 300),
    }


def _pair(mix_up: MixUp, why: str) -> dict[str, Any]:
    pictures = []
    if mix_up.mistaken is not None:
        pictures.append(_picture(mix_up.mistaken, f"{mix_up.true}, taken for {mix_up.said}"))
    if mix_up.beside is not None:
        pictures.append(_picture(mix_up.beside, f"{mix_up.said}, to compare with"))
    return {
        "title": plain(mix_up.words, 300),
        "why": plain(why, 600),
        "pictures": pictures,
        "more": "See the picture" if mix_up.count == 1 else f"See all {mix_up.count:,}",
    }


def _picture(tested: TestedPicture, what: str) -> dict[str, str]:
    wrong = tested.true != tested.predicted
    said = f"taken for {tested.predicted}" if wrong else "recognised"
    return {
        "src": thumbnail_url(tested.sha256),
        "alt": plain(f"Test picture of {what}"),
        "title": plain(tested.true, 60),
        "note": plain(f"{said}, {percent(tested.probability)} sure", 120),
    }
