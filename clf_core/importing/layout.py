"""From names to classes and splits: pure text, nothing is read and no name becomes a path.

Understood layouts, each inside any number of wrapper folders::

    class/picture            class/.../picture
    split/class/picture      class/split/picture

where split is train, val or test under one of the names in ``_SPLIT_NAMES``, in any case.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass

from clf_core.importing.entries import shortened
from clf_core.importing.kinds import VIDEO_ENDINGS
from clf_core.results import SkippedFile
from clf_core.values import Split

_SPLIT_NAMES: dict[str, Split] = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}

_SYSTEM_NAMES = {"thumbs.db", "ehthumbs.db", "desktop.ini", "icon\r", "__macosx", "@eadir", "$recycle.bin"}

_ARCHIVES = {"zip", "tar", "gz", "tgz", "bz2", "xz", "7z", "rar", "zst"}
_NOT_PICTURES = {
    *("txt", "md", "rst", "csv", "tsv", "json", "jsonl", "xml", "yaml", "yml", "toml", "ini", "cfg", "log", "html"),
    *("pdf", "doc", "docx", "xls", "xlsx", "ods", "odt", "ppt", "pptx", "py", "ipynb", "sh", "js", "css", "db"),
    *("mat", "npy", "npz", "pkl", "pt", "pth", "h5", "hdf5", "parquet", "onnx", "safetensors", "sqlite"),
    *VIDEO_ENDINGS,
    *("mp3", "wav", "exe", "dll", "so", "bin", "dat"),
}

NO_CLASS = "Not inside a class folder"
OUTSIDE_SPLITS = "Outside the train, val and test folders"


@dataclass(frozen=True)
class Placed:
    """One file that may be a picture.

    Attributes:
        index: position of its name in the input.
        label: class name, Unicode NFC; literal text from outside.
        split: split named by a folder or a table, or None.
        group: what a table says it belongs with; empty where nothing is known.
    """

    index: int
    label: str
    split: Split | None
    group: str = ""


@dataclass(frozen=True)
class Layout:
    """What each name means. Every input name is placed, skipped or counted as ignored, exactly once.

    Attributes:
        placed: files to read, in input order.
        skipped: files with no place, in input order, each with its reason.
        ignored_count: files that operating systems leave behind.
        notices: sentences for the person.
        tables: names of the tables that classes, splits or groups were taken from; they count as used.
    """

    placed: tuple[Placed, ...]
    skipped: tuple[SkippedFile, ...]
    ignored_count: int
    notices: tuple[str, ...]
    tables: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Candidate:
    index: int
    folders: tuple[str, ...]


@dataclass(frozen=True)
class Reading:
    """What names alone tell: each index is placed, or has a reason, or is ignored.

    Attributes:
        placed: in input order.
        reasons: why a name has no place.
        ignored: what operating systems leave behind.
        notices: sentences for the person.
    """

    placed: tuple[Placed, ...]
    reasons: dict[int, str]
    ignored: frozenset[int]
    notices: tuple[str, ...]


def read_layout(names: Sequence[str], *, max_depth: int = 32, label: str = "") -> Layout:
    """``read_names`` as a ``Layout``."""
    reading = read_names(names, max_depth=max_depth, label=label)
    skipped = tuple(SkippedFile(name=names[index], reason=reading.reasons[index]) for index in sorted(reading.reasons))
    return Layout(reading.placed, skipped, len(reading.ignored), reading.notices)


def read_names(names: Sequence[str], *, max_depth: int = 32, label: str = "") -> Reading:
    """Find classes and splits in relative names whose parts are separated by '/'.

    Args:
        names: as a source gives them; hostile text.
        max_depth: most nested folders.
        label: class of pictures that stand in no class folder; empty leaves them out.
    """
    candidates: list[_Candidate] = []
    reasons: dict[int, str] = {}
    ignored: set[int] = set()
    for index, name in enumerate(names):
        parts = name_parts(name)
        if is_system_file(name):
            ignored.add(index)
        elif reason := _reason_to_skip(name, parts, max_depth):
            reasons[index] = reason
        else:
            candidates.append(_Candidate(index, tuple(parts[:-1])))
    placed: list[Placed] = []
    spellings: dict[str, set[str]] = {}
    for index, split, folder in _place(candidates, reasons):
        name_of_class = unicodedata.normalize("NFC", folder)
        spellings.setdefault(name_of_class, set()).add(folder)
        placed.append(Placed(index, name_of_class, split))
    if label:
        placed += _loose(candidates, reasons, unicodedata.normalize("NFC", label))
    placed.sort(key=lambda entry: entry.index)
    return Reading(tuple(placed), reasons, frozenset(ignored), tuple(_notices(spellings)))


def name_parts(name: str) -> list[str]:
    """The folders and the last part of a relative name, without empty ones and '.'."""
    return [part for part in name.split("/") if part not in ("", ".")]


def named_split(word: str) -> Split | None:
    """The split that a folder or a cell of a table names, in any case, or None."""
    return _SPLIT_NAMES.get(word.strip().lower())


def is_system_file(name: str) -> bool:
    """True for what operating systems leave behind: __MACOSX, dot files, Thumbs.db, desktop.ini."""
    parts = [part for part in name.split("/") if part not in ("", ".", "..")]
    return any(part.startswith(".") or part.lower() in _SYSTEM_NAMES for part in parts)


def reason_not_a_picture(name: str) -> str:
    """Why a file need not be read to know that it is no picture, or an empty string."""
    stem, _, ending = name.rpartition("/")[2].lower().rpartition(".")
    if not stem:
        return ""
    if ending in _ARCHIVES:
        return "An archive inside the source, which is not opened: unpack it first"
    if ending in _NOT_PICTURES:
        return f"A .{ending} file, not a picture"
    return ""


def _reason_to_skip(name: str, parts: list[str], max_depth: int) -> str:
    if not parts or ".." in parts:
        return "Its path leads outside the source"
    if name.startswith("/") or (len(parts[0]) == 2 and parts[0][1] == ":" and parts[0][0].isalpha()):
        return "Its path is absolute, not relative to the source"
    if len(parts) - 1 > max_depth:
        return f"More than {max_depth} folders deep"
    return reason_not_a_picture(name)


def _place(candidates: list[_Candidate], reasons: dict[int, str]) -> list[tuple[int, Split | None, str]]:
    """Give each candidate its split and class folder; the rest get an entry in ``reasons``."""
    candidates = _inside_folders(_unwrap(candidates), reasons)
    if not _are_splits(candidates):
        return _by_class(candidates)
    inside: list[_Candidate] = []
    splits: dict[int, Split] = {}
    for candidate in candidates:
        split = _SPLIT_NAMES.get(candidate.folders[0].lower())
        if split is None:
            reasons[candidate.index] = OUTSIDE_SPLITS
            continue
        splits[candidate.index] = split
        inside.append(_Candidate(candidate.index, candidate.folders[1:]))
    inside = _inside_folders(_unwrap(inside), reasons)
    return [(candidate.index, splits[candidate.index], candidate.folders[0]) for candidate in inside]


def _loose(candidates: list[_Candidate], reasons: dict[int, str], label: str) -> list[Placed]:
    """Give pictures without a class folder the one class that was named for them."""
    loose = [candidate for candidate in candidates if reasons.get(candidate.index) == NO_CLASS]
    for candidate in loose:
        del reasons[candidate.index]
    return [Placed(candidate.index, label, split_of(candidate.folders)) for candidate in loose]


def split_of(folders: Sequence[str]) -> Split | None:
    """The split of a picture that lies somewhere below a split folder, such as train/1.jpg; the innermost counts."""
    return next((split for name in reversed(folders) if (split := named_split(name))), None)


def _by_class(candidates: list[_Candidate]) -> list[tuple[int, Split | None, str]]:
    """Place class/... and, if every picture stands in a folder named after a split, class/split/..."""
    splits_inside = bool(candidates) and all(
        len(candidate.folders) > 1 and candidate.folders[1].lower() in _SPLIT_NAMES for candidate in candidates
    )
    return [
        (
            candidate.index,
            _SPLIT_NAMES[candidate.folders[1].lower()] if splits_inside else None,
            candidate.folders[0],
        )
        for candidate in candidates
    ]


def _unwrap(candidates: list[_Candidate]) -> list[_Candidate]:
    """Strip folders that hold everything: a wrapper is a sole top folder with further folders below.

    Pictures beside the wrapper do not count, and neither does a folder named after a split.
    """
    while True:
        tops = {candidate.folders[0] for candidate in candidates if candidate.folders}
        nested = any(len(candidate.folders) > 1 for candidate in candidates)
        if len(tops) != 1 or not nested or next(iter(tops)).lower() in _SPLIT_NAMES:
            return candidates
        if all(_split_below(candidate) for candidate in candidates if candidate.folders):
            return candidates if _is_single_class(candidates) else _strip(candidates)
        candidates = _strip(candidates)


def _strip(candidates: list[_Candidate]) -> list[_Candidate]:
    return [_Candidate(candidate.index, candidate.folders[1:]) for candidate in candidates]


def _split_below(candidate: _Candidate) -> bool:
    return len(candidate.folders) > 1 and candidate.folders[1].lower() in _SPLIT_NAMES


def _is_single_class(candidates: list[_Candidate]) -> bool:
    """Tell ants/train/1.jpg (one class) from wrapper/train/ants/1.jpg."""
    return not any(len(candidate.folders) > 2 for candidate in candidates)


def _inside_folders(candidates: list[_Candidate], reasons: dict[int, str]) -> list[_Candidate]:
    inside = [candidate for candidate in candidates if candidate.folders]
    reasons.update({candidate.index: NO_CLASS for candidate in candidates if not candidate.folders})
    return inside


def _are_splits(candidates: list[_Candidate]) -> bool:
    """Decide whether the top folders are splits; 'train' may also be a class beside 'car' and 'bus'."""
    tops = {candidate.folders[0] for candidate in candidates}
    named = {_SPLIT_NAMES[top.lower()] for top in tops if top.lower() in _SPLIT_NAMES}
    if not named:
        return False
    if all(top.lower() in _SPLIT_NAMES for top in tops):
        return True
    nested = any(
        candidate.folders[0].lower() in _SPLIT_NAMES and len(candidate.folders) > 1 for candidate in candidates
    )
    return len(named) > 1 and nested


def _notices(spellings: dict[str, set[str]]) -> list[str]:
    notices = [
        f"{len(folders)} folders are spelled '{shortened(label)}' in different Unicode forms; they are one class."
        for label, folders in sorted(spellings.items())
        if len(folders) > 1
    ]
    by_case: dict[str, list[str]] = {}
    for label in sorted(spellings):
        by_case.setdefault(label.casefold(), []).append(f"'{shortened(label)}'")
    notices += [
        f"The classes {' and '.join(labels)} differ only in capitals; they stay apart."
        for labels in by_case.values()
        if len(labels) > 1
    ]
    return notices
