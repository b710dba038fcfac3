"""Which network a run begins from, a published one or what an own earlier run left; and the model it ended with."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from clf_core.config import ImportLimits, TrainConfig
from clf_core.errors import NotFoundError, StateError
from clf_core.workspace.run_directory import RunDirectory
from clf_core.workspace.workspace import Workspace

if TYPE_CHECKING:
    from clf_core.models.backbone import Backbone
    from clf_core.prediction.loaded_model import LoadedModel


def starting_backbone(workspace: Workspace, config: TrainConfig, message: Callable[[str], None]) -> "Backbone":
    """Return the network that ``config`` begins from, for the input size it asks for.

    With ``continue_from`` that is the body of an own earlier run, whatever its classes were: the one it trained, its
    small network, or, where only a last layer was fitted, the network it fitted it on.

    Args:
        workspace: holds the earlier runs and the published networks.
        config: settings of the new run.
        message: told in a sentence what takes long.

    Raises:
        NotFoundError: the earlier run is gone, or there is no such pretrained model.
        StateError: the earlier run has no model (yet).
        WeightsUnavailableError: the weights are not here and could not be downloaded.
        InputError: the network cannot see pictures of the size asked for.
        StorageError: its files are damaged, or the disk refused.
    """
    store = workspace.backbones
    if not config.continue_from:
        return store.ensure(config.backbone, message, config.input_size)
    backbone = body_of(workspace, _finished(workspace, config.continue_from), message)
    return backbone if config.input_size is None else store.resized(backbone, config.input_size, message)


def body_of(workspace: Workspace, run: RunDirectory, message: Callable[[str], None] | None = None) -> "Backbone":
    """Return the network that the classifier of a finished run stands on.

    Raises:
        NotFoundError: the run has no classifier.
        WeightsUnavailableError: it stands on a published network that is gone and could not be downloaded.
        StorageError: the files are damaged.
    """
    from clf_core.models.classifier import load_classifier
    from clf_core.models.trained import own_backbone

    own = own_backbone(run.model_folder)
    if own is not None:
        return own
    spec = load_classifier(run.model_folder).spec
    return workspace.backbones.ensure(spec.backbone, message, spec.preprocessing.input_size)


def model_of(workspace: Workspace, run: RunDirectory, limits: ImportLimits) -> "LoadedModel":
    """Return the model of a finished run; its parts are loaded when first used.

    Args:
        workspace: holds the published networks.
        run: a finished one.
        limits: caps on the pictures it will be asked about.

    Raises:
        NotFoundError: the run has no classifier.
        WeightsUnavailableError: it stands on a published network that is gone and could not be downloaded.
        StorageError: the files are damaged.
    """
    from clf_core.models.classifier import load_classifier
    from clf_core.prediction.loaded_model import LoadedModel

    return LoadedModel(body_of(workspace, run), load_classifier(run.model_folder), limits)


def _finished(workspace: Workspace, ref: str) -> RunDirectory:
    try:
        run = workspace.runs.find(ref)
    except NotFoundError as error:
        raise NotFoundError(
            f"The run to go on from, '{ref[:200]}', is not here",
            why=error.what,
            remedy="Choose another of your networks, or a published one",
        ) from error
    status = run.status()
    if status is None or status.state != "done":
        state = status.state if status is not None else "starting"
        raise StateError(
            f"The run '{run.record.name}' cannot be gone on from",
            why=f"It is {state}, so it has no network to give",
            remedy="Wait until it is done, or choose another",
        )
    return run
