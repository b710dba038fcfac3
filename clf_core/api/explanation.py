"""Where a model looked, and how that is shown."""

import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.api.loaded_models import LoadedModel, LoadedModels
from clf_core.api.pictures import told_with_name
from clf_core.errors import ConfigError, NotFoundError
from clf_core.results import Explanation
from clf_core.settings import Settings
from clf_core.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Explanations:
    """Heatmaps of a model. ``model_ref`` is a finished run's name or identifier, or ``STARTER``."""

    def __init__(self, models: LoadedModels, workspace: Workspace, settings: Settings) -> None:
        self._models = models
        self._workspace = workspace
        self._limits = settings.limits

    def explain(
        self, model_ref: str, data: bytes, *, name: str = "", target: str | None = None, method: str = "gradcam"
    ) -> Explanation:
        """Return where the model saw evidence for one class in a picture.

        The label and the probabilities are those that prediction gives; only the map comes from torch.

        Args:
            model_ref: which model.
            data: the picture file's bytes.
            name: the picture's file name, for errors.
            target: the class to explain; None for the model's own answer.
            method: a key of ``methods()``.

        Raises:
            PictureError: the bytes are not a picture that can be decoded.
            NotFoundError: no such class, or no such run.
            ConfigError: no such method.
            StateError, WeightsUnavailableError: about the model.
        """
        if method not in self.methods():
            raise ConfigError(
                f"There is no heatmap method '{method}'",
                field="method",
                remedy=f"Methods are: {', '.join(self.methods())}",
            )
        return self._explain(self._models.get(model_ref), name, data, target, method)

    def explain_path(
        self, model_ref: str, picture: Path, *, target: str | None = None, method: str = "gradcam"
    ) -> Explanation:
        """Return ``explain`` for a picture file of this machine.

        Args:
            model_ref, target, method: as in ``explain``.
            picture: the file.

        Raises:
            SourceError: the file is missing, may not be read, is no ordinary file or is too large.
            PictureError, NotFoundError, ConfigError, StateError, WeightsUnavailableError: as in ``explain``.
        """
        from clf_core.importing.source import read_file

        data = read_file(picture, self._limits)
        return self.explain(model_ref, data, name=picture.name, target=target, method=method)

    def explain_test_picture(
        self, run_ref: str, sha256: str, *, target: str | None = None, method: str = "gradcam"
    ) -> Explanation:
        """Return ``explain`` for a picture of the dataset the run was trained on.

        Args:
            run_ref: name or identifier of a finished run.
            sha256: identifier of the picture.
            target, method: as in ``explain``.

        Raises:
            NotFoundError: no such run, picture or class.
            ConfigError, StateError, WeightsUnavailableError: as in ``explain``.
        """
        return self.explain(run_ref, self._workspace.pictures.read(sha256), target=target, method=method)

    def overlay(self, explanation: Explanation, opacity: float) -> "NDArray[np.uint8]":
        """Return the picture with the heatmap laid over it, [H, W, 3] uint8.

        Args:
            explanation: what ``explain`` returned.
            opacity: 0 shows only the picture, 1 only the map.
        """
        from clf_core.explanation.overlay import blend

        return blend(explanation.picture, explanation.heatmap, opacity)

    def legend(self) -> "NDArray[np.uint8]":
        """Return the colour strip of the heatmap, weak evidence at the left, [h, w, 3] uint8."""
        from clf_core.explanation.overlay import legend

        return legend()

    def classes(self, model_ref: str) -> tuple[str, ...]:
        """Return the classes a model knows, any of which may be the ``target`` of ``explain``.

        Raises:
            NotFoundError, StateError, WeightsUnavailableError: about the model.
        """
        return self._models.get(model_ref).classifier.spec.classes

    def methods(self) -> dict[str, str]:
        """Return the methods on offer: key -> name for people."""
        from clf_core.explanation.heatmap import METHODS

        return dict(METHODS)

    def _explain(self, model: LoadedModel, name: str, data: bytes, target: str | None, method: str) -> Explanation:
        classes = model.classifier.spec.classes
        if target is not None:
            target = unicodedata.normalize("NFC", target)  # as class names are; a shell may hand over another form
            if target not in classes:
                raise NotFoundError(f"The model knows no class called '{target}'")
        with told_with_name(name):
            seen = model.predictor.prepare(data, self._limits)  # [S, S, 3]
        answer = model.predictor.answer(seen)
        shown = answer.label if target is None else target
        heatmap = model.heatmaps.heatmap(seen, classes.index(shown), method=method)
        return Explanation(
            picture=seen,
            heatmap=heatmap,
            target=shown,
            target_probability=answer.probabilities[shown],
            label=answer.label,
            probability=answer.probability,
            top=answer.top,
            method=method,
            layer=model.heatmaps.layer,
            empty=not heatmap.any(),
        )
