"""A source of files somebody has listed already, each with its name and a way to read it."""

from collections.abc import Iterator, Sequence

from clf_core.config import ImportLimits
from clf_core.importing.entries import Budget, SourceBase, SourceFile, too_large
from clf_core.results import SkippedFile


class ListedFiles(SourceBase):
    """Files in the order they are given."""

    def __init__(self, title: str, files: Sequence[SourceFile], limits: ImportLimits) -> None:
        self.title = title
        self._files = tuple(files)
        self._limits = limits

    def files(self) -> Iterator[SourceFile | SkippedFile]:
        """See ``Source.files``."""
        budget = Budget(self._limits)
        for file in self._files:
            budget.count_file()
            if file.size > self._limits.max_file_bytes:
                yield too_large(file.name, self._limits)
                continue
            budget.count_bytes(file.size)
            yield file
