"""The shortcut check in words. Names of classes are written as they are: whoever shows them escapes them."""

from clf_core.results.shortcut import ShortcutReport, View, ViewScore

_FEW = 200
"""With fewer pictures, counts say more than percentages."""

_NAMES = 3


def headline(report: ShortcutReport) -> str:
    """The finding in one sentence, with the figure it rests on."""
    whole = f"of whole pictures it tells {_share(report, 'whole')}"
    if report.verdict == "none":
        return f"No sign that it answers by the background: by that alone it tells {_alone(report)} right, {whole}"
    if report.verdict == "shortcut":
        return f"The background alone keeps most of the accuracy: by that it tells {_alone(report)} right, {whole}"
    if report.view("background") is None:
        return f"What surrounds the thing may be enough: by the border alone it tells {_alone(report)} right, {whole}"
    names = [row.name for row in report.classes if row.background]
    if names:
        return f"The background alone may be enough for {_listed(names)}"
    return f"The background tells it something: by that alone it tells {_alone(report)} right, {whole}"


def sentences(report: ShortcutReport) -> tuple[str, ...]:
    """What the finding rests on, and what to do about it."""
    accused = report.verdict in ("shortcut", "partly")
    told = [_basis(report)]
    if report.verdict == "shortcut" and report.at_border is not None and report.at_border >= report.border_area:
        told.append(
            f"{_percent(report.at_border)} of what the heatmaps mark lies at the border, "
            f"which is {_percent(report.border_area)} of the picture."
        )
    if accused:
        told.append(_advice(report))
    return (*told, *_cautions(report))


def too_few(pictures: int, groups: int, needed: int) -> str:
    """Why nothing is said of a handful of pictures."""
    copies = f", near copies counted once {groups:,}" if groups < pictures else ""
    noun = "picture" if pictures == 1 else "pictures"
    return f"There are {pictures:,} validation {noun}{copies}; {needed} are needed to say anything."


def hardly_better(whole: ViewScore) -> str:
    """Why nothing is said of a model that knows nothing."""
    return f"With whole pictures it is right in {_counted(whole)}, hardly more than by guessing."


def _alone(report: ShortcutReport) -> str:
    return _share(report, "border" if report.view("background") is None else "background")


def _basis(report: ShortcutReport) -> str:
    guessing = f"guessing would be right in {_percent(report.chance)}."
    if report.view("background") is None:
        return f"There are no heatmaps, so only the middle of the pictures was blurred away; {guessing}"
    return f"The middle of each picture and the place its heatmap marks were blurred away; {guessing}"


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
