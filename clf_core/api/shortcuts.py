"""Whether a model answers by the background rather than by the thing."""

from collections.abc import Callable

from clf_core.api.loaded_models import LoadedModels
from clf_core.api.runs import Runs
from clf_core.results.shortcut import ShortcutExample, ShortcutReport
from clf_core.workspace import Workspace

ShortcutProgress = Callable[[int, int], None]
"""Called with (pictures done, pictures in all)."""


class Shortcuts:
    """The shortcut check of finished runs. It is made in the background with the other insights of a run."""

    def __init__(self, workspace: Workspace, runs: Runs, models: LoadedModels) -> None:
        self._workspace = workspace
        self._runs = runs
        self._models = models

    def report(self, run_ref: str) -> ShortcutReport | None:
        """Return what the check found; None where it was not made yet.

        Raises:
            NotFoundError: no such run.
            StateError: the run is not done.
        """
        from clf_core.jobs.shortcut_part import store_of

        return store_of(self._runs.finished(run_ref)).report()

    def examples(self, run_ref: str) -> tuple[ShortcutExample, ...]:
        """Return pictures that show the finding, the plainest first; none where the check was not made yet.

        Raises:
            NotFoundError: no such run.
            StateError: the run is not done.
        """
        from clf_core.jobs.shortcut_part import store_of

        return store_of(self._runs.finished(run_ref)).examples()

    def check(self, run_ref: str, progress: ShortcutProgress | None = None) -> ShortcutReport:
        """Make the check now, in this process, unless it was made; return what it found.

        Takes about half a minute on two cores, most of it for the heatmaps of at most 400 validation pictures.

        Args:
            run_ref: name or identifier of a finished run.
            progress: told how far it is.

        Raises:
            NotFoundError: no such run.
            StateError: the run is not done.
            StorageError: the disk refused.
            WeightsUnavailableError: the network is not on this machine and cannot be fetched.
        """
        from clf_core.jobs.shortcut_part import check, store_of

        run = self._runs.finished(run_ref)
        store = store_of(run)
        report = store.report()
        if report is None:
            report, examples = check(run, self._workspace, self._models.get(run_ref), progress)
            store.write(report, examples)
        return report
