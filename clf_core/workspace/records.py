"""The values written into a run directory."""

from pydantic import Field

from clf_core.results import ErrorWords, RunState
from clf_core.values import Value


class ProcessIdentity(Value):
    """A process that cannot be mistaken for a later one with the same number."""

    pid: int = Field(gt=0)
    started: str = Field(description="When it started, in a form that only compares equal for the same process.")


class RunRecord(Value):
    """run.json: what is known when a run is made; never changes."""

    id: str
    name: str
    dataset: str = Field(description="Name of the dataset at that time.")
    dataset_id: str
    version: int = Field(ge=1, description="Version of the dataset the run sees, whatever becomes of it later.")
    preset: str
    backbone: str
    created: float = Field(
        description="Unix seconds; never before that of an older run, so they keep their order when the clock is set."
    )
    clock: float | None = Field(None, description="What the clock said, where that differs from ``created``.")
    created_by: ProcessIdentity = Field(description="The process that made the run and is to start its worker.")
    fitted_pictures: int = Field(ge=0, description="Pictures in the training and validation splits.")
    test_pictures: int = Field(ge=0)
    extends: str = Field("", description="Identifier of the finished run it goes on from with more epochs.")


class SliceColumn(Value):
    """A column of a person's table, as it sorts the test pictures of a run."""

    name: str
    kinds: tuple[str, ...]
    index: tuple[int, ...] = Field(description="The kind of each test picture; -1 where the table names none.")


class SliceTable(Value):
    """slice_table.json: what a person's table says of the test pictures; the rest of it is not kept.

    All texts are from outside.
    """

    name: str = Field(description="Of the file that was given.")
    notice: str = Field(description="How many of the test pictures it names, in a sentence.")
    columns: tuple[SliceColumn, ...]


class RunStatus(Value):
    """status.json: how far the run got. The worker writes it; where there is none, whoever starts or ends the run.

    State 'queued' is that of a run somebody asked to go on; no worker of this session has spoken yet.
    """

    state: RunState
    worker: ProcessIdentity
    began: float = Field(description="Start of the present session, Unix seconds.")
    ticks: float | None = Field(
        None, description="The same by the machine's clock that never jumps, in seconds; compares on that machine only."
    )
    seconds: float = Field(0.0, ge=0, description="Of all sessions that have ended, by a clock that never jumps.")
    sessions: int = Field(1, ge=1, description="How often it was started, or gone on with.")
    epochs: int = Field(0, ge=0, description="Epochs finished.")
    memory_kills: int = Field(0, description="Processes this machine had ended for want of memory at the start.")
    chosen: dict[str, float | int | str] = Field(
        default_factory=dict, description="Settings the studio chose itself: field of the configuration -> value."
    )
    images_per_second: float = Field(0.0, ge=0)
    metrics: dict[str, float] = Field(default_factory=dict)
    error: ErrorWords | None = None
