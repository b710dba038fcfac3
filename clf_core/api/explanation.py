"""Where a model looked and why it says one class and not another, how that is shown, and how far to trust it."""

import unicodedata
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.api.heatmap_drawing import HeatmapDrawing
from clf_core.api.loaded_models import LoadedModel, LoadedModels
from clf_core.api.pictures import told_with_name
from clf_core.config import HeatmapConfig
from clf_core.errors import ConfigError, NotFoundError
from clf_core.results import Contrast, Explanation, HeatmapLayer, Seen, Trust
from clf_core.settings import Settings
from clf_core.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clf_core.prediction.predictor import Answer

USUAL = HeatmapConfig()


class Explanations(HeatmapDrawing):
    """Heatmaps of a model. ``model_ref`` is a finished run's name or identifier, or ``STARTER``."""

    def __init__(self, models: LoadedModels, workspace: Workspace, settings: Settings) -> None:
        self._models = models
        self._workspace = workspace
        self._limits = settings.limits

    def explain(
        self,
        model_ref: str,
        data: bytes,
        *,
        name: str = "",
        target: str | None = None,
        look: HeatmapConfig = USUAL,
    ) -> Explanation:
        """Return where the model saw evidence for one class in a picture.

        The label and the probabilities are those that prediction gives; only the map comes from torch.

        Args:
            model_ref: which model.
            data: the picture file's bytes.
            name: the picture's file name, for errors.
            target: the class to explain; None for the model's own answer.
            look: how the heatmap is made: a key of ``methods()``, the name of one of ``layers()`` or nothing for the
                recommended one, a key of ``smoothings()``.

        Raises:
            PictureError: the bytes are not a picture that can be decoded.
            NotFoundError: no such class, or no such run.
            ConfigError: no such method, layer or smoothing.
            HeatmapError: the network has no layer that a heatmap can be read from, or not by this method.
            StateError, WeightsUnavailableError: about the model.
        """
        return self.explain_many(model_ref, [(name, data)], target=target, look=look)[0]

    def explain_many(
        self,
        model_ref: str,
        pictures: Sequence[tuple[str, bytes]],
        *,
        target: str | None = None,
        look: HeatmapConfig = USUAL,
    ) -> tuple[Explanation, ...]:
        """Return ``explain`` for several pictures, which go through the network together.

        Args:
            model_ref, target, look: as in ``explain``; without a target, each picture's own answer.
            pictures: name and bytes of each file.

        Raises:
            PictureError, NotFoundError, ConfigError, HeatmapError, StateError, WeightsUnavailableError: as in
                ``explain``.
        """
        import numpy as np

        from clf_core.explanation.methods import require_method, require_smoothing

        require_smoothing(look.smooth, require_method(look.method))  # before the model is loaded
        model = self._models.get(model_ref)
        asked = None if target is None else _known(model, target)
        if not pictures:
            return ()
        seen = [self._prepared(model, name, data) for name, data in pictures]  # [S, S, 3] each
        answers = [model.predictor.answer(one) for one in seen]
        shown = [asked or answer.label for answer in answers]
        classes = model.classifier.spec.classes
        indices = [classes.index(label) for label in shown]
        heatmaps = model.heatmaps.heatmaps(np.stack(seen), indices, look.method, look.layer, look.smooth)  # [N, S, S]
        return tuple(
            Explanation(
                picture=picture,
                heatmap=heatmap,
                target=label,
                target_probability=answer.probabilities[label],
                label=answer.label,
                probability=answer.probability,
                top=answer.top,
                method=look.method,
                layer=look.layer or model.heatmaps.layer,
                empty=not heatmap.any(),
                smooth=look.smooth,
            )
            for picture, heatmap, label, answer in zip(seen, heatmaps, shown, answers, strict=True)
        )

    def explain_path(
        self,
        model_ref: str,
        picture: Path,
        *,
        target: str | None = None,
        look: HeatmapConfig = USUAL,
    ) -> Explanation:
        """Return ``explain`` for a picture file of this machine.

        Args:
            model_ref, target, look: as in ``explain``.
            picture: the file.

        Raises:
            SourceError: the file is missing, may not be read, is no ordinary file or is too large.
            PictureError, NotFoundError, ConfigError, HeatmapError, StateError, WeightsUnavailableError: as in
                ``explain``.
        """
        data = self.read(picture)
        return self.explain(model_ref, data, name=picture.name, target=target, look=look)

    def explain_test_picture(
        self,
        run_ref: str,
        sha256: str,
        *,
        target: str | None = None,
        look: HeatmapConfig = USUAL,
    ) -> Explanation:
        """Return ``explain`` for a picture of the dataset the run was trained on.

        Args:
            run_ref: name or identifier of a finished run.
            sha256: identifier of the picture.
            target, look: as in ``explain``.

        Raises:
            NotFoundError: no such run, picture or class.
            ConfigError, HeatmapError, StateError, WeightsUnavailableError: as in ``explain``.
        """
        data = self._workspace.pictures.read(sha256)
        return self.explain(run_ref, data, target=target, look=look)

    def seen(self, model_ref: str, data: bytes, *, name: str = "") -> Seen:
        """Return what the model saw and says, for any network, whether it gives heatmaps or not.

        Args:
            model_ref, data, name: as in ``explain``.

        Raises:
            PictureError, NotFoundError, StateError, WeightsUnavailableError: as in ``explain``.
        """
        model = self._models.get(model_ref)
        picture = self._prepared(model, name, data)
        answer = model.predictor.answer(picture)
        return Seen(picture=picture, label=answer.label, probability=answer.probability, top=answer.top)

    def contrast(
        self,
        model_ref: str,
        data: bytes,
        a: str | None = None,
        b: str | None = None,
        *,
        name: str = "",
        look: HeatmapConfig = USUAL,
    ) -> Contrast:
        """Return why the model says one class and not another: two maps on one scale, and their difference.

        Args:
            model_ref: which model.
            data: the picture file's bytes.
            a: the class to speak for; None for the model's own answer.
            b: the class to compare with; None for the most probable of the others.
            name: the picture's file name, for errors.
            look: how the heatmaps are made; the method must be one whose maps differ from class to class, and nothing
                is smoothed.

        Raises:
            ConfigError: ``a`` and ``b`` are the same class; no such method or layer; the method's maps are the same
                for every class.
            PictureError, NotFoundError, HeatmapError, StateError, WeightsUnavailableError: as in ``explain``.
        """
        from clf_core.explanation.contrast import in_words, paired_maps

        model = self._models.get(model_ref)
        wanted = [None if one is None else _known(model, one) for one in (a, b)]
        seen = self._prepared(model, name, data)
        answer = model.predictor.answer(seen)
        first, second = _two_classes(answer, *wanted)
        classes = model.classifier.spec.classes
        paired = paired_maps(model.heatmaps, seen, classes.index(first), classes.index(second), look)
        lead = answer.probabilities[first] - answer.probabilities[second]
        return Contrast(
            picture=seen,
            first=first,
            second=second,
            first_probability=answer.probabilities[first],
            second_probability=answer.probabilities[second],
            first_heatmap=paired.first,
            second_heatmap=paired.second,
            difference=paired.difference,
            label=answer.label,
            method=look.method,
            layer=look.layer or model.heatmaps.layer,
            words=in_words(first, second, paired, lead),
        )

    def trust(
        self,
        model_ref: str,
        data: bytes,
        *,
        name: str = "",
        target: str | None = None,
        look: HeatmapConfig = USUAL,
    ) -> Trust:
        """Return how far the heatmap of ``explain`` can be trusted; takes some tens of times as long as it.

        Its bright and its dark places are covered in turn, and the weights are made random.

        Args:
            model_ref, data, name, target, look: as in ``explain``.

        Raises:
            PictureError, NotFoundError, ConfigError, HeatmapError, StateError, WeightsUnavailableError: as in
                ``explain``.
        """
        from clf_core.explanation.methods import require_method, require_smoothing
        from clf_core.explanation.trust import judge

        require_smoothing(look.smooth, require_method(look.method))
        model = self._models.get(model_ref)
        asked = None if target is None else _known(model, target)
        seen = self._prepared(model, name, data)
        label = asked or model.predictor.answer(seen).label
        index = model.classifier.spec.classes.index(label)
        temperature = model.classifier.spec.temperature
        return judge(model.heatmaps, seen, index, label, look, temperature)

    def classes(self, model_ref: str) -> tuple[str, ...]:
        """Return the classes a model knows, any of which may be the ``target`` of ``explain``.

        Raises:
            NotFoundError, StateError, WeightsUnavailableError: about the model.
        """
        return self._models.get(model_ref).classifier.spec.classes

    def layers(self, model_ref: str) -> tuple[HeatmapLayer, ...]:
        """Return the layers of a model that evidence can be read from, the recommended one, the deepest, first.

        Raises:
            HeatmapError: the network has none; says so in words.
            NotFoundError, StateError, WeightsUnavailableError: about the model.
        """
        return self._models.get(model_ref).heatmaps.layers()

    def read(self, picture: Path) -> bytes:
        """Return the bytes of a picture file of this machine.

        Raises:
            SourceError: the file is missing, may not be read, is no ordinary file or is too large.
        """
        from clf_core.importing.source import read_file

        return read_file(picture, self._limits)

    def _prepared(self, model: LoadedModel, name: str, data: bytes) -> "NDArray[np.uint8]":
        with told_with_name(name):
            return model.predictor.prepare(data, self._limits)


def _known(model: LoadedModel, name: str) -> str:
    """A class's name as the model has it: a shell may hand over another Unicode form.

    Raises:
        NotFoundError: it knows no such class.
    """
    normal = unicodedata.normalize("NFC", name)
    if normal not in model.classifier.spec.classes:
        raise NotFoundError(f"The model knows no class called '{normal}'")
    return normal


def _two_classes(answer: "Answer", first: str | None, second: str | None) -> tuple[str, str]:
    """The classes asked for, or the most probable ones.

    Raises:
        ConfigError: they are the same.
    """
    ranked = sorted(answer.probabilities, key=lambda label: -answer.probabilities[label])
    ranked.sort(key=lambda label: label != answer.label)  # the answer first, should costs have decided it
    first = first or next(label for label in ranked if label != second)
    second = second or next(label for label in ranked if label != first)
    if first == second:
        raise ConfigError(
            f"'{first}' cannot be compared with itself", field="b", remedy="Name two classes, or leave the second out"
        )
    return first, second
