"""What is worked out about a finished run beside it, in a process of its own: started, followed, started again.

Parts are made one after another; what a part leaves lies in ``runs/<id>/insights/<part>/``, and beside these folders:

launched.json  the process that was started, and which parts it leaves aside since they failed (Launched)
work.json      how far it is (Work); written by the process itself
work.log       what it printed

A part whose results are there is done, whatever these files say. A part at which its process died failed; the next
start leaves failed parts aside, so that one that needs too much memory neither stops the others nor is tried for ever.
"""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from pydantic import Field

from clf_core.errors import StorageError
from clf_core.files import storage_error, write_json
from clf_core.jobs import process
from clf_core.jobs.background import Background, end, read_note, write_note
from clf_core.results.insights import Insight, Insights
from clf_core.values import Value
from clf_core.workspace.records import ProcessIdentity
from clf_core.workspace.run_directory import RunDirectory

if TYPE_CHECKING:
    from clf_core.prediction.loaded_model import LoadedModel
    from clf_core.workspace import Workspace

INTERRUPTED = "It was interrupted, perhaps because the machine was restarted or ran out of memory. Try it again."
_LOCK_SECONDS = 10.0

Tell = Callable[[int, int], None]
"""Told (steps finished, steps in all), as often as one likes. Raises CancelledError once the run is gone."""


class Part(Protocol):
    """One thing that is worked out about a finished run. Importing its module must load nothing heavy."""

    @property
    def name(self) -> str:
        """Name of its folder: lower-case letters."""

    @property
    def title(self) -> str:
        """For people, such as 'Heatmaps of many pictures'."""

    def done(self, run: RunDirectory) -> bool:
        """Whether its results are there. Asked at every rerun of a page, so cheap."""

    def make(self, run: RunDirectory, workspace: "Workspace", model: "LoadedModel", tell: Tell) -> None:
        """Work it out and write it below ``folder_of(run, name)``, so that ``done`` is true from then on.

        What an earlier attempt left half done may be taken up or written anew.

        Raises:
            ClfError: it cannot be; what, why and remedy are shown.
        """


class Launched(Value):
    """launched.json."""

    worker: ProcessIdentity
    skipped: dict[str, str] = Field(default_factory=dict, description="Part left aside -> why it had failed.")


class Work(Value):
    """work.json."""

    worker: ProcessIdentity
    state: Literal["running", "done"] = "running"
    part: str = Field("", description="Name of the part it is at.")
    done: int = 0
    total: int = 0
    note: str = Field("", description="What it waits for, in words.")
    failed: dict[str, str] = Field(default_factory=dict, description="Part -> why it failed, in words.")


class InsightJobs:
    """Background work on runs. It keeps no memory: all answers come from the files and from the processes there are.

    Args:
        parts: what is worked out, in this order.
    """

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = tuple(parts)
        self._background = Background()

    def start(self, run: RunDirectory, *, again: bool = False) -> None:
        """Start the work on a finished run unless it is done or under way.

        Args:
            run: the run.
            again: try parts that failed once more.

        Raises:
            StorageError: the disk refused.
        """
        import filelock

        folder = run.path / "insights"
        try:
            if not self._open_parts(run, again=again):
                return
            folder.mkdir(exist_ok=True)
            with filelock.FileLock(folder / ".lock", timeout=_LOCK_SECONDS):
                names = self._open_parts(run, again=again)
                if names:
                    self._spawn(run, names, {} if again else self._failures(run))
        except filelock.Timeout as error:
            raise StorageError("The work on this run is just being started by somebody else") from error
        except OSError as error:
            raise storage_error(error, folder) from error

    def state(self, run: RunDirectory) -> Insights:
        """Return where the parts stand."""
        self._background.reap()
        _, work, alive = self._known(run)
        failed = self._failures(run)
        parts = []
        for part in self._parts:
            here = Insight(name=part.name, title=part.title, state="waiting")
            if part.done(run):
                here = here.model_copy(update={"state": "done"})
            elif alive and work is not None and work.part == part.name:
                seen = {"state": "running", "done": work.done, "total": work.total, "note": work.note}
                here = here.model_copy(update=seen)
            elif part.name in failed:
                here = here.model_copy(update={"state": "failed", "note": failed[part.name]})
            parts.append(here)
        return Insights(parts=tuple(parts), running=alive and not (work is not None and work.state == "done"))

    def stop(self, run: RunDirectory) -> None:
        """End the process of a run, if there is one; parts that are done stay."""
        launched = read_note(run.path / "insights" / "launched.json", Launched)
        if launched is not None:
            end(launched.worker)

    def _open_parts(self, run: RunDirectory, *, again: bool) -> list[str]:
        """Names of the parts to make now; none while a process is at it."""
        seen = self.state(run)
        wanted = ("waiting", "failed") if again else ("waiting",)
        return [] if seen.running else [part.name for part in seen.parts if part.state in wanted]

    def _spawn(self, run: RunDirectory, names: list[str], skipped: Mapping[str, str]) -> None:
        folder = run.path / "insights"
        arguments = [str(run.path), *names]
        worker = self._background.start("clf_core.jobs.insight_worker", arguments, folder / "work.log")
        if worker is not None:
            launched = Launched(worker=worker, skipped=dict(skipped))
            write_json(folder / "launched.json", launched.model_dump(mode="json"))

    def _known(self, run: RunDirectory) -> tuple[Launched | None, Work | None, bool]:
        """What was started, what it said (None where it said nothing yet), and whether it lives."""
        folder = run.path / "insights"
        work, launched = read_work(folder), read_note(folder / "launched.json", Launched)
        if work is not None and launched is not None and work.worker != launched.worker:
            # Either of an attempt before the one just launched, or of one not noted yet.
            work = work if process.is_alive(work.worker) else None
        worker = work.worker if work else launched.worker if launched else None
        return launched, work, worker is not None and process.is_alive(worker)

    def _failures(self, run: RunDirectory) -> dict[str, str]:
        """Part -> why it failed, of this attempt and of those before it; that at which a process died among them."""
        launched, work, alive = self._known(run)
        failed = {**(launched.skipped if launched else {}), **(work.failed if work else {})}
        if (launched or work) and not alive and (work is None or work.state == "running"):
            undone = [part.name for part in self._parts if not part.done(run) and part.name not in failed]
            died_at = work.part if work is not None and work.part in undone else next(iter(undone), "")
            if died_at:
                failed[died_at] = INTERRUPTED
        return failed


def folder_of(run: RunDirectory, part: str) -> Path:
    """Return where a part keeps its results; it need not be there yet."""
    return run.path / "insights" / part


def read_work(folder: Path) -> Work | None:
    """What the process said last; None where it said nothing yet."""
    return read_note(folder / "work.json", Work)


def write_work(folder: Path, work: Work) -> None:
    """Say how far the process is.

    Raises:
        StorageError: the disk refused, or the run is gone.
    """
    write_note(folder / "work.json", work, "run")
