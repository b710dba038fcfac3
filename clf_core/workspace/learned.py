"""Which pictures a run's network had learned from before the run began."""

from clf_core.config import TrainConfig
from clf_core.errors import ClfError
from clf_core.training.recipes import RECIPES
from clf_core.workspace.run_directory import RunDirectory
from clf_core.workspace.workspace import Workspace


def learned_before(workspace: Workspace, config: TrainConfig) -> frozenset[str] | None:
    """Return the SHA-256 of the pictures that own earlier runs taught the network which a run begins from.

    Empty for a run that begins from a published network or from nothing; None where nobody can tell any more, as an
    earlier run or its dataset is gone.

    Args:
        workspace: holds the earlier runs.
        config: of the run.
    """
    learned: set[str] = set()
    earlier = config.continue_from
    while earlier:
        try:
            run = workspace.runs.find(earlier)
            learned.update(_taught(workspace, run))
        except ClfError:
            return None
        earlier = run.config.continue_from
    return frozenset(learned)


def _taught(workspace: Workspace, run: RunDirectory) -> list[str]:
    """What the run itself taught the network below the last layer."""
    config = run.config
    if config.preset == "quick":
        return []
    manifest = workspace.datasets.manifest(run.record.dataset_id, run.record.version)
    taught = list(manifest.select("train").sha256)
    if config.preset in RECIPES and config.refit:  # it may have learned once more
        taught += manifest.select("val").sha256
    return taught
