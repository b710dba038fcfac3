"""From a source to a manifest: read, decode, store, group, split. The only writer is the picture store.

Every file of the source ends in exactly one place: a row of the manifest, the list of skipped files
with its reason, or the count of ignored system files.
"""

import hashlib
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass

from PIL import Image

from clf_core.config import ImportLimits, ImportOptions, SplitConfig
from clf_core.data.decoding import decode_with_facts
from clf_core.data.facts import Facts
from clf_core.data.loading import map_ahead
from clf_core.data.manifest import Manifest, ManifestRow
from clf_core.data.split import complete_split, stratified_split
from clf_core.data.store import PictureStore
from clf_core.errors import CancelledError, DatasetError, PictureError
from clf_core.importing.entries import Source, SourceFile, shortened
from clf_core.importing.layout import Layout, Placed, is_system_file, read_layout
from clf_core.importing.notices import leaks_notice, manifest_notices
from clf_core.results import SkippedFile
from clf_core.values import Split

SMALL_SIDE = 16
"""Pixels; a picture with a shorter side is kept, flagged and announced."""

_STRIP_PIXELS = 2**20
_KEPT_FIRST: tuple[Split, ...] = ("test", "val", "train")


@dataclass(frozen=True)
class ImportedPictures:
    """What became of a source.

    Attributes:
        manifest: the usable pictures; those of the dataset that was added to come first, unchanged.
        skipped: every file that could not be used, in source order where possible, with its reason.
        ignored_count: system files left aside.
        notices: what a person should know, in sentences.
        added: how many pictures the source brought.
        facts: what was measured of them.
    """

    manifest: Manifest
    skipped: tuple[SkippedFile, ...]
    ignored_count: int
    notices: tuple[str, ...]
    added: int
    facts: Facts | None = None


@dataclass(frozen=True)
class Base:
    """The dataset version that pictures are added to, and what was measured of its pictures."""

    manifest: Manifest
    facts: Facts


@dataclass(frozen=True)
class _Examined:
    """One picture that was decoded and stored; ``pixels`` is a hash of what it shows."""

    name: str
    label: str
    given: Split | None
    sha256: str
    size: int
    width: int
    height: int
    animated: bool
    pixels: bytes


def import_pictures(
    source: Source,
    store: PictureStore,
    *,
    limits: ImportLimits,
    options: ImportOptions | None = None,
    base: Base | None = None,
    progress: Callable[[int, int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> ImportedPictures:
    """Decode every picture of ``source`` completely, store the good ones and divide them into splits.

    Pictures are decoded in threads; at most a few per core are in memory at once. Pictures stored before
    an error or a cancellation stay in the store, where nothing refers to them.

    Args:
        source: an open source; the caller closes it.
        store: receives the files and is synced before this returns.
        limits: caps for decoding and layout.
        options: how to read and divide; None for the usual way.
        base: a dataset to add to; None makes a new one.
        progress: called with files done, files in all, files skipped so far.
        cancelled: asked after each file; True stops the import.

    Raises:
        SourceError: the source breaks a limit as a whole.
        DatasetError: no usable picture, or only one class.
        CancelledError: ``cancelled`` said so.
        StorageError: the disk refuses.
    """
    del base  # not yet
    files, refused, ignored = _list_files(source, cancelled)
    layout = read_layout([file.name for file in files], max_depth=limits.max_depth)
    skipped = [*refused, *layout.skipped]
    examined = _examine_all(files, layout, store, limits, skipped, progress, cancelled)
    _check_usable(examined, skipped)
    kept, leaked = _without_leaks(examined)
    skipped += leaked
    rows, split_notices = _rows(kept, (options or ImportOptions()).split)
    manifest = Manifest.from_rows(rows)
    if len(manifest.classes) == 1:
        raise _one_class(manifest.classes[0], len(manifest))
    store.sync()
    notices = (*layout.notices, *split_notices, *leaks_notice(len(leaked)), *manifest_notices(rows))
    return ImportedPictures(manifest, tuple(skipped), ignored + layout.ignored_count, notices, len(rows))


def _list_files(
    source: Source, cancelled: Callable[[], bool] | None
) -> tuple[list[SourceFile], list[SkippedFile], int]:
    files: list[SourceFile] = []
    refused: list[SkippedFile] = []
    ignored = 0
    for entry in source.files():
        _stop_if(cancelled)  # a large folder takes seconds to walk through
        if isinstance(entry, SourceFile):
            files.append(entry)
        elif is_system_file(entry.name):
            ignored += 1
        else:
            refused.append(entry)
    return files, refused, ignored


def _stop_if(cancelled: Callable[[], bool] | None) -> None:
    if cancelled is not None and cancelled():
        raise CancelledError("The import was cancelled", remedy="Nothing was added to your datasets")


def _examine_all(
    files: list[SourceFile],
    layout: Layout,
    store: PictureStore,
    limits: ImportLimits,
    skipped: list[SkippedFile],
    progress: Callable[[int, int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> list[_Examined]:
    """Examine what the layout placed; failures are appended to ``skipped``."""

    def work(placed: Placed) -> _Examined | SkippedFile:
        return _examine(files[placed.index], placed, store, limits)

    examined: list[_Examined] = []
    with closing(map_ahead(work, layout.placed)) as results:
        for done, result in enumerate(results, start=1):
            if isinstance(result, SkippedFile):
                skipped.append(result)
            else:
                examined.append(result)
            _stop_if(cancelled)
            if progress is not None:
                progress(done, len(layout.placed), len(skipped))
    return examined


def _examine(file: SourceFile, placed: Placed, store: PictureStore, limits: ImportLimits) -> _Examined | SkippedFile:
    try:
        data = file.read()
        decoded = decode_with_facts(data, limits)
    except PictureError as error:
        return SkippedFile(name=file.name, reason=error.what)
    return _Examined(
        name=file.name,
        label=placed.label,
        given=placed.split,
        sha256=store.add(data),
        size=len(data),
        width=decoded.width,
        height=decoded.height,
        animated=decoded.animated,
        pixels=_hash_pixels(decoded.picture),
    )


def _hash_pixels(picture: Image.Image) -> bytes:
    """Equal for files that show exactly the same pixels, such as a PNG and its copy saved as BMP."""
    width, height = picture.size
    digest = hashlib.sha256(f"{width}x{height}".encode())
    rows = max(1, _STRIP_PIXELS // width)  # strip by strip: a copy of a huge picture would double its memory
    for top in range(0, height, rows):
        digest.update(picture.crop((0, top, width, min(top + rows, height))).tobytes())
    return digest.digest()


def _without_leaks(examined: list[_Examined]) -> tuple[list[_Examined], list[SkippedFile]]:
    """Where folders name the splits, keep a picture that stands in several only in the one to be tested on."""
    present = {picture.given for picture in examined}
    if "train" not in present or len(present) == 1:
        return examined, []
    shown_as = {"train": "training", "val": "validation" if "test" in present else "test", "test": "test"}
    first: dict[tuple[bytes, Split | None], str] = {}
    for picture in examined:
        first.setdefault((picture.pixels, picture.given), picture.name)
    kept: list[_Examined] = []
    leaked: list[SkippedFile] = []
    for picture in examined:
        home: Split = next(split for split in _KEPT_FIRST if (picture.pixels, split) in first)
        if picture.given == home:
            kept.append(picture)
            continue
        other = first[(picture.pixels, home)]
        reason = f"The same picture stands in the {shown_as[home]} split as '{other}'; it is kept there only"
        leaked.append(SkippedFile(name=picture.name, reason=reason))
    return kept, leaked


def _rows(pictures: list[_Examined], config: SplitConfig) -> tuple[list[ManifestRow], tuple[str, ...]]:
    """Group equal pictures, divide them into splits and flag what is notable."""
    least: dict[bytes, str] = {}
    classes: dict[bytes, set[str]] = defaultdict(set)
    for picture in pictures:
        least[picture.pixels] = min(least.get(picture.pixels, picture.sha256), picture.sha256)
        classes[picture.pixels].add(picture.label)
    copies = Counter(picture.pixels for picture in pictures)
    labels = [picture.label for picture in pictures]
    groups = [least[picture.pixels] for picture in pictures]
    given = [picture.given for picture in pictures if picture.given is not None]
    notices: tuple[str, ...] = ()
    if len(given) == len(pictures):
        splits, notices = complete_split(given, labels, groups, config)
    else:
        splits = stratified_split(labels, groups, config)
    rows = [
        ManifestRow(
            sha256=picture.sha256,
            size=picture.size,
            width=picture.width,
            height=picture.height,
            label=picture.label,
            split=split,
            group=group,
            source_name=picture.name,
            flags=_flags(picture, copies[picture.pixels], len(classes[picture.pixels])),
        )
        for picture, split, group in zip(pictures, splits, groups, strict=True)
    ]
    return rows, notices


def _flags(picture: _Examined, copies: int, classes: int) -> tuple[str, ...]:
    found = {
        "animated": picture.animated,
        "duplicate": copies > 1,
        "contradiction": classes > 1,
        "small": min(picture.width, picture.height) < SMALL_SIDE,
    }
    return tuple(flag for flag, present in found.items() if present)


def _check_usable(examined: list[_Examined], skipped: list[SkippedFile]) -> None:
    if examined:
        return
    reasons = Counter(file.reason for file in skipped)
    common = "; ".join(
        f"{reason} ({count:,} {'file' if count == 1 else 'files'})" for reason, count in reasons.most_common(3)
    )
    raise DatasetError(
        "No usable picture was found",
        why=common or "There are no files besides those the operating system left",
        remedy="Put the pictures of each class into a folder named after the class",
    )


def _one_class(label: str, count: int) -> DatasetError:
    pictures = "The only picture belongs" if count == 1 else f"All {count:,} pictures belong"
    return DatasetError(
        f"{pictures} to one class, '{shortened(label)}'",
        why="A classifier tells classes apart, so it needs a second class",
        remedy="Add a folder with pictures of something else beside it",
    )
