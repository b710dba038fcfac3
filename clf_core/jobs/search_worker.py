"""``python -m clf_core.jobs.search_worker SEARCH_DIR``: tries settings within its budget, then trains the best.

It writes only into the directory of its search, and at the end makes one run. Its trials are trained by processes of
its own (``trial_team``) that end when it does; it may be killed at any time and gone on with.
"""

import logging
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from clf_core.config import TrainConfig, settings_of
from clf_core.device import cpu_count
from clf_core.errors import ClfError, DatasetError
from clf_core.jobs import process
from clf_core.jobs.local import QUEUE_VARIABLE, SHARING_VARIABLE, LocalLauncher
from clf_core.jobs.search_words import EXHAUSTED, all_failed, in_words
from clf_core.jobs.trial_notes import TrialNote
from clf_core.jobs.trial_team import TrialTeam
from clf_core.metrics.intervals import wilson_interval
from clf_core.results import Trial
from clf_core.training.search_judgement import Judgement, best_trial
from clf_core.training.search_space import Space
from clf_core.workspace import Workspace
from clf_core.workspace.search_directory import SearchDirectory, SearchStatus

if TYPE_CHECKING:
    from clf_core.jobs.search_study import SearchStudy

_log = logging.getLogger(__name__)

_WAIT_SECONDS = 0.1
_SECONDS_BETWEEN_WORDS = 1.0
_HOPELESS = 5
"""So many failures without a single success, and the search gives up."""


def main(arguments: list[str]) -> int:
    """Do the search in the directory given; the exit status is 0 unless it failed."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if len(arguments) != 1 or not Path(arguments[0], "search.json").is_file():
        sys.stderr.write("usage: python -m clf_core.jobs.search_worker SEARCH_DIR\n")
        return 2
    import filelock

    search = SearchDirectory(Path(arguments[0]).absolute())
    try:
        with filelock.FileLock(search.path / "worker.lock", blocking=False):
            exit_status = _SearchWorker(search).work()
    except filelock.Timeout:
        return 0  # another process is at it
    if QUEUE_VARIABLE in os.environ:
        _start_next(search)
    return exit_status


class _SearchWorker:
    """Takes one search from where it stands to its end, and says in status.json how it went."""

    def __init__(self, search: SearchDirectory) -> None:
        self._search = search
        self._config = search.config()
        self._workspace = Workspace(search.path.parent.parent)
        self._started = time.monotonic()
        before = search.status()
        self._before = before.seconds if before else 0.0
        self._status = (before or SearchStatus(state="running", worker=process.current())).model_copy(
            update={"state": "running", "worker": process.current(), "error": None}
        )
        self._trials = {trial.number: trial for trial in search.trials()}
        self._keys: dict[int, int] = {}  # our number -> the study's
        self._began: dict[int, float] = {}
        sharing = int(os.environ.get(SHARING_VARIABLE, "1"))
        self._team = TrialTeam(search, slots_of(self._config.slots, sharing), sharing)
        self._said = 0.0

    def work(self) -> int:
        """Search; whatever happens, the last thing written is a final status."""
        try:
            self._say(force=True)
            reason = self._try_settings()
            if reason != "cancel":
                self._train_the_winner()
        except Exception as error:  # noqa: BLE001 - the last stop: whatever it was must reach the person
            _log.exception("The search failed")
            self._say(state="failed", error=in_words(error), force=True)
            return 1
        finally:
            self._team.close()
        self._search.remove_shared()
        self._say(state="cancelled" if reason == "cancel" else "done", force=True)
        return 0

    def _try_settings(self) -> Literal["budget", "exhausted", "stop", "cancel"]:
        """Try settings until something ends it; return what."""
        from clf_core.jobs.search_study import SearchStudy

        space = Space(self._config, self._config.backbones or self._backbones())
        study = SearchStudy(self._search.journal_path, self._config, space)
        self._note_what_was_left(study)
        exhausted = False
        while True:
            over = self._search.wish() or self._time_is_up()
            if over:
                self._cut_everything(study)
                return over
            while not exhausted and self._team.has_room() and self._has_budget_for_another():
                exhausted = not self._begin(study)
            if not self._team.at_work:
                if exhausted:
                    self._say(messages=(*self._status.messages, EXHAUSTED), force=True)
                return "exhausted" if exhausted else "budget"
            self._listen(study)
            self._say()

    def _backbones(self) -> tuple[str, ...]:
        """Networks on this machine, the one to begin from first."""
        base = self._config.base.backbone
        return tuple(dict.fromkeys([base, *self._workspace.backbones.names()]))

    def _note_what_was_left(self, study: "SearchStudy") -> None:
        """Trials of a process that was killed are closed here; the study asks for them again."""
        for trial in self._trials.values():
            if trial.state == "running":
                self._keep(trial.model_copy(update={"state": "cut"}))
        ended = [number for number, trial in self._trials.items() if trial.state != "cut"]
        study.mark_tried([self._search.trial_config(number) for number in ended])

    def _begin(self, study: "SearchStudy") -> bool:
        """Begin another trial; False where there are no settings left to try."""
        asked = study.ask()
        if asked is None:
            return False
        number = max(self._trials, default=-1) + 1
        self._keys[number] = asked.key
        self._began[number] = time.monotonic()
        self._keep(Trial(number=number, state="running", drawn=asked.drawn, began=time.time()), asked.config)
        self._team.begin(number)
        return True

    def _listen(self, study: "SearchStudy", seconds: float = _WAIT_SECONDS) -> None:
        for note in self._team.notes(seconds):
            if note.kind == "judged":
                self._judged(study, note)
            else:
                self._ended(study, note)

    def _judged(self, study: "SearchStudy", note: TrialNote) -> None:
        trial = self._with_figures(self._trials[note.number], note)
        judgement = _judgement(note)
        if (
            judgement is not None
            and trial.state == "running"
            and study.report(self._keys[note.number], note.share, judgement)
        ):
            trial = trial.model_copy(update={"state": "pruned"})
            self._team.cut(note.number)
        self._keep(trial)

    def _ended(self, study: "SearchStudy", note: TrialNote) -> None:
        trial = self._trials[note.number]
        key = self._keys.pop(note.number)
        if note.state == "done":
            study.tell(key, _judgement(note))
            trial = self._with_figures(trial, note).model_copy(update={"state": "done"})
        elif note.state == "cut":  # as the median rule, the time or a person wanted it
            judged = None if trial.accuracy is None or trial.loss is None else Judgement(trial.accuracy, trial.loss)
            study.tell(key, judged, pruned=True)
            trial = trial.model_copy(update={"state": "pruned" if trial.state == "pruned" else "cut"})
        else:
            study.tell(key, None)
            trial = trial.model_copy(update={"state": "failed", "reason": note.reason})
        self._keep(trial.model_copy(update={"seconds": time.monotonic() - self._began[note.number]}))
        self._search.write_importances(study.importances())
        self._give_up_if_hopeless()
        self._say(force=True)

    def _give_up_if_hopeless(self) -> None:
        ended = [trial for trial in self._trials.values() if trial.state != "running"]
        failed = [trial for trial in ended if trial.state == "failed"]
        if len(failed) >= _HOPELESS and not any(trial.accuracy is not None for trial in ended):
            raise all_failed(failed[-1].reason)

    def _with_figures(self, trial: Trial, note: TrialNote) -> Trial:
        if note.accuracy is None or note.loss is None:
            return trial
        pictures = self._search.record.validation_pictures
        low, high = wilson_interval(round(note.accuracy * pictures), pictures)
        return trial.model_copy(
            update={
                "accuracy": note.accuracy,
                "accuracy_low": low,
                "accuracy_high": high,
                "loss": note.loss,
                "epochs": max(trial.epochs, note.epochs),
                "seconds": time.monotonic() - self._began[note.number],
            }
        )

    def _cut_everything(self, study: "SearchStudy") -> None:
        for number in self._team.at_work:
            self._team.cut(number)
        while self._team.at_work:
            self._listen(study)

    def _keep(self, trial: Trial, config: TrainConfig | None = None) -> None:
        self._trials[trial.number] = trial
        self._search.write_trial(trial, config)

    def _elapsed(self) -> float:
        return self._before + time.monotonic() - self._started

    def _time_is_up(self) -> Literal["", "budget"]:
        return "budget" if self._seconds_left() <= 0 else ""

    def _seconds_left(self) -> float:
        if self._config.minutes is None:
            return float("inf")
        return self._config.minutes * 60 - (self._elapsed() - self._status.seconds_before)

    def _has_budget_for_another(self) -> bool:
        """False where the number of trials is reached, or the quickest trial so far would not fit the time left."""
        counted = sum(trial.state in ("running", "done", "pruned", "failed") for trial in self._trials.values())
        if self._config.trials is not None and counted - self._status.trials_before >= self._config.trials:
            return False
        done = [trial.seconds for trial in self._trials.values() if trial.state == "done"]
        return not done or self._seconds_left() > min(done)

    def _train_the_winner(self) -> None:
        best = best_trial(self._trials.values(), self._config.judge)
        if best is None:
            failed = [trial.reason for trial in self._trials.values() if trial.state == "failed"]
            raise (
                all_failed(failed[-1])
                if failed
                else DatasetError(
                    "Nothing could be judged before the search ended",
                    why="No trial got as far as its first result",
                    remedy="Give the search more time, or search quicker presets",
                )
            )
        if not self._config.train_winner:
            return
        from clf_core.jobs.queue import WorkQueue

        record = self._search.record
        dataset = self._workspace.datasets.find(record.dataset_id, record.version)
        config = as_winner(self._search.trial_config(best.number), self._config.base)
        run = self._workspace.runs.create(dataset, config, None, process.current())
        self._say(winner_run=run.record.id, force=True)
        turns = WorkQueue(self._workspace, LocalLauncher())
        turns.add(run)
        turns.move(run, 1)  # the search has waited its turn; its winner takes over its slot

    def _say(self, *, force: bool = False, **changes: object) -> None:
        self._status = self._status.model_copy(update={**changes, "seconds": self._elapsed()})
        now = time.monotonic()
        if force or now - self._said >= _SECONDS_BETWEEN_WORDS:
            self._said = now
            self._search.write_status(self._status)


def slots_of(wanted: int | None, sharing: int = 1) -> int:
    """Return how many trials run at once: one for every two cores unless told, and never more than there are cores.

    Args:
        wanted: what a person asked for.
        sharing: how many runs and searches may be at work at a time; they divide the cores among them.
    """
    cores = max(1, cpu_count() // sharing)
    return max(1, min(wanted or cores // 2, cores))


def _start_next(search: SearchDirectory) -> None:
    from clf_core.jobs.queue import start_next

    try:
        start_next(Workspace(search.path.parent.parent))
    except ClfError:  # whoever looks at the queue next starts it
        _log.exception("What is next could not be started")


def as_winner(config: TrainConfig, base: TrainConfig) -> TrainConfig:
    """The settings of the best trial for an ordinary run, which learns from validation pictures if the base does."""
    used = settings_of(config.preset)
    of_base = {"refit": base.refit, "selection": base.selection}
    return config.model_copy(update={name: value for name, value in of_base.items() if name in used})


def _judgement(note: TrialNote) -> Judgement | None:
    if note.accuracy is None or note.loss is None:
        return None
    return Judgement(note.accuracy, note.loss, note.epochs)


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
