"""Part of the background work on a run: the features of the pictures it learned from and chose by.

insights/features/val.npz     of the validation pictures
insights/features/train.npz   of the training pictures; written last, so its presence means that both are there

Each is a table of ``evaluation.nearest``.
"""

from contextlib import suppress
from typing import TYPE_CHECKING

from clf_core.errors import DatasetError, PictureError
from clf_core.jobs.insights import Tell, folder_of
from clf_core.training.callbacks import SilentCallbacks
from clf_core.values import Split

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clf_core.data.manifest import ManifestRows
    from clf_core.evaluation.nearest import FeatureTable
    from clf_core.prediction.loaded_model import LoadedModel
    from clf_core.workspace import Workspace
    from clf_core.workspace.run_directory import RunDirectory

MOST = 20_000
"""Pictures of a split whose features are kept, at most: 100 MB for features of 1,280 numbers."""

_ORDER: tuple[Split, ...] = ("val", "train")

_SHARD = 256
"""Pictures that go through the network together; one that cannot be read costs its shard a second, slower pass."""


class Features:
    """Computes them with the compiled network; those known from the health check are not computed again."""

    name = "features"
    title = "What the network makes of the training pictures"

    def done(self, run: "RunDirectory") -> bool:
        """Whether both tables are there."""
        return (folder_of(run, self.name) / "train.npz").is_file()

    def make(self, run: "RunDirectory", workspace: "Workspace", model: "LoadedModel", tell: Tell) -> None:
        """Compute both tables.

        Raises:
            DatasetError: no training picture can be read any more.
            ClfError: about the dataset, the model or the disk.
        """
        from clf_core.evaluation.nearest import write_features

        manifest = workspace.datasets.manifest(run.record.dataset_id, run.record.version)
        keys = {split: _kept(manifest.select(split)) for split in _ORDER}
        maker = _Maker(workspace, model, tell, sum(len(listed) for listed in keys.values()))
        for split, listed in keys.items():
            table = maker.table(listed)
            if split == "train" and not table.keys:
                raise DatasetError("The training pictures of this run can no longer be read")
            write_features(folder_of(run, self.name) / f"{split}.npz", table)


def _kept(rows: "ManifestRows") -> list[str]:
    """The pictures of a split whose features are kept, each once."""
    from clf_core.evaluation.nearest import chosen_evenly

    return list(dict.fromkeys(rows.sha256[row] for row in chosen_evenly(rows.label_index, MOST).tolist()))


class _Maker(SilentCallbacks):
    """Computes tables of features, and tells how far it is over all of them."""

    def __init__(self, workspace: "Workspace", model: "LoadedModel", tell: Tell, total: int) -> None:
        self._workspace = workspace
        self._model = model
        self._tell = tell
        self._total = total
        self._before = 0

    def progress(self, done: int) -> None:
        """So many pictures of the present shard are done."""
        self._tell(self._before + done, self._total)

    def table(self, keys: list[str]) -> "FeatureTable":
        """The features of those pictures that can be read, in the order given."""
        import numpy as np

        from clf_core.evaluation.nearest import FeatureTable

        rows = self._known(keys)
        missing = [key for key in keys if key not in rows]
        self._before += len(keys) - len(missing)
        for start in range(0, len(missing), _SHARD):
            shard = missing[start : start + _SHARD]
            rows.update(self._computed(shard))
            self._before += len(shard)
        readable = tuple(key for key in keys if key in rows)
        features = np.empty((len(readable), self._model.classifier.spec.feature_dim), dtype=np.float32)
        for place, key in enumerate(readable):
            features[place] = rows[key]
        return FeatureTable(readable, features)

    def _known(self, keys: list[str]) -> "dict[str, NDArray[np.float32]]":
        """What the health check computed with the same network and the same preparation."""
        from clf_core.workspace.features import FeatureStore

        spec = self._model.classifier.spec
        return FeatureStore(self._workspace.root / "features", spec.weights_sha256, spec.preprocessing).get(keys)[0]

    def _computed(self, keys: list[str]) -> "dict[str, NDArray[np.float32]]":
        """Features of a shard; where one picture cannot be read, the others are computed one by one."""
        try:
            return dict(zip(keys, self._extract(keys), strict=True))
        except PictureError:
            rows: dict[str, NDArray[np.float32]] = {}
            for key in keys:
                with suppress(PictureError):
                    rows[key] = self._extract([key])[0]
            return rows

    def _extract(self, keys: list[str]) -> "NDArray[np.float32]":
        """[N, D] float32."""
        from clf_core.training.features import extract_features

        model, read = self._model, self._workspace.pictures.read
        return extract_features(keys, read, model.runtime, self, model.limits, model.classifier.spec.preprocessing)
