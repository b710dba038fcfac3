"""Searching for good settings: start, follow, stop, go on, and the run that comes of it."""

import logging
import random
import time
from collections.abc import Callable

from clf_core.api.datasets import training_problems
from clf_core.api.plans import Plans
from clf_core.api.runs import Runs
from clf_core.config import SearchConfig, TrainConfig
from clf_core.errors import DatasetError, NotFoundError, StateError, StorageError
from clf_core.jobs import process
from clf_core.results import (
    SEARCH_FINAL_STATES,
    RunSummary,
    SearchForecast,
    SearchProgress,
    SearchSummary,
    Stage,
)
from clf_core.training.recipes import ENOUGH_TO_JUDGE, RECIPES
from clf_core.workspace import Workspace
from clf_core.workspace.names import is_search_id
from clf_core.workspace.search_directory import SearchDirectory, SearchStatus

_log = logging.getLogger(__name__)

_POLL_SECONDS = 0.1
_SAMPLE = 12
"""Settings drawn by lot to foretell how long a trial takes."""

_BETWEEN = 0.3
"""Seconds between two trials of the same process."""

_DIVIDE = "Divide the pictures anew on the Data page, with a larger share to choose settings."

_JUDGED_STAGES: tuple[Stage, ...] = ("decode", "features", "head", "rates", "tune")


class Searches:
    """Searches of one workspace. ``ref`` is a search's name or identifier.

    A search is another process; it goes on when this one ends. Its trials are judged by the validation pictures
    alone. At the end the best settings are trained as an ordinary run, and only that looks at the test split, once.
    """

    def __init__(self, workspace: Workspace, runs: Runs) -> None:
        self._workspace = workspace
        self._runs = runs
        self._plans = Plans(workspace, runs.list)
        self._turns = runs.turns
        self._jobs = runs.turns.searches

    def problems(self, dataset_ref: str, config: SearchConfig | None = None) -> tuple[str, ...]:
        """Return what stands in the way of a search on a dataset, in sentences; empty if nothing does.

        Args:
            dataset_ref: name or identifier of the dataset.
            config: the search; None for any.

        Raises:
            NotFoundError: no such dataset.
        """
        dataset = self._workspace.datasets.find(dataset_ref)
        problems, val = list(training_problems(dataset)), dataset.splits.get("val", 0)
        if not val:
            problems.append(f"There are no validation pictures to compare settings on. {_DIVIDE}")
        elif config is not None and val < ENOUGH_TO_JUDGE and RECIPES.keys() & set(config.tried_presets):
            problems.append(
                f"There are {val} validation pictures. Balanced and thorough need {ENOUGH_TO_JUDGE} to be judged by; "
                f"else they set training pictures aside and cannot be compared with the others. {_DIVIDE}"
            )
        return tuple(problems)

    def forecast(self, dataset_ref: str, config: SearchConfig) -> SearchForecast:
        """Return about how many settings a search would try and how long that takes.

        Raises:
            NotFoundError: no such dataset.
        """
        from clf_core.jobs.search_worker import slots_of
        from clf_core.training.search_space import Space, by_lot

        dataset = self._workspace.datasets.find(dataset_ref)
        slots = slots_of(config.slots, self._turns.slots)
        space, chance = Space(config, config.backbones or self.backbones(config.base.backbone)), random.Random(0)  # noqa: S311
        sample = [space.draw(lambda dimension: by_lot(chance, dimension)).config for _ in range(_SAMPLE)]
        stages = [self._plans.stages(dataset, one) for one in sample]
        each = sum(one.get(stage, 0.0) for one in stages for stage in _JUDGED_STAGES) / len(sample) + _BETWEEN
        budget = float("inf") if config.minutes is None else config.minutes * 60
        possible = max(1, int(budget * slots / each)) if config.minutes is not None else config.trials or 1
        trials = possible if config.trials is None else min(possible, config.trials)
        return SearchForecast(trials=trials, seconds=min(budget, trials * each / slots), at_once=slots)

    def backbones(self, first: str) -> tuple[str, ...]:
        """Return the networks a search chooses from where it is told none: ``first``, then those on this machine."""
        return tuple(dict.fromkeys([first, *self._workspace.backbones.names()]))

    def start(
        self, dataset_ref: str, config: SearchConfig, *, name: str | None = None, priority: int = 0
    ) -> SearchSummary:
        """Start a search in a process of its own, or let it wait for its turn among runs, and return at once.

        Args:
            dataset_ref: name or identifier of the dataset; its newest version is used by all trials.
            config: what is searched, and how long.
            name: what to call it; None makes a name, such as 'Pets search 1'.
            priority: where it has to wait: higher ones go first.

        Raises:
            NotFoundError: no such dataset.
            DatasetError: nothing can be learned from it, or it has too few validation pictures.
            NameTakenError: a search of that name exists.
            ConfigError: the name cannot be used.
            StorageError: the disk refused.
        """
        dataset = self._workspace.datasets.find(dataset_ref)
        problems = self.problems(dataset_ref, config)
        if problems:
            raise DatasetError(f"'{dataset.name}' cannot be searched on yet", why=" ".join(problems))
        search = self._workspace.searches.create(dataset, config, name, process.current())
        self._turns.add(search, priority)
        return self._summary(search)

    def list(self) -> tuple[SearchSummary, ...]:
        """Return all searches, newest first."""
        found, places = [], self._turns.places()
        for search in self._workspace.searches.list():
            try:
                found.append(self._jobs.summary(search, places.get(search.record.id, 0)))
            except StorageError as error:  # one damaged search must not hide the others
                _log.warning("A search is not listed: %s", error)
        return tuple(found)

    def get(self, ref: str) -> SearchSummary:
        """Return one search as it stands now.

        Raises:
            NotFoundError: no search of that name or identifier.
        """
        return self._summary(self._find(ref))

    def config(self, ref: str) -> SearchConfig:
        """Return the settings of a search.

        Raises:
            NotFoundError: no search of that name or identifier.
        """
        return self._find(ref).config()

    def trial_config(self, ref: str, number: int) -> TrainConfig:
        """Return the settings of one trial, as an ordinary run would have them.

        Raises:
            NotFoundError: no such search or trial.
        """
        from clf_core.jobs.search_worker import as_winner

        search = self._find(ref)
        return as_winner(search.trial_config(number), search.config().base)

    def progress(self, ref: str) -> SearchProgress:
        """Return where a search stands: its trials, the best so far, what matters, the time left.

        Raises:
            NotFoundError: no search of that name or identifier.
        """
        return self._progress(self._find(ref))

    def stop(self, ref: str) -> SearchSummary:
        """End a search here: what is under way is broken off, and the best so far is trained. Returns at once.

        Raises:
            NotFoundError: no search of that name or identifier.
            StateError: it has already ended, or waits for its turn.
        """
        search = self._find(ref)
        summary = self._must_be_going(search, "stopped")
        if summary.state == "queued":
            why, remedy = "It waits for its turn", "Cancel it, or move it in the queue"
            raise StateError(f"The search '{summary.name}' cannot be stopped", why=why, remedy=remedy)
        search.request("stop")
        return self._summary(search)

    def cancel(self, ref: str) -> SearchSummary:
        """End a search and train nothing; returns once it has ended. What was tried is kept, and it can be resumed.

        One that waits leaves the queue.

        Raises:
            NotFoundError: no search of that name or identifier.
            StateError: it has already ended in another way.
        """
        search = self._find(ref)
        if self._turns.withdraw(search):
            status = search.status() or SearchStatus(state="cancelled", worker=process.current())
            search.write_status(status.model_copy(update={"state": "cancelled"}))
        elif self._summary(search).state != "cancelled":
            self._must_be_going(search, "cancelled")
            self._jobs.cancel(search)
        self._turns.start_next()
        return self._summary(search)

    def resume(self, ref: str, *, minutes: float | None = None, trials: int | None = None) -> SearchSummary:
        """Go on with a search that has ended, with what is left of its budget or with a new one.

        It waits its turn like any other.

        Args:
            ref: name or identifier of the search.
            minutes: from now on; with ``trials`` None too, what is left of the budget before.
            trials: from now on.

        Raises:
            NotFoundError: no search of that name or identifier.
            StateError: it is still going, or its budget is used up and none is given.
            StorageError: the disk refused.
        """
        search = self._find(ref)
        progress = self._progress(search)
        if progress.search.state not in SEARCH_FINAL_STATES:
            raise StateError(f"The search '{progress.search.name}' is still going")
        status = search.status()
        if minutes is not None or trials is not None:
            changes = {"minutes": minutes, "trials": trials}
            search.write_config(SearchConfig.model_validate({**search.config().model_dump(), **changes}))
        elif progress.search.state == "done":
            raise StateError(
                f"The search '{progress.search.name}' is done",
                why="Its budget is used up",
                remedy="Give it more minutes or trials",
            )
        waits = {"state": "queued", "worker": process.current()}
        if status is None:
            search.begin_again(SearchStatus.model_validate(waits))
        else:
            anew: dict[str, object] = {**waits, "messages": (), "error": None}
            if minutes is not None or trials is not None:
                anew |= {"seconds_before": status.seconds, "trials_before": _ended(progress)}
            search.begin_again(status.model_copy(update=anew))
        self._turns.add(search)
        return self._summary(search)

    def waiting(self) -> tuple[SearchSummary, ...]:
        """Return the searches that wait, in the order of their turn; runs may stand between them (``place``)."""
        places = self._turns.places()
        return tuple(self._summary(self._find(one), places) for one in places if is_search_id(one))

    def move(self, ref: str, place: int) -> SearchSummary:
        """Put a search that waits at another place of the queue, counted from 1.

        Raises:
            NotFoundError: no search of that name or identifier.
            StateError: it does not wait (any more).
        """
        search = self._find(ref)
        if not self._turns.move(search, place):
            state = self._summary(search).state
            raise StateError(f"The search '{search.record.name}' does not wait for its turn", why=f"It is {state}")
        return self._summary(search)

    def winner(self, ref: str) -> RunSummary | None:
        """Return the run that trains the best settings of a search; None before there is one, or where it is gone.

        Raises:
            NotFoundError: no search of that name or identifier.
        """
        identifier = self._summary(self._find(ref)).winner_run
        if not identifier:
            return None
        try:
            return self._runs.get(identifier)
        except NotFoundError:
            return None

    def wait(self, ref: str, on_progress: Callable[[SearchProgress], None] | None = None) -> SearchSummary:
        """Wait until a search has ended and return it; the winner's run may still be going.

        Args:
            ref: name or identifier of the search.
            on_progress: called about ten times a second with where the search stands.

        Raises:
            NotFoundError: no search of that name or identifier.
        """
        search = self._find(ref)
        while True:
            progress = self._progress(search)
            if on_progress is not None:
                on_progress(progress)
            if progress.search.state in SEARCH_FINAL_STATES:
                return progress.search
            time.sleep(_POLL_SECONDS)

    def _find(self, ref: str) -> SearchDirectory:
        return self._workspace.searches.find(ref)

    def _summary(self, search: SearchDirectory, places: dict[str, int] | None = None) -> SearchSummary:
        places = self._turns.places() if places is None else places
        return self._jobs.summary(search, places.get(search.record.id, 0))

    def _progress(self, search: SearchDirectory) -> SearchProgress:
        return self._jobs.progress(search, self._turns.places().get(search.record.id, 0))

    def _must_be_going(self, search: SearchDirectory, wanted: str) -> SearchSummary:
        summary = self._summary(search)
        if summary.state in SEARCH_FINAL_STATES:
            raise StateError(f"The search '{summary.name}' cannot be {wanted}", why=f"It is already {summary.state}")
        return summary


def _ended(progress: SearchProgress) -> int:
    return sum(trial.state in ("done", "pruned", "failed") for trial in progress.trials)
