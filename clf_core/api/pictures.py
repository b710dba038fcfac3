"""Words for a picture that cannot be used."""

from collections.abc import Iterator
from contextlib import contextmanager

from clf_core.errors import PictureError


@contextmanager
def told_with_name(name: str) -> Iterator[None]:
    """Let a ``PictureError`` raised inside name the file, the reason and the remedy.

    Args:
        name: the file's name as given; empty where nobody knows one.
    """
    try:
        yield
    except PictureError as error:
        raise PictureError(
            f"'{name}' cannot be used" if name else "The picture cannot be used",
            why=error.what,
            remedy="Give a JPEG, PNG, WebP, GIF, BMP, TIFF, AVIF or HEIC picture",
        ) from error
