"""From a source to a manifest: read, decode, measure, store, group, split. The only writer is the picture store.

Every file of the source ends in exactly one place: a row of the manifest, the list of skipped files
with its reason, a table that was read, or the count of ignored system files.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from itertools import chain

from clf_core.config import ImportLimits, ImportOptions
from clf_core.data.decoding import decode_with_facts
from clf_core.data.facts import MEASURED_SIDE, Facts, measure
from clf_core.data.loading import map_ahead
from clf_core.data.manifest import Manifest
from clf_core.data.store import PictureStore
from clf_core.errors import CancelledError, DatasetError, PictureError
from clf_core.importing.assembly import Base, Examined, assemble
from clf_core.importing.entries import Source, SourceFile, shortened
from clf_core.importing.layout import Layout, Placed, is_system_file
from clf_core.importing.placing import place_files
from clf_core.results import SkippedFile

__all__ = ["Base", "ImportedPictures", "import_pictures"]

_HANDFUL = 8
_HANDFUL_BYTES = 2**20
_ALREADY = "Already in the dataset as "


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
        DatasetError: no usable picture, or none that is not in ``base`` already.
        CancelledError: ``cancelled`` said so.
        StorageError: the disk refuses.
    """
    options = options or ImportOptions()
    taken = _take(source, store, limits, options.label, base, progress, cancelled)
    _check_usable(taken.examined, taken.skipped)
    with ThreadPoolExecutor(1, "flush") as executor:  # the disk works while copies are looked for
        executor.submit(store.flush)
        rows, notices = assemble(taken.examined, taken.facts, store, limits, options.split, base, cancelled)
        manifest = Manifest.from_rows(rows)
    store.sync()
    return ImportedPictures(
        manifest, tuple(taken.skipped), taken.ignored, (*taken.notices, *notices), len(taken.examined), taken.facts
    )


@dataclass(frozen=True)
class _Taken:
    """What reading a source has left; the list of its files, large as it may be, is forgotten by then."""

    examined: list[Examined]
    facts: Facts
    skipped: list[SkippedFile]
    ignored: int
    notices: tuple[str, ...]


def _take(
    source: Source,
    store: PictureStore,
    limits: ImportLimits,
    label: str,
    base: Base | None,
    progress: Callable[[int, int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> _Taken:
    files, refused, ignored = _list_files(source, cancelled)
    layout = place_files(files, max_depth=limits.max_depth, label=label)
    store.check_room(sum(files[placed.index].size for placed in layout.placed))
    skipped = [*refused, *layout.skipped]
    work = _Examination(files, store, limits, base)
    examined, facts = _examine_all(work, layout, skipped, progress, cancelled)
    return _Taken(examined, facts, skipped, ignored + layout.ignored_count, layout.notices)


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


class _Examination:
    """What happens to one file; called from several threads."""

    def __init__(self, files: list[SourceFile], store: PictureStore, limits: ImportLimits, base: Base | None) -> None:
        self._files = files
        self._store = store
        self._limits = limits
        self._known: dict[tuple[str, str], str] = {}
        if base is not None:
            keys = zip(base.manifest.column("sha256"), base.manifest.column("label"), strict=True)
            self._known = dict(zip(keys, base.manifest.column("source_name"), strict=True))

    def handfuls(self, placed: Sequence[Placed]) -> Iterator[list[Placed]]:
        """Small files in handfuls: handing each to a thread and back costs as much as measuring it."""
        handful: list[Placed] = []
        size = 0
        for one in placed:
            handful.append(one)
            size += self._files[one.index].size
            if len(handful) == _HANDFUL or size > _HANDFUL_BYTES:
                yield handful
                handful, size = [], 0
        if handful:
            yield handful

    def __call__(self, handful: list[Placed]) -> list[tuple[Examined, bytes] | SkippedFile]:
        """``examine`` for each."""
        return [self.examine(placed) for placed in handful]

    def examine(self, placed: Placed) -> tuple[Examined, bytes] | SkippedFile:
        """Read, decode, measure and store a file; also returns what was measured, or says why it is not used."""
        file = self._files[placed.index]
        try:
            data = file.read()
            if self._known:
                name = self._known.get((hashlib.sha256(data).hexdigest(), placed.label))
                if name is not None:
                    return SkippedFile(name=file.name, reason=f"{_ALREADY}'{shortened(name)}'")
            # At a reduced scale a JPEG is still read to its end: one that is cut off or damaged is found.
            decoded = decode_with_facts(data, self._limits, at_least=MEASURED_SIDE)
            record = measure(decoded.picture)
        except PictureError as error:
            return SkippedFile(name=file.name, reason=error.what)
        examined = Examined(
            name=file.name,
            label=placed.label,
            given=placed.split,
            group=placed.group,
            sha256=self._store.add(data),
            size=len(data),
            width=decoded.width,
            height=decoded.height,
            animated=decoded.animated,
        )
        return examined, record


def _examine_all(
    work: _Examination,
    layout: Layout,
    skipped: list[SkippedFile],
    progress: Callable[[int, int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> tuple[list[Examined], Facts]:
    """Examine what the layout placed; failures are appended to ``skipped``."""
    examined: list[Examined] = []
    records = bytearray()  # one block of memory: 100,000 small objects would weigh twice as much
    with closing(map_ahead(work, work.handfuls(layout.placed))) as results:
        for done, result in enumerate(chain.from_iterable(results), start=1):
            if isinstance(result, SkippedFile):
                skipped.append(result)
            else:
                examined.append(result[0])
                records += result[1]
            _stop_if(cancelled)
            if progress is not None:
                progress(done, len(layout.placed), len(skipped))
    return examined, Facts.packed([picture.sha256 for picture in examined], records)


def _check_usable(examined: list[Examined], skipped: list[SkippedFile]) -> None:
    if examined:
        return
    if skipped and all(file.reason.startswith(_ALREADY) for file in skipped):
        raise DatasetError(
            "All these pictures are in the dataset already",
            why=f"{len(skipped):,} files are the same as pictures of the same class in it",
            remedy="Choose other pictures",
        )
    reasons = Counter(file.reason for file in skipped)
    common = "; ".join(
        f"{reason} ({count:,} {'file' if count == 1 else 'files'})" for reason, count in reasons.most_common(3)
    )
    raise DatasetError(
        "No usable picture was found",
        why=common or "There are no files besides those the operating system left",
        remedy="Put the pictures of each class into a folder named after the class",
    )
