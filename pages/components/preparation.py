"""How pictures are made ready: chosen on the train page with a look at one's own, and told on a finished run."""

from collections.abc import Mapping
from typing import Any, get_args

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import AugmentConfig, Fit, Preset, TrainConfig, settings_of
from clf_core.results import AugmentPreset, DatasetSummary
from pages.components.forms import config_fields
from pages.components.heading import quiet
from pages.components.preview import prepared, variants
from pages.components.problems import told_in_words
from pages.components.words import count

_SHOWN = 9
_STEP = 0.618  # of the training pictures: 'Another picture' walks through all classes

_FIT_NAMES: dict[Fit, str] = {"crop": "Cut to the centre", "squeeze": "Squeeze", "pad": "Add bars"}
_FIT_WORDS: dict[Fit, str] = {
    "crop": "The middle is seen at its largest; what lies at the ends is not. Best where the thing is in the middle.",
    "squeeze": "All of the picture is seen, but pictures that are not square lose their shape.",
    "pad": "All of the picture is seen in its own shape, but smaller, with bars beside it.",
}
_FIT_DONE: dict[Fit, str] = {
    "crop": "cut to their centre",
    "squeeze": "squeezed into a square",
    "pad": "made square with bars",
}
_CUSTOM = "custom"
_AUTO = "auto"
_NONE = "none"
_AUTOMATIC: dict[Preset, str] = {
    "balanced": "The studio chooses: up to three standard variants of each picture, not mirrored.",
    "thorough": "The studio chooses: up to three standard variants of each picture, not mirrored.",
    "full": "The studio chooses: a new standard variant of each picture in every epoch.",
}
"""What the presets that want variants do where nothing is chosen."""
_AUTOMATIC_DONE: dict[Preset, str] = {
    "balanced": "with up to 3 standard variants of each, never mirrored",
    "thorough": "with up to 3 standard variants of each, never mirrored",
    "full": "each changed anew in every epoch (standard variants)",
}
_LABELS = {
    "flip_horizontal": "Mirrored, left and right",
    "flip_vertical": "Upside down",
    "rotate": "Turned, degrees at most",
    "crop": "Still shows at least",
    "brightness": "Lighter or darker by",
    "contrast": "Contrast changed by",
    "saturation": "Colours stronger or paler by",
    "hue": "Colours shifted by",
    "blur": "Blurred, pixels at most",
    "noise": "Grain",
    "erase": "Covered at most",
}
_SHARES = ("crop", "brightness", "contrast", "saturation", "hue", "noise", "erase")
_FLIPS = ("flip_horizontal", "flip_vertical")


def in_words(config: TrainConfig) -> str:
    """Return 'cut to their centre and shown as they are', said of pictures."""
    done = _FIT_DONE[config.fit]
    if _left_to_the_studio(config):
        return f"{done}, {_AUTOMATIC_DONE[config.preset]}"
    if not config.augment.active:
        return f"{done} and shown as they are"
    kind = "" if config.augment.preset == _CUSTOM else f"{config.augment.preset} "
    unmirrored = "" if config.augment.flips else ", never mirrored"
    if not _looks_once(config):
        return f"{done}, each changed anew in every epoch ({kind}variants){unmirrored}"
    return f"{done}, with {count(config.view_count, f'{kind}variant')} of each{unmirrored}"


def show_preparation(bench: Workbench, dataset: DatasetSummary, advanced: TrainConfig) -> dict[str, Any]:
    """Draw the choice with its preview, closed at first, and return the fields of ``TrainConfig`` it decides.

    Args:
        bench: the facade.
        dataset: whose pictures are shown.
        advanced: what else is chosen; the network and the seed decide what the preview looks like.
    """
    hint, looks_once = bench.preparation.suggest(dataset.id), _looks_once(advanced)
    flips_key = f"prep_flips_{dataset.id}"
    chosen = _chosen(flips_key, hint.augment.flips)
    # Its content is drawn while it is closed, too: widgets that are not drawn forget what was chosen.
    with st.expander(
        "Preparation: how pictures are made ready", icon=":material/crop:", key="preparation", on_change="rerun"
    ) as part:
        controls, shown = st.columns([2, 3], gap="large")
        with controls:
            _choose_fit()
        sha256 = _picture(bench, dataset) if part.open else ""
        if sha256:
            with shown, told_in_words():
                example = bench.preparation.before_after(sha256, fit=chosen["fit"], backbone=advanced.backbone)
                prepared(example, key="prepared")
                _another(example.exact)
        controls, shown = st.columns([2, 3], gap="large")
        with controls:
            _choose_variants(bench, flips_key, hint.augment.flips, hint.reason, advanced, counted=looks_once)
        if sha256:
            with shown, told_in_words():
                _show_variants(bench, sha256, chosen, advanced)
        _single_switches(flips=chosen["augment"].flips)
    return {name: value for name, value in chosen.items() if name in settings_of(advanced.preset)}


def _looks_once(config: TrainConfig) -> bool:
    """Whether each variant is made once and learned from as often as need be; else each epoch makes new ones."""
    return "views" in settings_of(config.preset)


def _left_to_the_studio(config: TrainConfig) -> bool:
    """Whether this preset makes variants although none were chosen."""
    return config.preset in _AUTOMATIC and config.augment.preset == _AUTO


def _chosen(flips_key: str, flips: bool) -> dict[str, Any]:
    """What is chosen, read before its widgets are drawn, as the pictures beside them show it."""
    state = st.session_state
    preset, flips = state.get("prep_preset", _AUTO), state.get(flips_key, flips)
    augment: dict[str, Any] = {"preset": preset, "flips": flips}
    if preset == _CUSTOM:
        switches = [name for name in AugmentConfig.switches() if flips or name not in _FLIPS]
        augment |= {name: state[f"augment_{name}"] for name in switches if f"augment_{name}" in state}
    return {
        "fit": state.get("prep_fit", "crop"),
        "augment": AugmentConfig.model_validate(augment),
        "views": None if preset in (_AUTO, _NONE) else state.get("prep_views"),
    }


def _choose_fit() -> None:
    st.markdown("**The square the network sees**")
    fit = st.segmented_control(
        "How a picture becomes square",
        get_args(Fit),
        default=None if "prep_fit" in st.session_state else "crop",
        required=True,
        format_func=_FIT_NAMES.__getitem__,
        key="prep_fit",
        label_visibility="collapsed",
        wrap=True,
    )
    quiet(_FIT_WORDS[fit or "crop"])
    quiet("The same is done to every picture the model is ever asked about.")


def _choose_variants(
    bench: Workbench, flips_key: str, flips: bool, reason: str, config: TrainConfig, *, counted: bool
) -> None:
    presets = {preset.key: preset for preset in bench.preparation.presets()}
    names = {key: preset.name for key, preset in presets.items()} | {_CUSTOM: "My own"}
    if config.preset in _AUTOMATIC:
        names = {_AUTO: "Automatic", **names}
    elif st.session_state.get("prep_preset") != _NONE:  # else kept for the presets to which it makes a difference
        names = {_AUTO: names.pop(_NONE), **names}
    st.markdown("**Variants to learn from**")
    preset = st.segmented_control(
        "How much the variants are changed",
        list(names),
        default=None if "prep_preset" in st.session_state else _AUTO,
        required=True,
        format_func=names.__getitem__,
        key="prep_preset",
        on_change=_take_preset,
        args=(bench,),
        label_visibility="collapsed",
        wrap=True,
    )
    quiet(_described(preset, presets, config))
    if counted:
        _choose_views(disabled=preset in (_AUTO, _NONE))
    else:
        quiet("A new variant of each picture is made in every epoch.")
    st.toggle(
        "May be mirrored",
        **({} if flips_key in st.session_state else {"value": flips}),
        key=flips_key,
        help=AugmentConfig.model_fields["flips"].description,
        disabled=preset in (_AUTO, _NONE),
    )
    if reason and preset not in (_AUTO, _NONE):
        quiet(f"Off to begin with. {reason}")


def _described(preset: str, presets: Mapping[str, AugmentPreset], config: TrainConfig) -> str:
    if preset == _AUTO:
        return _AUTOMATIC.get(config.preset, presets[_NONE].description)
    return presets[preset].description if preset in presets else "Each switch as you set it below."


def _choose_views(*, disabled: bool) -> None:
    field = TrainConfig.model_fields["views"]
    value = {} if "prep_views" in st.session_state else {"value": TrainConfig().view_count}
    st.number_input(
        "Variants of each picture",
        min_value=1,
        max_value=20,
        step=1,
        help=field.description,
        key="prep_views",
        disabled=disabled,
        **value,
    )


def _single_switches(*, flips: bool) -> None:
    """Every switch by itself. Moving one makes the preset one's own; before that they show the preset's values."""
    names = [name for name in AugmentConfig.switches() if flips or name not in _FLIPS]
    formats = dict.fromkeys(_SHARES, "percent") | {"rotate": "%.0f", "blur": "%.1f"}
    with st.expander("Single switches", icon=":material/tune:", key="switches"):
        third = -(-len(names) // 3)
        for index, column in enumerate(st.columns(3, gap="medium")):
            with column:
                mine = names[index * third : (index + 1) * third]
                config_fields(AugmentConfig, mine, labels=_LABELS, key="augment", formats=formats, changed=_make_own)


def _take_preset(bench: Workbench) -> None:
    """Let the single switches show what the preset does; 'My own' keeps them as they are."""
    preset = st.session_state["prep_preset"]
    for known in bench.preparation.presets():
        if known.key == preset:
            for name in AugmentConfig.switches():
                st.session_state[f"augment_{name}"] = getattr(known.augment, name)


def _make_own() -> None:
    st.session_state["prep_preset"] = _CUSTOM


def _picture(bench: Workbench, dataset: DatasetSummary) -> str:
    """Return the identifier of the training picture that is shown."""
    total = dataset.splits.get("train", 0)
    place = int(st.session_state.get("prep_picture", 0) * _STEP * total) % max(1, total)
    page = bench.datasets.pictures(dataset.id, split="train", offset=place, limit=1)
    return page.pictures[0].sha256


def _another(exact: bool) -> None:
    if not exact:
        quiet("This network is not on this machine yet, so its own sizes may differ a little from what is shown.")
    if st.button("Another picture", icon=":material/shuffle:"):
        st.session_state["prep_picture"] = st.session_state.get("prep_picture", 0) + 1
        st.rerun()


def _show_variants(bench: Workbench, sha256: str, chosen: dict[str, Any], advanced: TrainConfig) -> None:
    augment = chosen["augment"]
    if augment.preset == _AUTO and advanced.preset in _AUTOMATIC:
        quiet(_AUTOMATIC[advanced.preset])
        return
    if not augment.active:
        own = st.session_state.get("prep_preset") == _CUSTOM
        quiet(
            "Every switch is off, so there are no variants." if own else "Each picture is learned from once, as it is."
        )
        return
    made = bench.preparation.variants(
        sha256, augment, count=_SHOWN, seed=advanced.seed, fit=chosen["fit"], backbone=advanced.backbone
    )
    if not _looks_once(advanced):
        variants(made, 0, key="variants")
        quiet("Such variants of this picture training would learn from, another one in each epoch.")
        return
    used = min(_SHOWN, chosen["views"] or TrainConfig().view_count)
    variants(made, used, key="variants")
    quiet(f"Framed: the {count(used, 'variant')} of this picture that training would learn from.")
