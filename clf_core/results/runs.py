"""What is known of a run: its state, its progress, its events, and an error in words."""

from typing import Literal

from pydantic import Field

from clf_core.values import Value

RunState = Literal["starting", "running", "done", "failed", "cancelled", "interrupted"]
FINAL_STATES: frozenset[RunState] = frozenset({"done", "failed", "cancelled", "interrupted"})

Stage = Literal["prepare", "features", "head", "test"]
STAGES: tuple[Stage, ...] = ("prepare", "features", "head", "test")


class ErrorWords(Value):
    """An error as it is stored and shown: what happened, why, what to do."""

    what: str
    why: str = ""
    remedy: str = ""
    kind: Literal["input", "storage", "internal"] = Field(
        "internal", description="Whose matter it is: the person's input, the disk, or a fault of ours."
    )


class CurvePoint(Value):
    """One candidate the head was fitted with; the curve over all of them is what a quick run watches."""

    strength: float = Field(description="Inverse regularisation strength C.")
    train_loss: float = Field(description="Mean negative log-likelihood, nats.")
    train_accuracy: float
    val_loss: float = Field(description="On pictures kept aside: the validation split, held-out folds, or both.")
    val_accuracy: float


class RunEvent(Value):
    """One line of a run's events.jsonl."""

    time: float = Field(description="Unix seconds.")
    kind: Literal["stage", "progress", "curve", "message"]
    stage: Stage
    done: int = Field(0, description="Pictures or candidates finished in this stage.")
    total: int = Field(0, description="Of how many; 0 when unknown.")
    rate: float = Field(0.0, description="Pictures per second over this stage.")
    point: CurvePoint | None = None
    text: str = ""


class RunSummary(Value):
    """One run as listed."""

    id: str
    name: str
    dataset: str = Field(description="Name of the dataset at the time of training.")
    dataset_id: str
    version: int = Field(description="Version of the dataset the run saw.")
    preset: str
    backbone: str
    state: RunState
    created: float = Field(description="Unix seconds.")
    seconds: float = Field(0.0, description="From the start of the worker to its end, or until now.")
    images_per_second: float = Field(0.0, description="Pictures over the seconds of the features stage.")
    metrics: dict[str, float] = Field(default_factory=dict, description="Headline figures once done.")
    error: ErrorWords | None = None


class RunProgress(Value):
    """Where a run stands; read from its directory, so it is true in every tab and after a restart."""

    run: RunSummary
    stage: Stage
    done: int
    total: int
    rate: float = Field(description="Pictures per second in this stage.")
    eta_seconds: float | None = Field(description="Estimated seconds to the end; None while unknown.")
    curve: tuple[CurvePoint, ...]
    messages: tuple[str, ...]
