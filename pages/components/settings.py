"""The Advanced area of a training: every setting the chosen preset makes use of, in groups, each with its help."""

from collections.abc import Mapping
from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import NetworkConfig, Preset, TrainConfig, settings_of, train_config
from clf_core.errors import ConfigError
from pages.components.catalogue import choose_network, chosen_network, network_title
from pages.components.escaping import md, plain
from pages.components.forms import config_fields
from pages.components.heading import section
from pages.components.network_editor import network_editor
from pages.components.problems import show_problem

LABELS = {
    "backbone": "Pretrained network",
    "continue_from": "Go on from an own run",
    "network": "The network, layer by layer",
    "input_size": "Side of the square it sees, pixels",
    "batch_norm": "Statistics of the maps (batch norm)",
    "device": "Processor",
    "precision": "Arithmetic (precision)",
    "imbalance": "Against classes of unequal size",
    "label_smoothing": "Label smoothing",
    "mixup": "Blend two pictures (mixup)",
    "cutmix": "Cover with a piece of another (cutmix)",
    "selection": "How the strength is chosen",
    "strengths": "Strengths to try (C)",
    "folds": "Parts for cross-validation",
    "refit": "Learn from the validation pictures too, at the end",
    "optimizer": "Rule of change (optimizer)",
    "learning_rate": "Learning rate",
    "schedule": "Course of the learning rate",
    "warmup": "Share of the run to warm up",
    "weight_decay": "Weight decay",
    "layer_decay": "Less for earlier blocks (layer decay)",
    "batch_size": "Batch size",
    "average_weights": "Average the weights (EMA)",
    "epochs": "Epochs",
    "minutes": "Minutes, in place of epochs",
    "patience": "Patience, epochs",
    "tracker": "Also tell",
    "seed": "Seed",
    "augment.flips": "May be mirrored",
    "augment.preset": "Variants to learn from",
    "preset": "Way to train",
}
"""Words for each setting; a test holds them to the fields of ``TrainConfig``."""

_GROUPS = {
    "Model": ("batch_norm", "device", "precision"),
    "Preparation": ("input_size", "imbalance", "label_smoothing", "mixup", "cutmix"),
    "Last layer": ("selection", "strengths", "folds", "refit"),
    "Optimisation": (
        "optimizer",
        "learning_rate",
        "schedule",
        "warmup",
        "weight_decay",
        "layer_decay",
        "batch_size",
        "average_weights",
    ),
    "Limits": ("epochs", "minutes", "patience", "tracker", "seed"),
}
_LEFT = ("Model", "Last layer", "Limits")

_FORMATS = {"learning_rate": "%.5f", "weight_decay": "%.3f", "minutes": "%.1f", "warmup": "%.2f", "layer_decay": "%.2f"}

_NAMES: dict[str, dict[str, str]] = {
    "device": {"auto": "automatic", "cpu": "this processor", "cuda": "graphics card"},
    "precision": {"auto": "automatic"},
    "batch_norm": {"auto": "automatic", "frozen": "as published", "learned": "follow your pictures"},
    "optimizer": {"auto": "automatic", "adamw": "AdamW", "adam": "Adam", "sgd": "SGD", "lamb": "LAMB", "lion": "Lion"},
    "selection": {"auto": "automatic", "validation": "on the validation pictures"},
    "schedule": {
        "auto": "automatic",
        "cosine": "falling (cosine)",
        "one-cycle": "rising, then falling (one cycle)",
        "constant": "level",
    },
    "imbalance": {
        "none": "nothing",
        "weights": "small classes cost more (weights)",
        "sampler": "small classes come more often (sampler)",
        "focal": "hard pictures count more (focal)",
    },
    "tracker": {"none": "nobody", "tensorboard": "TensorBoard", "mlflow": "MLflow"},
}


def show_settings(bench: Workbench, preset: Preset, classes: int) -> TrainConfig | None:
    """Draw the settings of a preset, closed at first; None while something entered cannot be used.

    The preparation of the pictures (fit, variants) has a part of its own and is not among them.

    Args:
        bench: the facade.
        preset: the preset.
        classes: how many there are to tell apart.
    """
    entered: dict[str, Any] = {"preset": preset}
    entered |= {"network": _show_network(bench, classes)} if preset == "scratch" else _show_beginning(bench)
    # Drawn while it is closed, too: widgets that are not drawn forget what was entered.
    with st.expander("Advanced", icon=":material/tune:", key="advanced", on_change="rerun"):
        left, right = st.columns(2, gap="large")
        for group, names in _GROUPS.items():
            used = [name for name in names if name in settings_of(preset)]
            if used:
                with left if group in _LEFT else right:
                    st.markdown(f"**{group}**")
                    entered |= _fields(used)
    if preset == "scratch" and entered["network"] is None:
        return None  # the editor has said why
    return _checked(entered)


def chosen_words(chosen: Mapping[str, float | int | str]) -> list[str]:
    """Return 'learning rate 0.0004' for each setting the studio chose itself; no Markdown in it."""
    return [f"{plain(name.replace('_', ' '), 60)} {_value(value)}" for name, value in chosen.items()]


def _fields(names: list[str]) -> dict[str, Any]:
    return config_fields(
        TrainConfig,
        names,
        labels=LABELS,
        formats=_FORMATS,
        names_of=_NAMES,
        key="config",
    )


def _show_beginning(bench: Workbench) -> dict[str, str]:
    """Which network it begins from: named while this is closed, chosen from the whole catalogue once it is opened."""
    with st.container(border=True, key="beginning_box"):
        # Not an expander: one whose label changes is a new one to Streamlit, and closes.
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"Network to begin from: **{md(network_title(bench, 'beginning'), 60)}**")
            opened = st.toggle("Choose another", key="beginning_part")
        choice = choose_network(bench, "beginning") if opened else chosen_network("beginning")
    # One beginning or the other: a published network besides an own one would contradict it.
    return {"continue_from": choice.continue_from} if choice.continue_from else {"backbone": choice.backbone}


def _show_network(bench: Workbench, classes: int) -> NetworkConfig | None:
    with st.container(border=True):
        section(LABELS["network"])
        return network_editor(bench, "network", max(2, classes))


def _checked(entered: dict[str, Any]) -> TrainConfig | None:
    try:
        return train_config(entered)
    except ConfigError as error:
        # The words of the form, not the names the terminal has for its settings.
        show_problem(f"'{LABELS.get(error.field, error.field)}' cannot be used", _capital(error.why or error.what))
        return None


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


def _value(value: float | int | str) -> str:
    return f"{value:.3g}" if isinstance(value, float) else plain(str(value), 60)
