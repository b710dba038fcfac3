"""What may be captured: names of classes, pictures a camera makes, and the words where something may not be."""

from collections.abc import Sequence

from clf_core.data.signatures import FORMAT_NAMES, recognise
from clf_core.errors import ConfigError, NotFoundError, PictureError, SourceError, StateError
from clf_core.workspace.capture_records import CaptureRecord, ClassRecord
from clf_core.workspace.names import clean_name, name_key

MAX_FRAME_BYTES = 25 * 2**20
MAX_CLASSES = 200
_ENDINGS = {"JPEG": "jpg", "PNG": "png", "WEBP": "webp", "AVIF": "avif", "HEIF": "heic"}


def numbered_classes(
    wanted: Sequence[tuple[int | None, str]], present: Sequence[ClassRecord], following: int
) -> tuple[ClassRecord, ...]:
    """Check names and numbers of classes and give new ones theirs.

    Args:
        wanted: (number, name) of each, the number None for a new class.
        present: the classes there are.
        following: number of the next new class.

    Raises:
        NotFoundError: a number is unknown.
        ConfigError: a name cannot be used or is there twice, or there are too many or none.
    """
    if not 1 <= len(wanted) <= MAX_CLASSES:
        raise ConfigError(
            f"{len(wanted)} classes cannot be taken at once", field="classes", remedy=f"Use 1 to {MAX_CLASSES}"
        )
    known = {entry.id for entry in present}
    classes: list[ClassRecord] = []
    seen: set[str] = set()
    for number, name in wanted:
        if number is not None and number not in known:
            raise no_class()
        cleaned = clean_name(name)
        if name_key(cleaned) in seen:
            raise ConfigError(
                f"Two classes are called '{cleaned}'", field="classes", remedy="Give each class a name of its own"
            )
        seen.add(name_key(cleaned))
        if number is None:
            number, following = following, following + 1
        known.discard(number)
        classes.append(ClassRecord(id=number, name=cleaned))
    return tuple(classes)


def ending_of_picture(data: bytes) -> str:
    """Return the ending of a picture's file name.

    Raises:
        PictureError: it is no picture, or of a format no camera makes.
        SourceError: it is too large.
    """
    if len(data) > MAX_FRAME_BYTES:
        raise SourceError(
            f"The picture is larger than {MAX_FRAME_BYTES // 2**20} MB", remedy="Choose a lower quality in the camera"
        )
    kind = recognise(data)
    if kind not in _ENDINGS:
        raise PictureError(f"A {FORMAT_NAMES[kind]} file, which no camera makes: save it as JPEG or PNG")
    return _ENDINGS[kind]


def check_class(record: CaptureRecord, class_id: int) -> None:
    """Raises ``NotFoundError`` where the capture has no such class."""
    if all(entry.id != class_id for entry in record.classes):
        raise no_class()


def no_class() -> NotFoundError:
    """The error for a class that is not there."""
    return NotFoundError("There is no such class any more", remedy="Choose another class")


def not_valid() -> NotFoundError:
    """The error for a token that opens nothing; a wrong one and an old one read the same."""
    return NotFoundError(
        "This camera page is not valid any more",
        why="Its pictures were made into a dataset, or it is more than a day old",
        remedy="Scan the code on the studio's page again",
    )


def being_imported() -> StateError:
    """The error for a change that comes while the pictures are imported."""
    return StateError(
        "These pictures are just being made into a dataset", remedy="Take more once it is there, and add them to it"
    )
