"""How long a run will take, stage by stage, before it starts; an honest rule of thumb, not a promise.

The figures were measured on two cores of an AMD EPYC with avx512_bf16 with EfficientNet-Lite0 at 224 px. Rates of
earlier runs on the same machine replace them.
"""

from dataclasses import dataclass
from typing import NamedTuple

from clf_core.config import TUNED_PRESETS, Preset
from clf_core.device import cpu_count
from clf_core.results import Stage, stages_of

_START_SECONDS = 1.5
"""Starting a process, importing numpy, scipy and OpenVINO, loading the network."""

_TORCH_SECONDS = 3.0
"""Importing torch and timm."""

_PREPARE_SECONDS = 6.0
"""Importing torch and timm once and compiling the network, where that was never done here."""

_FINISH_SECONDS = 4.0
"""Writing the trained network and compiling it."""

_LOOKING = 150.0
"""Pictures per second and core: decoding photos of about 500 px and running lite0 on them; measured on two cores:
490 pictures per second where the processor has bfloat16, 320 where it has not."""

_DECODING = 200.0
"""Pictures per second and core, decoded and resized into the cache of pixels."""

_HEAD_SECONDS_PER_1000 = 0.8
"""Fitting the last layer, cross-validated, with ten classes."""

_MOST_CORES = 16

_VARIANT = 1.3
"""Time of a variant over that of a picture as it is: it is not decoded again, but it is turned and recoloured.
Of the preset 'standard', measured on two cores."""

_JUDGING = 0.35
"""Time of judging a picture over that of learning from it: the way back is not gone."""

_GPU = 40.0
"""How much quicker a graphics card learns than a core; a guess until a run has shown it."""


class _Pace(NamedTuple):
    epochs: int
    learning: float
    looks: float


_PACES: dict[Preset, _Pace] = {
    "balanced": _Pace(epochs=8, learning=250.0, looks=1.5),
    "thorough": _Pace(epochs=8, learning=55.0, looks=1.5),
    "full": _Pace(epochs=8, learning=12.0, looks=1.0),
    "scratch": _Pace(epochs=10, learning=900.0, looks=1.0),
}
"""Epochs where none are given, pictures learned from per second and core, and how many times the epochs' work is done
where settings are tried out on held-out pictures first."""


@dataclass(frozen=True)
class Work:
    """What a run has to do.

    Attributes:
        preset: which recipe.
        train, val, test: pictures of each split.
        views: variants of each training picture, for the presets that look at them once.
        epochs: how often it goes through the training pictures; None for the preset's own.
        budget: seconds it is given in place of epochs; None for none.
        first_time: whether the backbone has yet to be prepared on this machine (a download not included).
        cost: arithmetic for one picture over that of lite0 at 224 px.
        looking: pictures per second of an earlier run here, through the same network; better than the rule of thumb.
        learning: pictures learned from per second in an earlier run here, of the same preset and network.
        gpu: whether a graphics card is used.
    """

    preset: Preset
    train: int
    val: int = 0
    test: int = 0
    views: int = 0
    epochs: int | None = None
    budget: float | None = None
    first_time: bool = False
    cost: float = 1.0
    looking: float | None = None
    learning: float | None = None
    gpu: bool = False


def stage_seconds(work: Work) -> dict[Stage, float]:
    """Return the seconds expected of each stage of a run, in their order."""
    tuned = work.preset in TUNED_PRESETS
    cores = min(cpu_count(), _MOST_CORES)
    looking = work.looking or _LOOKING * cores / work.cost
    variants = work.views * work.train
    fitted = min(work.train + work.val + variants, 50_000)
    prepare = _START_SECONDS + (_PREPARE_SECONDS if work.first_time else _TORCH_SECONDS if tuned else 0.0)
    seconds: dict[Stage, float] = {
        "prepare": prepare,
        "decode": (work.train + work.val) / (_DECODING * cores),
        "features": (work.train + work.val + _VARIANT * variants) / looking,
        "head": fitted / 1000 * _HEAD_SECONDS_PER_1000,
        "tune": _tuning(work, cores),
        "finish": _FINISH_SECONDS,
        "test": work.test / looking,
    }
    return {stage: seconds[stage] for stage in stages_of(work.preset)}


def estimate_seconds(work: Work) -> float:
    """Return the seconds from the start of the worker to the result on the test split."""
    return sum(stage_seconds(work).values())


def default_epochs(preset: Preset) -> int:
    """Return about how many epochs a preset trains where none are given; 0 for quick, which has none."""
    return _PACES[preset].epochs if preset in _PACES else 0


def _tuning(work: Work, cores: int) -> float:
    if work.preset not in _PACES:
        return 0.0
    if work.budget is not None:
        return work.budget
    pace = _PACES[work.preset]
    rule = pace.learning * (_GPU if work.gpu else cores) / work.cost
    per_epoch = work.train * (1 + work.views) + _JUDGING * work.val
    return (work.epochs or pace.epochs) * pace.looks * per_epoch / (work.learning or rule)
