"""What to try next: Optuna's tree-structured Parzen estimator over the search space, kept in a journal file.

The sampler (Bergstra et al., NeurIPS 2011; multivariate and with groups for settings that only some presets have, as
in BOHB by Falkner et al., ICML 2018) and the median rule for breaking off (Golovin et al., "Google Vizier", KDD 2017)
are Optuna's. The journal is a line of JSON for each operation, so nothing is unpickled; only the search's own process
writes it.
"""

import contextlib
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from clf_core.config import SearchConfig, TrainConfig
from clf_core.errors import StorageError
from clf_core.training.search_judgement import Judgement
from clf_core.training.search_space import Answer, Choice, Dimension, Space, Whole, by_lot, first_of

if TYPE_CHECKING:
    import optuna

GRID = 10
"""Trials are compared at so many points of their course, whatever their number of epochs."""

_UNCOMPARED = 4
"""Trials that run to their end before any is broken off."""

_WARMUP = 3
"""Of the grid: before it, nothing is broken off."""

_RANDOM_TRIALS = 8
"""Before the sampler has something to go by."""

_LEAST_FOR_IMPORTANCE = 5
_OTHER_DRAWS = 300
_NAME = "search"


class Asked(NamedTuple):
    """Settings to try.

    Attributes:
        key: by which the study knows the trial.
        config: its settings.
        drawn: what was drawn, by name.
    """

    key: int
    config: TrainConfig
    drawn: dict[str, Answer]


class SearchStudy:
    """One search as Optuna sees it.

    Args:
        journal: the file; made where there is none. A half-written last line, as a kill leaves it, is cut off.
        config: of the search.
        space: what can be drawn.

    Raises:
        StorageError: the journal is damaged, or the disk refuses.
    """

    def __init__(self, journal: Path, config: SearchConfig, space: Space) -> None:
        self._config = config
        self._space = space
        self._asked: dict[int, optuna.Trial] = {}
        self._reached: dict[int, int] = {}  # points of the grid that were reported
        self._tried: set[str] = set()
        with _errors_in_words(journal):
            self._study = _open(journal, config)
            known = len(self._study.get_trials(deepcopy=False))
            self._chance = random.Random(config.seed + known)  # noqa: S311 - no secret
            self._begin_again_what_was_left()

    def ask(self) -> Asked | None:
        """Return settings that were not tried yet; None where there are no others."""
        import optuna

        asked = self._ask()
        if _key(asked.config) in self._tried:  # the result is known, so there is nothing to learn from it
            self._study.tell(asked.key, state=optuna.trial.TrialState.FAIL)
            other = self._untried()
            if other is None:
                return None
            self._study.enqueue_trial(other)
            asked = self._ask()
        self._tried.add(_key(asked.config))
        return asked

    def mark_tried(self, configs: Sequence[TrainConfig]) -> None:
        """Note settings that were tried before this process began."""
        self._tried |= {_key(config) for config in configs}

    def report(self, key: int, share: float, judgement: Judgement) -> bool:
        """Tell how a trial stands and return whether it should be broken off.

        Args:
            key: of the trial.
            share: of its course that is behind it, 0..1.
            judgement: its best so far.
        """
        trial, reached = self._asked[key], self._reached.get(key, 0)
        now = min(GRID, int(share * GRID + 1e-9))
        merit = judgement.merit(self._config.judge)
        for point in range(reached + 1, now + 1):
            trial.report(merit, point)
        self._reached[key] = max(reached, now)
        return self._config.pruning and reached < now < GRID and trial.should_prune()

    def tell(self, key: int, judgement: Judgement | None, *, pruned: bool = False) -> None:
        """Tell how a trial ended; no judgement: it failed or was broken off before there was one."""
        import optuna

        states = optuna.trial.TrialState
        if judgement is None or (pruned and not self._reached.get(key)):
            self._study.tell(key, state=states.FAIL)
        elif pruned:
            self._study.tell(key, state=states.PRUNED)
        else:
            if self._reached.get(key):
                self.report(key, 1.0, judgement)  # one that stopped early is compared to the end
            self._study.tell(key, judgement.merit(self._config.judge))
        self._asked.pop(key, None)

    def importances(self) -> tuple[tuple[str, float], ...]:
        """Return how much of the difference between trials each setting explains, the most first.

        PED-ANOVA (Watanabe et al., IJCAI 2023) in its form for conditional spaces, as Optuna has it. Empty where
        there are too few trials, or all did equally well.
        """
        import optuna

        ended = self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.COMPLETE,))
        if len(ended) < _LEAST_FOR_IMPORTANCE or len({trial.value for trial in ended}) < 2:
            return ()
        shares: Mapping[str, float] = optuna.importance.get_param_importances(self._study)
        return tuple((name, float(share)) for name, share in shares.items())

    def _ask(self) -> Asked:
        trial = self._study.ask()
        self._asked[trial.number] = trial
        return Asked(trial.number, *self._space.draw(lambda dimension: _suggest(trial, dimension)))

    def _untried(self) -> dict[str, Answer] | None:
        for _ in range(_OTHER_DRAWS):
            drawn = self._space.draw(lambda dimension: by_lot(self._chance, dimension))
            if _key(drawn.config) not in self._tried:
                return drawn.values
        return None

    def _begin_again_what_was_left(self) -> None:
        """Trials whose process is gone are asked for anew, first of all; a new search begins with the base."""
        import optuna

        left = self._study.get_trials(deepcopy=False, states=(optuna.trial.TrialState.RUNNING,))
        for trial in left:
            self._study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
            self._study.enqueue_trial(trial.params)
        if not left and not self._study.get_trials(deepcopy=False):
            self._study.enqueue_trial(self._space.draw(first_of).values)


def _suggest(trial: "optuna.Trial", dimension: Dimension) -> Answer:
    """Let the sampler decide."""
    if isinstance(dimension, Choice):
        place = trial.suggest_categorical(dimension.name, list(dimension.options))
        return dimension.options[dimension.options.index(cast(Answer, place))]
    if isinstance(dimension, Whole):
        return trial.suggest_int(dimension.name, dimension.low, dimension.high)
    return trial.suggest_float(dimension.name, dimension.low, dimension.high, log=True)


def _open(journal: Path, config: SearchConfig) -> "optuna.Study":
    import optuna
    from optuna.storages import JournalStorage
    from optuna.storages.journal import JournalFileBackend

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    journal.touch()
    _cut_off_half_a_line(journal)
    storage = JournalStorage(JournalFileBackend(str(journal), cast(Any, _Lock(journal))))
    with contextlib.suppress(KeyError):
        return _with_sampler(optuna.load_study(study_name=_NAME, storage=storage), config)
    return _with_sampler(optuna.create_study(study_name=_NAME, storage=storage, direction="maximize"), config)


def _with_sampler(study: "optuna.Study", config: SearchConfig) -> "optuna.Study":
    import warnings

    import optuna

    known = len(study.get_trials(deepcopy=False))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.sampler = optuna.samplers.TPESampler(
            seed=(config.seed + known) % 2**32,  # gone on with, it must not draw the same again
            n_startup_trials=_RANDOM_TRIALS,
            multivariate=True,
            group=True,
            constant_liar=True,
        )
    study.pruner = optuna.pruners.MedianPruner(n_startup_trials=_UNCOMPARED, n_warmup_steps=_WARMUP)
    return study


class _Lock:
    """A lock of the operating system, which a killed process cannot leave behind; Optuna's own wait 30 s for that."""

    def __init__(self, journal: Path) -> None:
        import filelock

        self._lock = filelock.FileLock(journal.with_suffix(".lock"))

    def acquire(self) -> bool:
        """Wait for it."""
        self._lock.acquire()
        return True

    def release(self) -> None:
        """Give it back."""
        self._lock.release()


def _cut_off_half_a_line(journal: Path) -> None:
    written = journal.read_bytes()
    whole = written.rfind(b"\n") + 1
    if whole < len(written):
        with journal.open("rb+") as file:
            file.truncate(whole)


def _key(config: TrainConfig) -> str:
    return config.model_dump_json()


@contextlib.contextmanager
def _errors_in_words(journal: Path) -> Iterator[None]:
    try:
        yield
    except (OSError, ValueError, KeyError, json.JSONDecodeError) as error:
        raise StorageError(
            "The record of what was tried cannot be read",
            why=f"{journal} is damaged or cannot be opened ({type(error).__name__}: {error})",
            remedy="Start a new search",
        ) from error
