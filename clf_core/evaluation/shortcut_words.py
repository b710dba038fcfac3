"""The shortcut check in words. Names of classes are written as they are: whoever shows them escapes them."""

from clf_core.results.shortcut import ShortcutReport, View, ViewScore

_FEW = 200
"""With fewer pictures, counts say more than percentages."""

_NAMES = 3


def headline(report: ShortcutReport) -> str:
    """The finding in one sentence, with the figure it rests on."""
    if report.verdict == "none":
        return f"No sign that it answers by the background: {_hidden(report, 'border')}"
    if report.verdict == "shortcut":
        return f"The background alone keeps most of the accuracy: {_hidden(report, 'border')}"
    if report.keeps_most("border"):
        return f"What surrounds the thing may be enough for it: {_hidden(report, 'border')}"
    if report.keeps_most("rest"):
        return f"It can do without the place the heatmap marks: {_hidden(report, 'rest')}"
    names = _listed([row.name for row in report.classes if row.background])
    return f"The background alone may be enough for {names}"


def sentences(report: ShortcutReport) -> tuple[str, ...]:
    """What the finding rests on, and what to do about it."""
    told = [_basis(report)]
    accused = report.verdict in ("shortcut", "partly")
    if accused and report.at_border is not None and report.at_border >= report.border_area:
        told.append(
            f"{_percent(report.at_border)} of what the heatmaps mark lies at the border, "
            f"which is {_percent(report.border_area)} of the picture."
        )
    if accused and report.keeps_most("blurred"):
        told.append(f"Even with all of the picture blurred, {_share(report, 'blurred')} are right: rough colours do.")
    if accused:
        told.append(_advice(report))
    told += _cautions(report)
    return tuple(told)


def too_few(pictures: int, groups: int, needed: int) -> str:
    """Why nothing is said of a handful of pictures."""
    copies = f", near copies counted once {groups:,}" if groups < pictures else ""
    noun = "picture" if pictures == 1 else "pictures"
    return f"There are {pictures:,} validation {noun}{copies}; {needed} are needed to say anything."


def hardly_better(whole: ViewScore) -> str:
    """Why nothing is said of a model that knows nothing."""
    return f"With whole pictures it is right in {_counted(whole)}, hardly more than by guessing."


def _hidden(report: ShortcutReport, view: View) -> str:
    """'with the middle of the pictures blurred away, 34 of 36 are still right, of 36 with whole pictures'."""
    whole, score = _known(report, "whole"), _known(report, view)
    place = "the middle of the pictures" if view == "border" else "the place it marks"
    still = "still right" if report.verdict != "none" else "right"
    if score.n != whole.n:
        return f"with {place} blurred away, {_counted(score)} are {still}"
    return f"with {place} blurred away, {_counted(score)} are {still}; with whole pictures, {_counted(whole)}"


def _basis(report: ShortcutReport) -> str:
    other: View = "border" if report.keeps_most("rest") and not report.keeps_most("border") else "rest"
    guessing = f"Guessing would be right in {_percent(report.chance)}."
    if report.view(other) is None:
        return f"There are no heatmaps to compare with, so only the middle and the border were. {guessing}"
    blurred_away = "the middle" if other == "border" else "the place the heatmap marks"
    return f"With {blurred_away} blurred away, {_share(report, other)} are right. {guessing}"


def _advice(report: ShortcutReport) -> str:
    names = [row.name for row in report.classes if row.background]
    above_all = f", above all of {_listed(names)}" if names and len(names) < len(report.classes) else ""
    return (
        f"On another background it may well be wrong. Add pictures{above_all} on many backgrounds, the same ones for "
        "every class, and train again. Where a class is something that fills the picture, such as a texture or a "
        "scene, all is well."
    )


def _cautions(report: ShortcutReport) -> list[str]:
    told = []
    if report.learned:
        told.append(
            "It may have learned from these pictures as well, and then each figure is higher than with new ones; what "
            "counts is how they compare."
        )
    if report.n < report.total:
        told.append(f"Looked at: {report.n:,} of {report.total:,} validation pictures, some of each class.")
    return told


def _share(report: ShortcutReport, view: View) -> str:
    return _counted(_known(report, view))


def _counted(score: ViewScore) -> str:
    if score.n < _FEW:
        return f"{score.right:,} of {score.n:,}"
    return _percent(score.right / score.n)


def _percent(share: float) -> str:
    return f"{share * 100:.0f} %"


def _known(report: ShortcutReport, view: View) -> ViewScore:
    score = report.view(view)
    if score is None:
        raise ValueError(f"no picture was seen as '{view}'")
    return score


def _listed(names: list[str]) -> str:
    shown = [f"'{name}'" for name in names[:_NAMES]]
    more = len(names) - len(shown)
    if more:
        shown.append(f"{more:,} other class" + ("es" if more > 1 else ""))
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
