"""How pictures are made ready for the network, shown on a person's own pictures."""

from functools import lru_cache
from typing import TYPE_CHECKING

from clf_core.config import DEFAULT_BACKBONE, AugmentConfig, Fit, Preprocessing
from clf_core.results import AugmentPreset, AugmentSuggestion, PreparedExample
from clf_core.settings import Settings
from clf_core.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clf_core.data.decoding import Decoded

_PRESETS = (
    ("none", "None", "Pictures as they are. The quickest, and a good start: this network has seen millions already."),
    ("light", "Light", "Mirrored, a little enlarged, a little lighter or darker. For photos taken much alike."),
    (
        "standard",
        "Standard",
        "Turned by up to 10 degrees and recoloured as well. For photos taken by different people.",
    ),
    (
        "strong",
        "Strong",
        "Much enlarged, blurred, grainy and partly covered. For rough conditions; it may cost accuracy.",
    ),
)

_USUAL = Preprocessing(mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))
"""Stands for a network that is not on this machine yet; the default network's own values."""


class Preparations:
    """Before and after, and variants, of stored pictures; with the same code that trains and predicts."""

    def __init__(self, workspace: Workspace, settings: Settings) -> None:
        self._workspace = workspace
        self._settings = settings
        # A person plays with the switches on one picture: it is decoded once.
        self._decoded = lru_cache(maxsize=4)(self._decode)

    def presets(self) -> tuple[AugmentPreset, ...]:
        """Return the presets of variants with their words, from the least change to the most."""
        return tuple(
            AugmentPreset(
                key=key,
                name=name,
                description=text,
                augment=AugmentConfig.model_validate({"preset": key}).resolved(),
            )
            for key, name, text in _PRESETS
        )

    def suggest(self, ref: str) -> AugmentSuggestion:
        """Return which variants suit a dataset, and why, by the names of its classes.

        Raises:
            NotFoundError: no such dataset.
        """
        from clf_core.data.mirroring import suggest

        return suggest(tuple(self._workspace.datasets.find(ref).classes))

    def before_after(self, sha256: str, *, fit: Fit = "crop", backbone: str = DEFAULT_BACKBONE) -> PreparedExample:
        """Return a stored picture before and after it was made ready.

        Args:
            sha256: identifier of the picture.
            fit: how it becomes a square.
            backbone: for which network.

        Raises:
            NotFoundError: no picture of that identifier.
            PictureError: it can no longer be decoded.
        """
        import numpy as np

        from clf_core.data.transforms import mean_colour, seen_box, shrunk, to_input
        from clf_core.results.preparation import PREVIEW_SIDE

        preprocessing, exact = self._preprocessing(fit, backbone)
        decoded = self._decoded(sha256, preprocessing.resize_size)
        width, height = decoded.picture.size
        left, top, right, bottom = seen_box(decoded.picture.size, preprocessing)
        pixels = to_input(decoded.picture, preprocessing)
        values = (pixels / 255 - np.array(preprocessing.mean)) / np.array(preprocessing.std)  # [S, S, 3]
        low, high = float(values.min()), float(values.max())
        visible = (values - low) / max(high - low, 1e-9) * 255
        return PreparedExample(
            picture=shrunk(decoded.picture, PREVIEW_SIDE),
            width=decoded.width,
            height=decoded.height,
            seen=(left / width, top / height, right / width, bottom / height),
            input=pixels,
            normalised=np.rint(visible).astype(np.uint8),
            low=low,
            high=high,
            mean=float(values.mean()),
            bars=mean_colour(preprocessing),
            exact=exact,
        )

    def variants(
        self,
        sha256: str,
        augment: AugmentConfig,
        *,
        count: int = 9,
        seed: int = 0,
        fit: Fit = "crop",
        backbone: str = DEFAULT_BACKBONE,
    ) -> "list[NDArray[np.uint8]]":
        """Return variants of a stored picture, the very ones that a training with these settings learns from.

        Args:
            sha256: identifier of the picture.
            augment: how they are changed.
            count: how many; a training with ``views`` = 3 uses the first three.
            seed: of the training.
            fit: how a picture becomes a square.
            backbone: for which network.

        Returns:
            ``count`` arrays [S, S, 3] uint8.

        Raises:
            NotFoundError: no picture of that identifier.
            PictureError: it can no longer be decoded.
        """
        from clf_core.data.augmentation import variant

        preprocessing, _ = self._preprocessing(fit, backbone)
        picture = self._decoded(sha256, preprocessing.resize_size).picture
        return [
            variant(picture, preprocessing, augment, sha256=sha256, view=view, seed=seed)
            for view in range(1, count + 1)
        ]

    def _preprocessing(self, fit: Fit, backbone: str) -> tuple[Preprocessing, bool]:
        """How this network wants its pictures, and whether that is known for certain."""
        spec = self._workspace.backbones.spec(backbone)
        known = spec.preprocessing if spec is not None else _USUAL
        return known.model_copy(update={"fit": fit}), spec is not None or backbone == DEFAULT_BACKBONE

    def _decode(self, sha256: str, resize_size: int) -> "Decoded":
        from clf_core.data.decoding import decode_with_facts
        from clf_core.data.loading import scale_needed

        data = self._workspace.pictures.read(sha256)
        return decode_with_facts(data, self._settings.limits, at_least=scale_needed(resize_size))
