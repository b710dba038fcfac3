"""How long a run will take, stage by stage, before it starts; an honest rule of thumb, not a promise.

The figures were measured on two cores of an AMD EPYC with avx512_bf16 with EfficientNet-Lite0 at 224 px. Rates of
earlier runs on the same machine replace them.
"""

from dataclasses import dataclass

from clf_core.config import TUNED_PRESETS, Preset
from clf_core.device import cpu_count
from clf_core.results import Stage, stages_of
from clf_core.training.recipes import RECIPES

_START_SECONDS = 1.5
"""Starting a process, importing numpy, scipy and OpenVINO, loading the network."""

_TORCH_SECONDS = 3.0
"""Importing torch and timm."""

_PREPARE_SECONDS = 6.0
"""Importing torch and timm once and compiling the network, where that was never done here."""

_FINISH_SECONDS = 2.0
"""Writing the trained network and compiling it: 1.5 to 1.9 s for lite0, 0.3 s for a small network of one's own."""

_SMALL_FINISH_SECONDS = 0.4

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


_LEARNING: dict[Preset, float] = {"balanced": 110.0, "thorough": 50.0, "full": 14.0, "scratch": 900.0}
"""Pictures learned from per second and core. Of scratch, with the network everyone learns with at 32 px."""

SCRATCH_COST = 0.01
"""Arithmetic of that network for a picture over that of lite0, roughly; a tiny one is not much quicker."""

_EPOCHS: dict[Preset, int] = {"balanced": 4, "thorough": 4, "full": 8, "scratch": 10}
"""Where none are given; a test holds them to the presets' own."""


@dataclass(frozen=True)
class Work:
    """What a run has to do.

    Attributes:
        preset: which recipe.
        train, val, test: pictures of each split.
        views: variants of each picture to learn from, for the presets that look at them once.
        epochs: how often it goes through the training pictures; None for the preset's own.
        budget: seconds it is given in place of epochs; None for none.
        first_time: whether the backbone has yet to be prepared on this machine (a download not included).
        cost: arithmetic for one picture over that of lite0 at 224 px.
        looking: pictures per second of an earlier run here, through the same network; better than the rule of thumb.
        learning: pictures learned from per second in an earlier run here, of the same preset and network.
        refit: whether it may learn once more, from what was held out as well.
        rate_given: whether a person chose the learning rate, so that none are tried.
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
    refit: bool = True
    rate_given: bool = False
    gpu: bool = False


def stage_seconds(work: Work) -> dict[Stage, float]:
    """Return the seconds expected of each stage of a run, in their order; 'rates' only where any are tried."""
    tuned, fitted = work.preset in TUNED_PRESETS, work.train + work.val
    cores = min(cpu_count(), _MOST_CORES)
    looking = work.looking or _LOOKING * cores / work.cost
    variants = work.views * (fitted if work.preset in RECIPES else work.train)
    course = _course(work, cores)
    prepare = _START_SECONDS + (_PREPARE_SECONDS if work.first_time else _TORCH_SECONDS if tuned else 0.0)
    head = min(fitted + (0 if tuned else variants), 50_000) / 1000 * _HEAD_SECONDS_PER_1000
    seconds: dict[Stage, float] = {
        "prepare": prepare,
        "decode": fitted / (_DECODING * cores),
        "features": (fitted + _VARIANT * variants) / looking,
        "head": head,
        "rates": _trials(work) * course,
        "tune": course * courses(work) if work.budget is None else work.budget,
        "finish": _SMALL_FINISH_SECONDS if work.preset == "scratch" else _FINISH_SECONDS,
        "test": (work.test + _asked(work)) / looking,
    }
    return {stage: seconds[stage] for stage in stages_of(work.preset) if stage != "rates" or seconds[stage] > 0}


def estimate_seconds(work: Work) -> float:
    """Return the seconds from the start of the worker to the result on the test split."""
    return sum(stage_seconds(work).values())


def default_epochs(preset: Preset) -> int:
    """Return how many epochs a preset trains where none are given; 0 for quick, which has none."""
    return _EPOCHS.get(preset, 0)


def courses(work: Work) -> int:
    """Return how often a run goes through its epochs: twice where it learns once more from what was held out."""
    recipe = RECIPES.get(work.preset)
    again = recipe is not None and work.refit and work.val > 0 and work.budget is None
    return 2 if again and _pictures_learned(work) <= (recipe.repeats if recipe else 0) else 1


def _asked(work: Work) -> int:
    """Validation pictures the finished network is asked about: all, unless what it says of them is known already.

    It is where the network goes on to learn from them.
    """
    return 0 if work.preset == "quick" or courses(work) == 2 else work.val


def _trials(work: Work) -> int:
    """How many courses are tried, each with another learning rate, before the real one."""
    recipe = RECIPES.get(work.preset)
    if recipe is None or work.budget is not None or work.rate_given or not work.val:
        return 0
    if _pictures_learned(work) > recipe.tries:
        return 0
    return len(recipe.rates)


def _pictures_learned(work: Work) -> int:
    return (work.train + work.val) * (work.epochs or default_epochs(work.preset))


def _course(work: Work, cores: int) -> float:
    """Seconds of going through the epochs once."""
    if work.preset not in _LEARNING:
        return 0.0
    cost = max(1.0, work.cost / SCRATCH_COST) if work.preset == "scratch" else work.cost
    rate = work.learning or _LEARNING[work.preset] * (_GPU if work.gpu else cores) / cost
    return (work.epochs or default_epochs(work.preset)) * (work.train + _JUDGING * work.val) / rate
