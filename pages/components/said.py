"""What a classifier says of a picture, in words: an answer, one of a few, or none of its classes."""

from clf_core.api import STARTER
from clf_core.results import Prediction, PredictionRow
from pages.components.escaping import plain
from pages.components.words import percent

_NAME = 24
"""Letters of a name where several stand in one line."""


def headline(prediction: Prediction) -> str:
    """Return the answer itself, plain text: 'bee', 'Not sure: bee or ant', or 'Looks like none of these'."""
    if prediction.verdict == "unknown":
        return "Looks like none of these"
    if prediction.verdict == "unsure":
        return f"Not sure: {one_of(prediction.candidates)}"
    return prediction.label


def explanation(prediction: Prediction, model: str) -> str:
    """Return the sentence under it, plain text."""
    name, sure = plain(prediction.label, 60), percent(prediction.probability)
    if prediction.verdict == "unknown":
        return (
            "It is unlike every picture this classifier learned from, so none of its classes is given. "
            f"If it must be one of them: {name}."
        )
    if prediction.verdict == "unsure" and prediction.answers_from is not None:
        return f"At most {sure} for one class; this classifier answers from {percent(prediction.answers_from)} on."
    if prediction.verdict == "unsure":
        return f"The best answer would be {name} ({sure}), but a mistake would cost too much."
    if prediction.judged and prediction.top and prediction.label != prediction.top[0].name:
        likelier = plain(prediction.top[0].name, 60)
        return f"{sure} {_among(model)}. {likelier} is likelier, but wrongly saying that costs more."
    return f"{_how_sure(prediction)}: {sure} {_among(model)}"


def row_words(row: PredictionRow) -> str:
    """Return what a table says of one picture, plain text; empty for a file that could not be read."""
    if row.status != "ok":
        return ""
    if row.verdict == "unknown":
        return "None of these"
    if row.verdict == "unsure":
        return f"Not sure: {one_of(row.candidates)}"
    return plain(row.label)


def one_of(names: tuple[str, ...]) -> str:
    """Return 'bee or ant', or 'bee, ant or wasp'."""
    shown = [plain(name, _NAME) for name in names]
    return " or ".join([part for part in (", ".join(shown[:-1]), *shown[-1:]) if part])


def _how_sure(prediction: Prediction) -> str:
    if prediction.probability >= 0.9:
        return "Sure"
    return "Fairly sure" if prediction.judged or prediction.probability >= 0.6 else "Not sure"


def _among(model: str) -> str:
    return "among 1,000 everyday things" if model == STARTER else "among the classes it learned"
