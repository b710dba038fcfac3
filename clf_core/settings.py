"""What the operator of this machine decides, read once from the environment."""

import os
from pathlib import Path
from typing import Self

from platformdirs import user_data_path
from pydantic import Field

from clf_core.config import ImportLimits
from clf_core.values import Value


class Settings(Value):
    """Operator settings.

    Environment:
        CLF_WORKSPACE: folder for datasets, runs and models. Default: the user's data directory.
        CLF_IMPORT_FOLDERS: folders (separated as in PATH) that the browser may import from.
            Unset: any folder the server's user can read, which is right while only that person
            can reach the server. Empty: none.
    """

    workspace: Path = Field(description="Folder for datasets, runs and models.")
    import_folders: tuple[Path, ...] | None = Field(
        None, description="Folders the browser may import from; None means any."
    )
    limits: ImportLimits = ImportLimits()

    @classmethod
    def from_environment(cls) -> Self:
        """Read the settings from environment variables; nothing is created on disk."""
        workspace = os.environ.get("CLF_WORKSPACE") or user_data_path("image-classifier-studio", appauthor=False)
        folders = os.environ.get("CLF_IMPORT_FOLDERS")
        return cls(
            workspace=Path(workspace).expanduser().absolute(),
            import_folders=None
            if folders is None
            else tuple(Path(part).expanduser().resolve() for part in folders.split(os.pathsep) if part),
        )
