"""From the files of a source to classes, splits and groups: by their folders, or by tables of labels beside them.

A table (.csv or .tsv) counts if it lies beside the pictures' folders, or in a folder named after a split, and
names files of the source: by their path, or by their name where that is unique, with or without the ending. Where
a table gives classes, folders do not; where it gives splits or groups only, the classes are still the folders.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from clf_core.importing.entries import SourceFile, shortened
from clf_core.importing.layout import NO_CLASS, OUTSIDE_SPLITS, Layout, Placed, name_parts, read_names, split_of
from clf_core.importing.tables import TableRow, Told, nfc, read_tables
from clf_core.results import SkippedFile


def place_files(files: Sequence[SourceFile], *, max_depth: int, label: str = "") -> Layout:
    """Give every file its class, split and group, or the reason why it has none.

    Args:
        files: what the source lists; names are hostile text.
        max_depth: most nested folders.
        label: class of pictures that have none otherwise; empty leaves them out with a reason.
    """
    names = [_name_to_place(file) for file in files]
    reading = read_names(names, max_depth=max_depth)
    pictures = [place.index for place in reading.placed]
    loose = {index for index, reason in reading.reasons.items() if reason in (NO_CLASS, OUTSIDE_SPLITS)}
    classes_known = len({place.label for place in reading.placed}) > 1
    told = read_tables(files, names, [*pictures, *loose], reading.ignored, classes_known=classes_known)
    places = {place.index: place for place in reading.placed}
    reasons = dict(reading.reasons)
    for index in sorted([*places, *loose]):
        placed = _place(index, files[index], names[index], places.get(index), told, label)
        if isinstance(placed, str):
            places.pop(index, None)
            reasons[index] = placed or reasons[index]
        else:
            places[index] = placed
            reasons.pop(index, None)
    tables = set(told.tables)
    skipped = [
        SkippedFile(name=files[index].name, reason=reasons[index])
        for index in sorted(reasons)
        if files[index].name not in tables
    ]
    placed_all = tuple(_with_folder_splits(places, names, told) if told.labels else places.values())
    placed_all = tuple(sorted(placed_all, key=lambda place: place.index))
    by_folders = not told.labels and not all(file.label for file in files)
    notices = (*(reading.notices if by_folders else ()), *told.notices, *_single_videos(placed_all, files))
    return Layout(placed_all, (*skipped, *told.skipped), len(reading.ignored), notices, tuple(told.tables))


def _name_to_place(file: SourceFile) -> str:
    """A frame stands where its video does: the video is no class folder."""
    if not file.video:
        return file.name
    return "/".join([*file.video.split("/")[:-1], file.name.rpartition("/")[2]])


def _place(index: int, file: SourceFile, name: str, folder: Placed | None, told: Told, label: str) -> Placed | str:
    """The place of one file, or why it has none: words, or an empty string for the reason it has already."""
    group = file.group or file.video
    if file.label:
        return Placed(index, nfc(file.label), file.split, group)
    rows = told.rows.get(index, [])
    if reason := _contradiction(rows):
        return reason
    split = next((row.split for row in rows if row.split), None)
    group = next((row.group for row in rows if row.group), group)
    if not told.labels:
        if folder is not None:
            return replace(folder, split=split or folder.split, group=group)
        return Placed(index, nfc(label), split or split_of(name_parts(name)[:-1]), group) if label else ""
    found = next((row.label for row in rows if row.label), "")
    if found or label:
        return Placed(index, nfc(found or label), split, group)
    why = next((row for row in rows if row.no_label), None)
    if why is not None:
        return f"The table '{shortened(why.table)}' {why.no_label}"
    return "The table of labels has no row for it" if len(told.tables) == 1 else "No table of labels has a row for it"


def _contradiction(rows: Sequence[TableRow]) -> str:
    """Why a file that stands in several rows cannot be used, or an empty string."""
    if left_out := next((row.left_out for row in rows if row.left_out), ""):
        return f"Left out by the table: {shortened(left_out, 200)}"
    for what, values in (
        ("class", {nfc(row.label) for row in rows if row.label}),
        ("split", {row.split for row in rows if row.split}),
        ("group", {row.group for row in rows if row.group}),
    ):
        if len(values) > 1:
            first, second = (f"'{shortened(str(value))}'" for value in sorted(map(str, values))[:2])
            return f"The table of labels gives it more than one {what}: {first} and {second}"
    return ""


def _with_folder_splits(places: dict[int, Placed], names: Sequence[str], told: Told) -> Iterable[Placed]:
    """Where a table gives classes alone and every picture lies below a split folder, the folders give the splits."""
    if told.splits:
        return places.values()
    splits = {index: split_of(name_parts(names[index])[:-1]) for index in places}
    if None in splits.values() or "train" not in splits.values():
        return places.values()
    return [place if place.split else replace(place, split=splits[place.index]) for place in places.values()]


def _single_videos(placed: Sequence[Placed], files: Sequence[SourceFile]) -> list[str]:
    """Say which classes cannot be tested because their frames come from one video."""
    sources: dict[str, set[str]] = {}
    for place in placed:
        sources.setdefault(place.label, set()).add(files[place.index].video)
    single = sorted(label for label, videos in sources.items() if len(videos) == 1 and "" not in videos)
    if not single:
        return []
    named = ", ".join(f"'{shortened(label)}'" for label in single[:5])
    classes = "The class" if len(single) == 1 else "The classes"
    verb = "comes" if len(single) == 1 else "come"
    return [
        f"{classes} {named} {verb} from a single video. Frames of one video look alike and stay in one split: "
        "give at least three videos per class, so that some can be kept for testing."
    ]
