"""What is worked out about a finished run in the background, and what it shows."""

import hashlib
import re
import threading
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

from clf_core.api.loaded_models import LoadedModels
from clf_core.api.pictures import told_with_name
from clf_core.api.runs import Runs
from clf_core.errors import NotFoundError, StorageError
from clf_core.jobs.insight_worker import PARTS
from clf_core.jobs.insights import InsightJobs, folder_of
from clf_core.results.insights import HeatmapGallery, Insights, Nearest, Neighbour
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from clf_core.evaluation.nearest import FeatureTable

_FILE = re.compile(r"[0-9a-z][0-9a-z-]{0,99}\.webp")
_KEPT = 2
"""Tables of features in memory, 100 MB each at most."""

_RIVALS = 3


@dataclass(frozen=True)
class _Learned:
    """The training pictures of a run as the network sees them; all lists are in the order of the table."""

    table: "FeatureTable"
    labels: tuple[str, ...]
    names: tuple[str, ...]
    groups: tuple[str, ...]
    known: int  # training pictures in all


class RunInsights:
    """Background work on the runs of one workspace. ``run_ref`` is a finished run's name or identifier.

    The work is a process of its own for each run and goes on when this one ends. Nothing waits for it: what is not
    worked out yet is None.
    """

    def __init__(self, workspace: Workspace, runs: Runs, models: LoadedModels) -> None:
        self._workspace = workspace
        self._runs = runs
        self._models = models
        self._jobs = InsightJobs(PARTS)
        self._learned: OrderedDict[str, _Learned] = OrderedDict()
        self._lock = threading.Lock()

    def start(self, run_ref: str, *, again: bool = False) -> Insights:
        """Start the work at low priority unless it is done or under way, and return where it stands.

        Cheap enough to call at every rerun of a page.

        Args:
            run_ref: which run.
            again: try parts that failed once more.

        Raises:
            NotFoundError: no such run.
            StateError: the run is not done.
            StorageError: the disk refused.
        """
        run = self._runs.finished(run_ref)
        self._jobs.start(run, again=again)
        return self._jobs.state(run)

    def state(self, run_ref: str) -> Insights:
        """Return where the work stands.

        Raises:
            NotFoundError: no such run.
            StateError: the run is not done.
        """
        return self._jobs.state(self._runs.finished(run_ref))

    def stop(self, run_ref: str) -> None:
        """End the process that works on a run; what it finished stays.

        Raises:
            NotFoundError: no such run.
            StateError: the run is not done.
        """
        self._jobs.stop(self._runs.finished(run_ref))

    def nearest(self, run_ref: str, data: bytes, *, name: str = "", count: int = 6) -> Nearest | None:
        """Return the training pictures most like a picture, as the network sees it; None until that can be said.

        Args:
            run_ref: whose network and whose training pictures.
            data: the picture file's bytes.
            name: its file name, for errors.
            count: so many at most.

        Raises:
            NotFoundError: no such run.
            PictureError: the bytes are not a picture that can be decoded.
            StateError, StorageError, WeightsUnavailableError: about the run and its model.
        """
        from clf_core.evaluation.nearest import nearest

        run = self._runs.finished(run_ref)
        learned = self._remembered(run)
        if learned is None:
            return None
        model = self._models.get(run_ref)
        with told_with_name(name):
            seen = model.predictor.prepare(data)  # [S, S, 3]
        top = model.predictor.answer(seen).top
        similarities = learned.table.similarities(model.runtime.features(seen[None])[0])  # [N]
        neighbours = _neighbours(learned, similarities, nearest(similarities, learned.groups, count))
        rival = top[1].name
        return Nearest(
            answer=top[0].name,
            neighbours=neighbours,
            rival=rival,
            rivals=_nearest_of(learned, similarities, rival),
            agreeing=sum(neighbour.label == top[0].name for neighbour in neighbours),
            learned_from=hashlib.sha256(data).hexdigest() in learned.table.keys,
            searched=len(learned.table.keys),
            known=learned.known,
        )

    def gallery(self, run_ref: str) -> HeatmapGallery | None:
        """Return the heatmaps drawn so far; None before the first.

        Raises:
            NotFoundError: no such run.
            StateError: the run is not done.
        """
        from clf_core.jobs.gallery_part import gallery_so_far

        return gallery_so_far(folder_of(self._runs.finished(run_ref), "gallery"))

    def picture(self, run_ref: str, part: str, name: str) -> bytes:
        """Return a picture that a part has drawn, a WebP file.

        Args:
            run_ref: which run.
            part: name of the part, such as 'gallery'.
            name: as the part's results give it.

        Raises:
            NotFoundError: no such run, part or picture.
            StateError: the run is not done.
            StorageError: the disk refused.
        """
        run = self._runs.finished(run_ref)
        if part not in {known.name for known in PARTS} or not _FILE.fullmatch(name):
            raise NotFoundError("There is no such picture")
        try:
            return (folder_of(run, part) / name).read_bytes()
        except FileNotFoundError:
            raise NotFoundError("There is no such picture") from None
        except OSError as error:
            raise StorageError("A drawn picture cannot be read", why=error.strerror or str(error)) from error

    def _remembered(self, run: RunDirectory) -> _Learned | None:
        """The training pictures as the network sees them; None while that is not worked out."""
        path = folder_of(run, "features") / "train.npz"
        with self._lock:
            learned = self._learned.get(run.record.id)
            if learned is None:
                if not path.is_file():
                    return None
                learned = self._learned[run.record.id] = self._read(run)
            self._learned.move_to_end(run.record.id)
            while len(self._learned) > _KEPT:
                self._learned.popitem(last=False)
        return learned

    def _read(self, run: RunDirectory) -> _Learned:
        from clf_core.evaluation.nearest import read_features

        table = read_features(folder_of(run, "features") / "train.npz")
        manifest = self._workspace.datasets.manifest(run.record.dataset_id, run.record.version)
        rows = manifest.select("train")
        place = {key: row for row, key in reversed(list(enumerate(rows.sha256)))}
        at = [place[key] for key in table.keys]
        return _Learned(
            table=table,
            labels=tuple(manifest.classes[int(rows.label_index[row])] for row in at),
            names=tuple(rows.source_name[row] for row in at),
            groups=tuple(rows.group[row] for row in at),
            known=len(place),
        )


def _neighbours(
    learned: _Learned, similarities: "NDArray[np.float32]", places: "NDArray[np.int64]"
) -> tuple[Neighbour, ...]:
    return tuple(
        Neighbour(
            sha256=learned.table.keys[place],
            label=learned.labels[place],
            source_name=learned.names[place],
            similarity=float(similarities[place]),
        )
        for place in places.tolist()
    )


def _nearest_of(learned: _Learned, similarities: "NDArray[np.float32]", label: str) -> tuple[Neighbour, ...]:
    """The nearest pictures of one class."""
    import numpy as np

    from clf_core.evaluation.nearest import nearest

    places = np.flatnonzero([known == label for known in learned.labels])
    chosen = nearest(similarities[places], [learned.groups[place] for place in places.tolist()], _RIVALS)
    return _neighbours(learned, similarities, places[chosen])
