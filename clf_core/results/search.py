"""What is known of a search for good settings, of its trials, and of what comes next after a result."""

from typing import Literal

from pydantic import Field

from clf_core.config import TrainConfig
from clf_core.results.runs import ErrorWords
from clf_core.values import Value

SearchState = Literal["queued", "starting", "running", "done", "failed", "cancelled", "interrupted"]
SEARCH_FINAL_STATES: frozenset[SearchState] = frozenset({"done", "failed", "cancelled", "interrupted"})
"""States in which nothing is at work and nothing will be unless somebody asks for it anew."""

TrialState = Literal["running", "done", "pruned", "failed", "cut"]
"""cut: broken off because the time was up or a person stopped the search; pruned: because it did worse than others."""


class Trial(Value):
    """One set of settings that was tried, judged on the validation pictures alone."""

    number: int = Field(ge=0, description="In the order of their start.")
    state: TrialState
    drawn: dict[str, str | int | float] = Field(description="What was drawn, by name; it differs between presets.")
    accuracy: float | None = Field(None, description="On the validation pictures; None before the first judgement.")
    accuracy_low: float | None = Field(None, description="Lower end of its 95 % Wilson interval.")
    accuracy_high: float | None = None
    loss: float | None = Field(None, description="Mean negative log-likelihood on the same pictures, nats.")
    epochs: int = Field(0, description="Epochs finished.")
    seconds: float = Field(0.0, description="From its start to its end, or until now.")
    began: float = Field(description="Unix seconds.")
    reason: str = Field("", description="Why it failed, in words.")


class SearchSummary(Value):
    """One search as listed."""

    id: str
    name: str
    dataset: str = Field(description="Name of the dataset at the time of the search.")
    dataset_id: str
    version: int = Field(description="Version of the dataset all trials see.")
    state: SearchState
    created: float = Field(description="Unix seconds.")
    seconds: float = Field(0.0, description="Time the search was at work, over all its starts.")
    trials: int = Field(0, description="Trials that have ended.")
    accuracy: float | None = Field(None, description="The best so far, on the validation pictures.")
    winner_run: str = Field("", description="Identifier of the run that trains the winner; empty before there is one.")
    error: ErrorWords | None = None
    resumable: bool = Field(False, description="Whether it can go on where it was left.")
    place: int = Field(0, description="Place in the queue, from 1; 0 where it is not queued.")


class SearchProgress(Value):
    """Where a search stands; read from its directory, so it is true in every tab and after a restart."""

    search: SearchSummary
    trials: tuple[Trial, ...] = Field((), description="All of them, in the order of their start.")
    best: int | None = Field(None, description="Number of the best trial so far.")
    importances: tuple[tuple[str, float], ...] = Field(
        (), description="How much of the difference between trials each setting explains; they add up to 1."
    )
    validation_pictures: int = Field(description="By how many pictures the trials are judged.")
    share: float = Field(0.0, ge=0, le=1, description="Of the budget that is used up.")
    eta_seconds: float | None = Field(None, description="Estimated seconds to the end of the search; None if unknown.")
    messages: tuple[str, ...] = ()


class SearchForecast(Value):
    """What a search would take, before it starts."""

    trials: int = Field(description="About how many settings it tries.")
    seconds: float = Field(description="About how long it takes, the winner's training not included.")
    at_once: int = Field(description="Trials at the same time.")


class Proposal(Value):
    """What to try next after a result, and why."""

    key: str = Field(description="The same proposal has the same key.")
    title: str = Field(description="What to do, in a few words. May hold class names.")
    why: str = Field(description="What in the result speaks for it, in one or two sentences. May hold class names.")
    source: Literal["test", "validation", "settings", "dataset"] = Field(
        description="What it was derived from; figures of the test split flatter whoever chooses by them often."
    )
    config: TrainConfig | None = Field(None, description="Settings of the next run; None where pictures are needed.")
    changes: tuple[tuple[str, str], ...] = Field((), description="Field and its new value in words.")
    label: str = Field("", description="A class of which pictures are needed; empty for none in particular.")
    other: str = Field("", description="The other of two classes to merge, or to tell apart; empty where it is one.")
