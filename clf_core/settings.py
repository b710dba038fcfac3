"""What the operator of this machine decides, read once from the environment."""

import math
import os
from pathlib import Path
from typing import Self

from platformdirs import user_data_path
from pydantic import Field

from clf_core.config import ImportLimits
from clf_core.errors import ConfigError
from clf_core.values import Value


class Settings(Value):
    """Operator settings.

    Environment:
        CLF_WORKSPACE: folder for datasets, runs and models. Default: the user's data directory.
        CLF_IMPORT_FOLDERS: folders (separated as in PATH) that the browser may import from.
            Unset: any folder the server's user can read, which is right while only that person
            can reach the server. Empty: none.
        CLF_MAX_UPLOAD_GB: most gigabytes of one upload through the browser. Default: 20.
        CLF_BACKGROUND: 'off' keeps pages from starting work on finished runs by themselves, where the machine is
            weak or shared; a button does it then. Default: on.
    """

    workspace: Path = Field(description="Folder for datasets, runs and models.")
    import_folders: tuple[Path, ...] | None = Field(
        None, description="Folders the browser may import from; None means any."
    )
    limits: ImportLimits = ImportLimits()
    max_upload_bytes: int = Field(20 * 2**30, gt=0, description="Most bytes of one upload through the browser.")

    background: bool = Field(True, description="Whether opening a finished run's pages starts work on it beside them.")

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
            max_upload_bytes=_bytes_of(os.environ.get("CLF_MAX_UPLOAD_GB") or "20"),
            background=_is_on("CLF_BACKGROUND"),
        )


def _is_on(name: str) -> bool:
    """Return a switch of the environment; on where it is unset.

    Raises:
        ConfigError: it is neither 'on' nor 'off'.
    """
    value = os.environ.get(name) or "on"
    if value not in ("on", "off"):
        raise ConfigError(f"{name} cannot be '{value}'", field=name, remedy="Set it to 'on' or 'off'")
    return value == "on"


def _bytes_of(gigabytes: str) -> int:
    """Return CLF_MAX_UPLOAD_GB in bytes.

    Raises:
        ConfigError: it is not a positive number.
    """
    try:
        amount = float(gigabytes)
    except ValueError:
        amount = math.nan
    if not (math.isfinite(amount) and amount > 0):
        raise ConfigError(
            f"CLF_MAX_UPLOAD_GB cannot be '{gigabytes}'",
            field="CLF_MAX_UPLOAD_GB",
            remedy="Set it to a number of gigabytes, such as 20",
        )
    return math.ceil(amount * 2**30)
