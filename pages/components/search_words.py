"""Words of the page on which settings are searched for."""

from clf_core.config import SearchedSetting, TrainConfig
from clf_core.results import SearchState, Trial, TrialState
from pages.components.escaping import plain
from pages.components.presets import PRESET_NAMES
from pages.components.words import interval, percent

SEARCHED: dict[SearchedSetting, str] = {
    "preset": "Way to train",
    "backbone": "Pretrained network",
    "learning_rate": "Learning rate",
    "augment": "Variants of pictures",
    "views": "Number of variants",
    "input_size": "Resolution",
    "fit": "Shape of pictures",
    "network": "Layers of the small network",
}

DRAWN: dict[str, str] = {
    "preset": "Way to train",
    "backbone": "Network",
    "learning_rate": "Learning rate",
    "augment": "Variants",
    "views": "Number of variants",
    "input_size": "Resolution",
    "network size": "Resolution",
    "fit": "Shape",
    "blocks": "Blocks",
    "filters": "Filters",
    "batch norm": "Batch norm",
    "dense units": "Dense units",
    "dropout": "Dropout",
}
"""What a trial's settings are called in tables and charts."""

STATES: dict[SearchState, str] = {
    "queued": "Waiting",
    "starting": "Starting",
    "running": "Searching",
    "done": "Done",
    "failed": "Failed",
    "cancelled": "Stopped",
    "interrupted": "Interrupted",
}

TRIAL_STATES: dict[TrialState, str] = {
    "running": "under way",
    "done": "done",
    "pruned": "broken off: others did better",
    "cut": "broken off with the search",
    "failed": "failed",
}


def value_words(name: str, value: str | int | float | None) -> str:
    """Return a drawn value as people write it; a dash where the trial has no such setting."""
    if value is None:
        return "–"
    if name == "preset":
        return next((words for preset, words in PRESET_NAMES.items() if preset == value), str(value))
    if name in ("input_size", "network size"):
        return f"{value} px"
    if name == "dropout" and isinstance(value, float):
        return percent(value)
    if value == "auto":
        return "automatic"
    if isinstance(value, float):
        return f"{value:.1e}".replace("e-0", "e-")
    return plain(str(value), 40)


def settings_words(trial: Trial) -> str:
    """Return what was drawn for a trial in one line, such as 'Way to train: Quick · Shape: pad'."""
    return " · ".join(f"{DRAWN.get(name, name)}: {value_words(name, value)}" for name, value in trial.drawn.items())


def score_words(trial: Trial) -> str:
    """Return a trial's accuracy with its interval; a dash before there is one."""
    if trial.accuracy is None or trial.accuracy_low is None or trial.accuracy_high is None:
        return "–"
    return f"{percent(trial.accuracy, 1)} ({interval(trial.accuracy_low, trial.accuracy_high)})"


def config_words(config: TrainConfig) -> str:
    """Return the preset and the network of some settings, for a list to choose from."""
    name = PRESET_NAMES[config.preset]
    return name if config.preset == "scratch" else f"{name}, {plain(config.backbone, 40)}"
