"""What is known of a run: its state, its progress, its events, and an error in words."""

from typing import Literal, get_args

from pydantic import Field

from clf_core.config import Preset
from clf_core.values import Value

RunState = Literal["queued", "starting", "running", "paused", "done", "failed", "cancelled", "interrupted"]
FINAL_STATES: frozenset[RunState] = frozenset({"done", "failed", "cancelled", "interrupted"})
"""States in which no worker is at work and none will be unless somebody asks for it anew."""

RESTING_STATES: frozenset[RunState] = FINAL_STATES | {"paused"}
"""States in which no worker is at work; those a run that waits for its turn is not in."""

RESUMABLE_STATES: frozenset[RunState] = frozenset({"paused", "failed", "interrupted"})
"""States from which a run can go on (``RunSummary.resumable``)."""

Stage = Literal["prepare", "decode", "features", "head", "rates", "tune", "finish", "test"]
STAGES: tuple[Stage, ...] = get_args(Stage)


def stages_of(preset: Preset) -> tuple[Stage, ...]:
    """Return the stages a run of this preset may go through, in order.

    prepare: start, and make the network ready. decode: pictures into the pixel cache. features: pictures through the
    frozen part. head: fit the last layer. rates: try learning rates, where one is to be chosen. tune: epochs.
    finish: make the network quick to run. test: the test split.
    """
    return _STAGES_OF[preset]


_STAGES_OF: dict[Preset, tuple[Stage, ...]] = {
    "quick": ("prepare", "features", "head", "test"),
    "balanced": ("prepare", "features", "head", "rates", "tune", "finish", "test"),
    "thorough": ("prepare", "features", "head", "rates", "tune", "finish", "test"),
    "full": ("prepare", "decode", "head", "tune", "finish", "test"),
    "scratch": ("prepare", "decode", "tune", "finish", "test"),
}


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


class EpochPoint(Value):
    """One epoch of training, measured after it."""

    epoch: int = Field(ge=0, description="Epochs finished; 0 is the state training began from.")
    train_loss: float | None = Field(description="Mean over the epoch's batches, nats; None for epoch 0.")
    train_accuracy: float | None = Field(description="Of the same batches, as they were learned from.")
    val_loss: float | None = Field(description="On the validation pictures, nats; None where there are none.")
    val_accuracy: float | None
    learning_rate: float = Field(description="Of the last layer, at the end of the epoch.")
    seconds: float = Field(description="Of this epoch, validation included.")
    images_per_second: float = Field(description="Training pictures over the seconds spent on them.")
    memory_bytes: int = Field(0, description="Memory of the process, or of the GPU where one is used.")
    best: bool = Field(False, description="Whether this is the best so far; its weights are kept.")


class StepPoint(Value):
    """Where an epoch stands."""

    epoch: int = Field(description="The epoch under way, counted from 1.")
    epochs: int = Field(description="Of how many; the most there can be where a time limit rules.")
    batch: int = Field(description="Batches finished in this epoch.")
    batches: int
    loss: float = Field(description="Mean of this epoch's batches so far, nats.")
    learning_rate: float
    memory_bytes: int = 0


class PanelAnswer(Value):
    """What the network says of one validation picture while it learns."""

    sha256: str
    true: str
    predicted: str
    probability: float = Field(description="Of ``predicted``.")


class RunEvent(Value):
    """One line of a run's events.jsonl."""

    time: float = Field(description="Unix seconds.")
    kind: Literal["stage", "progress", "curve", "message", "step", "epoch", "panel"]
    stage: Stage
    done: int = Field(0, description="Pictures, candidates or batches finished in this stage.")
    total: int = Field(0, description="Of how many; 0 when unknown.")
    rate: float = Field(0.0, description="Pictures per second over this stage.")
    point: CurvePoint | None = None
    step: StepPoint | None = None
    epoch: EpochPoint | None = None
    panel: tuple[PanelAnswer, ...] = ()
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
    resumable: bool = Field(
        False, description="Whether it can go on: from a checkpoint, or from its beginning where it was interrupted."
    )
    wish: Literal["", "pause", "stop"] = Field("", description="What a run at work was asked for and has not done yet.")
    kept_bytes: int = Field(
        0,
        description="Bytes of the checkpoints it keeps to go on from; a run that is done and has some can be extended.",
    )
    epochs: int = Field(0, description="Epochs finished so far, for presets that train in epochs.")
    place: int = Field(0, description="Place in the queue, from 1; 0 where it is not queued.")


class RunProgress(Value):
    """Where a run stands; read from its directory, so it is true in every tab and after a restart."""

    run: RunSummary
    stage: Stage
    stages: tuple[Stage, ...] = Field(
        (), description="Those it goes through, as far as is known, in order; empty for all of its preset."
    )
    done: int
    total: int
    rate: float = Field(description="Pictures per second in this stage.")
    eta_seconds: float | None = Field(description="Estimated seconds to the end; None while unknown.")
    at_most: bool = Field(False, description="Whether it may end earlier, once it learns nothing more.")
    curve: tuple[CurvePoint, ...]
    messages: tuple[str, ...]
    step: StepPoint | None = Field(None, description="Where the present epoch stands.")
    epochs: tuple[EpochPoint, ...] = ()
    panel: tuple[PanelAnswer, ...] = Field((), description="Latest answers for a few validation pictures.")
    coach: tuple[str, ...] = Field((), description="Plain words on how the training goes, the most important first.")
