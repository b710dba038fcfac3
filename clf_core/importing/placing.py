"""From the files of a source to classes, splits and groups: by their folders, or by a table of labels beside them."""

from collections.abc import Sequence

from clf_core.importing.entries import SourceFile
from clf_core.importing.layout import Layout, read_layout


def place_files(files: Sequence[SourceFile], *, max_depth: int, label: str = "") -> Layout:
    """Give every file its class, split and group, or the reason why it has none.

    Args:
        files: what the source lists; names are hostile text.
        max_depth: most nested folders.
        label: class of pictures that have none otherwise; empty leaves them out with a reason.
    """
    return read_layout([file.name for file in files], max_depth=max_depth, label=label)
