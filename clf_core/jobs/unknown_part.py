"""Part of the background work on a run: what tells a picture that looks like nothing it has learned from.

insights/unknown/references.npz   the training pictures as the network sees them (``evaluation.unknown``)
insights/unknown/alarms.json      from which distance on a picture counts as unknown, and how often known ones do
                                  (AlarmReport); written last, so its presence means that all is there
"""

from contextlib import suppress
from typing import TYPE_CHECKING

from pydantic import ValidationError

from clf_core.errors import PictureError
from clf_core.jobs.insights import Tell, folder_of
from clf_core.results.doubt import AlarmReport
from clf_core.training.callbacks import SilentCallbacks

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import NDArray

    from clf_core.evaluation.unknown import References
    from clf_core.prediction.loaded_model import LoadedModel
    from clf_core.workspace import Workspace
    from clf_core.workspace.run_directory import RunDirectory

MOST_TESTED = 2_000
"""Test pictures on which false alarms are counted: enough for an interval of two percentage points."""

_SHARD = 256
"""Pictures that go through the network together; one that cannot be read costs its shard a second, slower pass."""


class Unknown:
    """Compares with the features that the part before it computed; needs the network for the test pictures only."""

    name = "unknown"
    title = "What tells a picture of something else"

    def done(self, run: "RunDirectory") -> bool:
        """Whether the results are there and can be read."""
        return read_alarms(run) is not None

    def make(self, run: "RunDirectory", workspace: "Workspace", model: "LoadedModel", tell: Tell) -> None:
        """Choose the limit on the validation pictures, then count false alarms on the test pictures.

        Raises:
            NotFoundError: the features are not worked out.
            ClfError: about the dataset, the model or the disk.
        """
        from clf_core.evaluation.nearest import chosen_evenly, read_features
        from clf_core.evaluation.unknown import References, alarm_report, write_references
        from clf_core.files import write_json

        features = folder_of(run, "features")
        references = References.of(read_features(features / "train.npz").features)
        val = references.distances(read_features(features / "val.npz").features)
        rows = workspace.datasets.manifest(run.record.dataset_id, run.record.version).select("test")
        keys = [rows.sha256[row] for row in chosen_evenly(rows.label_index, MOST_TESTED).tolist()]
        test = references.distances(_Maker(workspace, model, tell).features(keys))
        folder = folder_of(run, self.name)
        write_references(folder / "references.npz", references)
        write_json(folder / "alarms.json", alarm_report(references, val, test).model_dump(mode="json"))


def read_alarms(run: "RunDirectory") -> AlarmReport | None:
    """What is known of false alarms; None until it is worked out, and where it is damaged: it can be had again."""
    try:
        return AlarmReport.model_validate_json((folder_of(run, Unknown.name) / "alarms.json").read_bytes())
    except (OSError, ValidationError):
        return None


def read_references(run: "RunDirectory") -> "References | None":
    """What the run learned from; None until it is worked out.

    Where it cannot be read, the other file is taken away, so that the background work makes both anew.
    """
    from clf_core.evaluation import unknown

    folder = folder_of(run, Unknown.name)
    references = unknown.read_references(folder / "references.npz")
    if references is None:
        with suppress(OSError):  # on a disk that cannot be written it stays as it is
            (folder / "alarms.json").unlink(missing_ok=True)
    return references


class _Maker(SilentCallbacks):
    """Computes features, and tells how far it is."""

    def __init__(self, workspace: "Workspace", model: "LoadedModel", tell: Tell) -> None:
        self._workspace = workspace
        self._model = model
        self._tell = tell
        self._before = 0
        self._total = 0

    def progress(self, done: int) -> None:
        """So many pictures of the present shard are done."""
        self._tell(self._before + done, self._total)

    def features(self, keys: "Sequence[str]") -> "NDArray[np.float32]":
        """[N, D] float32 of those pictures that can be read."""
        import numpy as np

        self._total = len(keys)
        parts = [np.zeros((0, self._model.classifier.spec.feature_dim), dtype=np.float32)]
        for start in range(0, len(keys), _SHARD):
            shard = list(dict.fromkeys(keys[start : start + _SHARD]))
            try:
                parts.append(self._extract(shard))
            except PictureError:  # one can no longer be read; the others still count
                for key in shard:
                    with suppress(PictureError):
                        parts.append(self._extract([key]))
            self._before = start + len(shard)
        return np.concatenate(parts)

    def _extract(self, keys: "Sequence[str]") -> "NDArray[np.float32]":
        from clf_core.training.features import extract_features

        model, read = self._model, self._workspace.pictures.read
        return extract_features(keys, read, model.runtime, self, model.limits, model.classifier.spec.preprocessing)
