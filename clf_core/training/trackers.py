"""TensorBoard and MLflow, through accelerate's trackers, where they are installed. Neither is needed for anything."""

import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

from clf_core.results import EpochPoint
from clf_core.training.plan import Plan

_NAMES = {"tensorboard": "TensorBoard", "mlflow": "MLflow"}
_PACKAGES = {"tensorboard": "tensorboard", "mlflow": "mlflow-skinny"}
"""MLflow's full package wants an older pyarrow than the studio; the small one writes the same."""
_FIGURES = ("train_loss", "train_accuracy", "val_loss", "val_accuracy", "learning_rate", "images_per_second")


class Tracker:
    """Tells another program the figures of each epoch. Whatever goes wrong with it, training goes on without it.

    Args:
        plan: ``tracker`` says which program; the rest is noted there.
        folder: where its files are written; made where it is missing.
        tell: takes a sentence for the person.
    """

    def __init__(self, plan: Plan, folder: Path | None, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._tracker: Any = None
        if plan.tracker == "none" or folder is None:
            return
        self._name = _NAMES[plan.tracker]
        try:
            new = not folder.exists()
            self._tracker = _open(plan.tracker, folder)
            if new:  # MLflow refuses a setting that changes, such as the epochs of a training that goes on
                self._tracker.store_init_configuration({name: _plain(value) for name, value in asdict(plan).items()})
        except ImportError:
            self._tracker = None
            self._tell(
                f"{self._name} is not installed, so it is not told the figures; training goes on. "
                f"To have it, install the package '{_PACKAGES[plan.tracker]}' where the studio runs."
            )
        except Exception as error:  # noqa: BLE001 - another program's failure must not end a training
            self._give_up(error)

    def log(self, point: EpochPoint) -> None:
        """Tell the figures of an epoch."""
        if self._tracker is None:
            return
        figures = {name: getattr(point, name) for name in _FIGURES}
        try:
            self._tracker.log({name: value for name, value in figures.items() if value is not None}, step=point.epoch)
        except Exception as error:  # noqa: BLE001 - as above
            self._give_up(error)

    def close(self) -> None:
        """Say that there is no more."""
        if self._tracker is not None:
            try:
                self._tracker.finish()
            except Exception as error:  # noqa: BLE001 - as above
                self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._tracker = None
        first = (str(error).splitlines() or [type(error).__name__])[0][:200]
        self._tell(f"{self._name} is not told any more figures ({first}); training goes on.")


def _open(tracker: str, folder: Path) -> Any:
    folder.mkdir(parents=True, exist_ok=True)
    if tracker == "tensorboard":
        from accelerate.tracking import TensorBoardTracker

        opened: Any = TensorBoardTracker("figures", folder)
        opened.start()
        return opened
    os.environ.setdefault("MLFLOW_DISABLE_TELEMETRY", "true")  # nothing leaves this machine unasked
    import mlflow
    from accelerate.tracking import MLflowTracker

    if "MLFLOW_TRACKING_URI" not in os.environ:
        mlflow.set_tracking_uri(f"sqlite:///{folder.resolve() / 'mlflow.db'}")
    noted = folder / "mlflow-run"  # a resumed training goes on in the same run
    opened = MLflowTracker("studio", folder.resolve().as_uri(), noted.read_text("ascii") if noted.exists() else None)
    opened.start()
    noted.write_text(opened.tracker.info.run_id, "ascii")
    return opened


def _plain(value: Any) -> bool | int | float | str:
    return value if isinstance(value, bool | int | float | str) else str(value)
