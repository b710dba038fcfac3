"""What a person can set. Field descriptions become the help texts of forms and of the terminal."""

from clf_core.config.data import ImportLimits, ImportOptions, SplitConfig
from clf_core.config.heatmap import HeatmapConfig
from clf_core.config.network import (
    LARGEST_INPUT,
    NETWORK_PRESETS,
    SMALLEST_INPUT,
    Activation,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Layer,
    NetworkConfig,
    NetworkPreset,
    Pooling,
    Residual,
)
from clf_core.config.preparation import AugmentConfig, Fit, Preprocessing
from clf_core.config.presets import PRESETS, TUNED_PRESETS, Preset, settings_of
from clf_core.config.search import SEARCHED_SETTINGS, SearchConfig, SearchedSetting, search_config
from clf_core.config.training import DEFAULT_BACKBONE, STORED, TrainConfig, train_config

__all__ = [
    "DEFAULT_BACKBONE",
    "LARGEST_INPUT",
    "NETWORK_PRESETS",
    "PRESETS",
    "SEARCHED_SETTINGS",
    "SMALLEST_INPUT",
    "STORED",
    "TUNED_PRESETS",
    "Activation",
    "AugmentConfig",
    "BatchNorm",
    "Convolution",
    "Dense",
    "Dropout",
    "Fit",
    "Flatten",
    "GlobalPooling",
    "HeatmapConfig",
    "ImportLimits",
    "ImportOptions",
    "Layer",
    "NetworkConfig",
    "NetworkPreset",
    "Pooling",
    "Preprocessing",
    "Preset",
    "Residual",
    "SearchConfig",
    "SearchedSetting",
    "SplitConfig",
    "TrainConfig",
    "search_config",
    "settings_of",
    "train_config",
]
