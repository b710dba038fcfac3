"""Part of the background work on a run: whether the model answers by the background (``workspace.shortcuts``)."""

from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING

from clf_core.errors import InputError, NotFoundError, PictureError, StorageError
from clf_core.jobs.insights import Tell, folder_of
from clf_core.results.shortcut import ShortcutExample, ShortcutReport
from clf_core.workspace.shortcuts import ShortcutStore

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from clf_core.config import TrainConfig
    from clf_core.explanation.shortcut import Heat
    from clf_core.prediction.loaded_model import LoadedModel
    from clf_core.workspace import Workspace
    from clf_core.workspace.run_directory import RunDirectory

_REFITTED = ("quick", "balanced", "thorough")
"""Presets that may learn from the validation pictures in the end."""


class Shortcut:
    """Looks at validation pictures whole and in part, and judges what the model made of them."""

    name = "shortcut"
    title = "Whether it answers by the background"

    def done(self, run: "RunDirectory") -> bool:
        """Whether the report is there."""
        return store_of(run).done()

    def make(self, run: "RunDirectory", workspace: "Workspace", model: "LoadedModel", tell: Tell) -> None:
        """Make the check and write it.

        Raises:
            ClfError: about the dataset, the model or the disk.
        """
        report, examples = check(run, workspace, model, tell)
        store_of(run).write(report, examples)


def store_of(run: "RunDirectory") -> ShortcutStore:
    """Where the check of a run is kept."""
    return ShortcutStore(folder_of(run, Shortcut.name))


def check(
    run: "RunDirectory", workspace: "Workspace", model: "LoadedModel", tell: Tell | None = None
) -> tuple[ShortcutReport, tuple[ShortcutExample, ...]]:
    """Make the check.

    Args:
        run: a finished one.
        workspace: holds its dataset.
        model: the run's.
        tell: told (pictures done, pictures in all).

    Raises:
        ClfError: about the dataset or the model.
    """
    import numpy as np

    from clf_core.evaluation.answers import numbered
    from clf_core.evaluation.nearest import chosen_evenly
    from clf_core.evaluation.shortcut import judge, level
    from clf_core.explanation.shortcut import MOST_PICTURES, example, look, telling

    rows = workspace.datasets.manifest(run.record.dataset_id, run.record.version).select("val")
    chosen = chosen_evenly(rows.label_index, MOST_PICTURES).tolist()
    inputs = _Inputs(workspace, model, [rows.sha256[row] for row in chosen])
    heat = _heat(model) if chosen else None
    looked = look(inputs.pictures(), model.predictor.stream, heat, _counting(tell, len(chosen)))
    readable = [chosen[place] for place in inputs.read]
    truth = rows.label_index[readable]
    groups = numbered([rows.group[row] for row in readable]) if readable else np.zeros(0, dtype=np.int64)
    classes = model.classifier.spec.classes
    learned = may_have_learned(run.config) and bool(len(rows))
    report = judge(looked, truth, groups, classes, total=len(rows), learned=learned)
    told, examples = level(looked, truth), []
    for row in telling(told, truth, report):
        sha256 = rows.sha256[readable[row]]
        with suppress(PictureError, NotFoundError, StorageError):
            picture = inputs.picture(sha256)
            examples.append(example(picture, sha256, int(truth[row]), classes, told, row, heat))
    return report, tuple(examples)


def may_have_learned(config: "TrainConfig") -> bool:
    """Whether a model trained so may have learned from the validation pictures in the end."""
    return config.refit and config.preset in _REFITTED


class _Inputs:
    """The pictures, prepared for the model, one after another.

    Attributes:
        read: places of those that could be read, in order.
    """

    def __init__(self, workspace: "Workspace", model: "LoadedModel", keys: list[str]) -> None:
        self._workspace = workspace
        self._model = model
        self._keys = keys
        self.read: list[int] = []

    def pictures(self) -> "Iterator[NDArray[np.uint8]]":
        """[S, S, 3] uint8 each; those that cannot be read any more are left out."""
        for place, key in enumerate(self._keys):
            with suppress(PictureError, NotFoundError, StorageError):
                picture = self.picture(key)
                self.read.append(place)
                yield picture

    def picture(self, key: str) -> "NDArray[np.uint8]":
        """One of them.

        Raises:
            PictureError, NotFoundError, StorageError: it cannot be read.
        """
        return self._model.predictor.prepare(self._workspace.pictures.read(key))


def _heat(model: "LoadedModel") -> "Heat | None":
    """The model's heatmaps; None where its network keeps no places apart."""
    try:
        maker = model.heatmaps
    except InputError:
        return None

    def heat(picture: "NDArray[np.uint8]", target: int) -> "NDArray[np.float32]":
        heatmap = maker.heatmap(picture, target)
        # Grad-CAM's mean over all places finds nothing in some networks that flatten their maps.
        return heatmap if heatmap.any() else maker.heatmap(picture, target, "hirescam")

    return heat


def _counting(tell: Tell | None, total: int) -> Callable[[int], None] | None:
    if tell is None:
        return None

    def told(done: int) -> None:
        tell(done, total)

    return told
