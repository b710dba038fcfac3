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
    created: float = Field(description="Unix seconds.")
    created_by: ProcessIdentity = Field(description="The process that made the run and is to start its worker.")
    fitted_pictures: int = Field(ge=0, description="Pictures in the training and validation splits.")
    test_pictures: int = Field(ge=0)


class RunStatus(Value):
    """status.json: how far the worker got. Only the worker writes it, or its launcher when it cannot be started."""

    state: RunState
    worker: ProcessIdentity
    began: float = Field(description="Unix seconds.")
    seconds: float = Field(0.0, ge=0, description="From start to end of the worker, by a clock that never jumps.")
    images_per_second: float = Field(0.0, ge=0)
    metrics: dict[str, float] = Field(default_factory=dict)
    error: ErrorWords | None = None
