"""``python -m clf_core.jobs.health_worker WORKSPACE DATASET_ID VERSION``: the slow checks of one dataset version.

It runs at low priority, one of a workspace at a time, says in work.json how far it is, and ends by itself.
"""

import logging
import os
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from clf_core.errors import CancelledError, ClfError, PictureError, StorageError
from clf_core.files import storage_error
from clf_core.jobs import process
from clf_core.jobs.health import Work, write_work
from clf_core.training.callbacks import SilentCallbacks
from clf_core.workspace import Workspace
from clf_core.workspace.health import Checks, HealthStore

if TYPE_CHECKING:
    import filelock
    import numpy as np
    from numpy.typing import NDArray

    from clf_core.models.runtime import FeatureRuntime
    from clf_core.workspace.features import FeatureStore

_log = logging.getLogger(__name__)

_NICE = 15
_SECONDS_BETWEEN_WORDS = 0.5
_SECONDS_BETWEEN_LOOKS = 0.5
_SHARD = 512
"""Pictures whose features are stored together: what a kill can cost is a second of work."""


def main(arguments: list[str]) -> int:
    """Check the version; the exit status is 0 when it is done or there is a newer one."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if len(arguments) != 3 or not arguments[2].isdigit():
        sys.stderr.write("usage: python -m clf_core.jobs.health_worker WORKSPACE DATASET_ID VERSION\n")
        return 2
    with suppress(AttributeError, OSError):  # Windows has no such thing
        os.nice(_NICE)
    return _HealthWorker(Workspace(Path(arguments[0])), arguments[1], int(arguments[2])).work()


class _HealthWorker(SilentCallbacks):
    """Takes one version from its pictures to its findings."""

    def __init__(self, workspace: Workspace, identifier: str, version: int) -> None:
        self._workspace = workspace
        self._identifier = identifier
        self._version = version
        self._store = HealthStore(workspace.datasets)
        self._folder = self._store.work_folder(identifier)
        self._work = Work(version=version, worker=process.current())
        self._said = 0.0
        self._looked = time.monotonic()

    def work(self) -> int:
        """Do the checks; whatever happens, the last thing written says how it went."""
        import filelock

        try:
            self._folder.mkdir(exist_ok=True)
            self._say(force=True)
            lock = filelock.FileLock(self._workspace.root / "checks.lock", blocking=False)
            with self._our_turn(lock):
                self._check()
        except CancelledError:
            self._say(state="done", force=True)
            return 0
        except Exception as error:  # noqa: BLE001 - the last stop: whatever it was must reach the person
            _log.exception("The check failed")
            with suppress(StorageError):
                self._say(state="failed", note=_in_words(error), force=True)
            return 1
        self._say(state="done", force=True)
        return 0

    def check_cancelled(self) -> None:
        """Raise once there is a newer version: nobody will ask for this one any more.

        Raises:
            CancelledError: there is one, or the dataset is gone.
        """
        now = time.monotonic()
        if now - self._looked < _SECONDS_BETWEEN_LOOKS:
            return
        self._looked = now
        newer = self._workspace.datasets.version_path(self._identifier, self._version + 1, "json")
        if newer.exists() or not newer.parent.is_dir():
            raise CancelledError("There is a newer version")

    def _our_turn(self, lock: "filelock.BaseFileLock") -> "filelock.AcquireReturnProxy[filelock.BaseFileLock]":
        """Wait for the checks of other datasets: side by side they would only fill the memory."""
        import filelock

        while True:
            try:
                return lock.acquire(blocking=False)
            except filelock.Timeout:
                self._say(note="Waits for the check of another dataset")
                time.sleep(_SECONDS_BETWEEN_LOOKS)
                self.check_cancelled()
            except OSError as error:
                raise storage_error(error, Path(lock.lock_file)) from error

    def _check(self) -> None:
        import numpy as np

        from clf_core.health.slow import chosen_places, slow_checks
        from clf_core.health.survey import Survey

        datasets = self._workspace.datasets
        manifest = datasets.manifest(self._identifier, self._version)
        places = chosen_places(manifest)
        sha256 = manifest.column("sha256")
        keys = [sha256[row] for row in np.flatnonzero(manifest.in_use)[places].tolist()]
        self._say(note="", done=0, total=len(keys), force=True)
        features = self._features(keys)
        readable = np.array([key in features for key in keys], dtype=np.bool_)
        table = np.stack([features[key] for key in keys if key in features])
        dataset = datasets.find(self._identifier, self._version)
        facts = datasets.facts(self._identifier)
        survey = Survey.of(manifest, facts, searched=dataset.split_config.keep_copies_together)
        made = slow_checks(survey, places[readable], table, self.check_cancelled)
        self.check_cancelled()
        note = _note(len(survey), len(keys), int((~readable).sum()))
        checks = Checks(tuple(made.found), made.leak, len(table), note)
        self._store.write(self._identifier, self._version, "slow", checks)

    def _features(self, keys: list[str]) -> "dict[str, NDArray[np.float32]]":
        """Key -> [D] of every picture that can be read; only those of which it is not known are computed."""
        from clf_core import device
        from clf_core.config import DEFAULT_BACKBONE
        from clf_core.models.runtime import open_runtime
        from clf_core.workspace.features import FeatureStore

        backbone = self._workspace.backbones.ensure(DEFAULT_BACKBONE, lambda text: self._say(note=text, force=True))
        store = FeatureStore(
            self._workspace.root / "features", backbone.spec.weights_sha256, backbone.spec.preprocessing
        )
        features, missing = store.get(keys)
        runtime = open_runtime(backbone, device.choose("auto")) if missing else None
        done = len(keys) - len(missing)
        self._say(note="", done=done, force=True)
        for start in range(0, len(missing) if runtime else 0, _SHARD):
            part = missing[start : start + _SHARD]
            features.update(self._compute(part, runtime, store))
            self.check_cancelled()
            self._say(done=done + start + len(part))
        if not features:
            raise StorageError("No picture of this dataset can be read any more")
        return features

    def _compute(
        self, keys: list[str], runtime: "FeatureRuntime | None", store: "FeatureStore"
    ) -> "dict[str, NDArray[np.float32]]":
        import numpy as np

        from clf_core.config import ImportLimits
        from clf_core.training.features import extract_features

        if runtime is None:
            return {}
        read, limits = self._workspace.pictures.read, ImportLimits()
        try:
            table = extract_features(keys, read, runtime, self, limits)
        except PictureError:  # one of them can no longer be read; the others still tell something
            rows: dict[str, NDArray[np.float32]] = {}
            for key in keys:
                with suppress(PictureError):
                    rows[key] = extract_features([key], read, runtime, self, limits)[0]
            keys, table = list(rows), np.array(list(rows.values()), dtype=np.float32)
        store.put(keys, table)
        return dict(zip(keys, table, strict=True))

    def _say(self, *, force: bool = False, **changes: object) -> None:
        self._work = self._work.model_copy(update=changes)
        now = time.monotonic()
        if force or now - self._said >= _SECONDS_BETWEEN_WORDS:
            self._said = now
            write_work(self._folder, self._work)


def _note(pictures: int, looked_at: int, unreadable: int) -> str:
    parts = []
    if looked_at < pictures:
        parts.append(f"Of {pictures:,} pictures a random {looked_at:,} were looked at for wrong labels and outliers.")
    if unreadable:
        parts.append(f"{unreadable:,} stored {'picture' if unreadable == 1 else 'pictures'} can no longer be read.")
    return " ".join(parts)


def _in_words(error: Exception) -> str:
    if isinstance(error, ClfError):
        return str(error)
    if isinstance(error, MemoryError):
        return "The machine ran out of memory. Close other programs, then start the check again."
    return f"The check failed through a fault of the studio ({type(error).__name__}: {error})."


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
