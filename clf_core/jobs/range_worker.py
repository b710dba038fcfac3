"""``python -m clf_core.jobs.range_worker DIR``: tests learning rates as the directory says, and writes what it found.

A range test's directory is like that of a run, so that progress and cancelling work as they do there.
"""

import logging
import sys
import time
from pathlib import Path

from clf_core.errors import CancelledError
from clf_core.jobs import process
from clf_core.jobs.event_callbacks import EventCallbacks
from clf_core.jobs.failure import in_words
from clf_core.jobs.presets import find_rate
from clf_core.results import ErrorWords, RunState
from clf_core.workspace import Workspace
from clf_core.workspace.records import RunStatus
from clf_core.workspace.run_directory import RunDirectory

_log = logging.getLogger(__name__)


def main(arguments: list[str]) -> int:
    """Do the test; the exit status is 0 when it is done or was cancelled."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if len(arguments) != 1 or not Path(arguments[0], "run.json").is_file():
        sys.stderr.write("usage: python -m clf_core.jobs.range_worker DIR\n")
        return 2
    test, began = RunDirectory(Path(arguments[0]).absolute()), time.monotonic()
    status = RunStatus(state="running", worker=process.current(), began=time.time(), ticks=began)

    def end(state: RunState, error: ErrorWords | None = None) -> None:
        test.clear_scratch()
        seconds = time.monotonic() - began
        test.write_status(status.model_copy(update={"state": state, "error": error, "seconds": seconds}))

    try:
        test.write_status(status)
        _find(test)
    except CancelledError:
        end("cancelled")
    except Exception as error:  # noqa: BLE001 - the last stop: whatever it was must reach the person
        _log.exception("The range test failed")
        end("failed", in_words(error))
        return 1
    else:
        end("done")
    return 0


def _find(test: RunDirectory) -> None:
    events = EventCallbacks(test)
    events.stage("prepare", 0)
    events.check_cancelled()
    workspace = Workspace(test.path.parent.parent)
    manifest = workspace.datasets.manifest(test.record.dataset_id, test.record.version)
    test.write_range_report(find_rate(test, workspace, manifest, events))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
