"""What a person decided about when a run answers: ``doubt.json`` in its directory."""

from clf_core.results.doubt import DoubtSettings
from clf_core.workspace.run_directory import RunDirectory
from clf_core.workspace.value_files import ValueFiles

FILE = "doubt.json"


def read_settings(run: RunDirectory) -> DoubtSettings:
    """Return the decisions; the recommended ones where there are none.

    Raises:
        StorageError: the file is damaged.
    """
    return ValueFiles(run.path, "a run").find(FILE, DoubtSettings) or DoubtSettings()


def write_settings(run: RunDirectory, settings: DoubtSettings) -> None:
    """Keep the decisions.

    Raises:
        StorageError: the disk refuses; what was there before still is.
    """
    ValueFiles(run.path, "a run").write(FILE, settings)
