"""The small network, layer by layer: a drawing to choose a layer from, its settings, and what the whole comes to."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import (
    LARGEST_INPUT,
    SMALLEST_INPUT,
    BatchNorm,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalPooling,
    Layer,
    NetworkConfig,
    Pooling,
    Residual,
)
from clf_core.results import NetworkShape
from pages.components.escaping import md
from pages.components.forms import config_fields
from pages.components.heading import quiet
from pages.components.network_drawing import draw_network
from pages.components.words import count, percent

_KINDS: dict[str, type[Layer]] = {
    "Convolution": Convolution,
    "Pooling": Pooling,
    "Batch norm": BatchNorm,
    "Dropout": Dropout,
    "Residual block": Residual,
    "Global pooling": GlobalPooling,
    "Flatten": Flatten,
    "Dense": Dense,
}
_LABELS = {
    "filters": "Filters",
    "kernel": "Side of its patch (kernel)",
    "stride": "Steps (stride)",
    "padding": "Border (padding)",
    "activation": "Activation",
    "mode": "What is kept",
    "size": "Side of the patches",
    "share": "Share silenced",
    "units": "Units",
}
_NAMES = {
    "activation": {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "tanh": "tanh", "none": "none"},
    "padding": {"same": "filled up (same)", "none": "cut off (none)"},
    "mode": {"max": "the strongest (max)", "average": "the mean (average)"},
}
_MOST_LAYERS = next(rule.max_length for rule in NetworkConfig.model_fields["layers"].metadata)


@dataclass(frozen=True)
class _Draft:
    """A network being edited. Each layer keeps its number wherever it is moved, so that its widgets go with it."""

    network: NetworkConfig
    numbers: tuple[int, ...] = ()
    chosen: int = 0
    """The layer whose settings are shown: 0 is the picture, then the layers, then the last one."""
    following: int = field(default=0, compare=False)

    @classmethod
    def of(cls, network: NetworkConfig, following: int = 0) -> "_Draft":
        """Begin anew; numbers are never used twice."""
        end = following + len(network.layers)
        return cls(network, tuple(range(following, end)), min(1, len(network.layers)), end)

    @property
    def layer(self) -> Layer | None:
        """The chosen layer; None for the picture and for the last one."""
        return self.network.layers[self.chosen - 1] if 1 <= self.chosen <= len(self.network.layers) else None

    def resized(self, size: int) -> "_Draft":
        return replace(self, network=self.network.model_copy(update={"input_size": size}))

    def changed(self, number: int, values: Mapping[str, Any]) -> "_Draft":
        """Other settings for the layer of this number; nothing where it is gone."""
        pairs = [*zip(self.numbers, self.network.layers, strict=True)]
        for place, (known, layer) in enumerate(pairs):
            if known == number:
                pairs[place] = (number, type(layer).model_validate({**dict(layer), **values}))
        return self._with(pairs, self.chosen)

    def added(self, layer: Layer) -> "_Draft":
        """One more, behind the chosen one; before the last, where that is chosen."""
        pairs = [*zip(self.numbers, self.network.layers, strict=True)]
        place = min(self.chosen, len(pairs))
        pairs.insert(place, (self.following, layer))
        return replace(self._with(pairs, place + 1), following=self.following + 1)

    def removed(self) -> "_Draft":
        """Without the chosen layer, where it is one."""
        if self.layer is None:
            return self
        pairs = [*zip(self.numbers, self.network.layers, strict=True)]
        del pairs[self.chosen - 1]
        return self._with(pairs, min(self.chosen, len(pairs)))

    def moved(self, by: int) -> "_Draft":
        """The chosen layer one place earlier (-1) or later (1), where there is one."""
        pairs = [*zip(self.numbers, self.network.layers, strict=True)]
        place, to = self.chosen - 1, self.chosen - 1 + by
        if self.layer is None or not 0 <= to < len(pairs):
            return self
        pairs[place], pairs[to] = pairs[to], pairs[place]
        return self._with(pairs, to + 1)

    def _with(self, pairs: list[tuple[int, Layer]], chosen: int) -> "_Draft":
        network = self.network.model_copy(update={"layers": tuple(layer for _, layer in pairs)})
        return replace(self, network=network, numbers=tuple(number for number, _ in pairs), chosen=chosen)


def network_editor(bench: Workbench, key: str, classes: int) -> NetworkConfig | None:
    """Draw the editor and return the network; None while a layer does not fit, which is then explained at that layer.

    The network is kept in the session, also while the editor is not drawn; ``begin_with`` puts another one there.

    Args:
        bench: the facade.
        key: unique on the page; prefix of the widgets' keys.
        classes: how many the network will tell apart.
    """
    draft = _draft(key)
    _choose_design(bench, key, draft)
    shape = bench.networks.shape(draft.network, max(2, classes))
    draw_network(
        draft.network,
        shape,
        draft.chosen,
        key=f"{key}_drawing",
        pick=lambda place: _pick(key, place),
        act=lambda what, place: _act(key, what, place),
    )
    _tell(draft.network, shape)
    with st.container(border=True):
        left, right = st.columns([3, 2], gap="large")
        with left:
            _show_chosen(key, draft, classes)
        with right:
            _show_actions(key, draft)
    return draft.network if shape.fault is None else None


def begin_with(key: str, network: NetworkConfig) -> None:
    """Let the editor of that key show this network when it is drawn next."""
    known = st.session_state.get(f"{key}_draft")
    st.session_state[f"{key}_draft"] = _Draft.of(network, known.following if known else 0)
    st.session_state.pop(f"{key}_size", None)


def _draft(key: str) -> _Draft:
    if f"{key}_draft" not in st.session_state:
        begin_with(key, NetworkConfig())
    draft: _Draft = st.session_state[f"{key}_draft"]
    return draft


def _keep(key: str, draft: _Draft) -> None:
    st.session_state[f"{key}_draft"] = draft


def _choose_design(bench: Workbench, key: str, draft: _Draft) -> None:
    """Designs to start from; the one that is drawn is marked as long as nothing of it is changed."""
    presets = bench.networks.presets()
    now = next((name for name, preset in presets.items() if preset.network == draft.network), None)
    st.session_state[f"{key}_design"] = now

    def take() -> None:
        name = st.session_state[f"{key}_design"]
        if name is not None:
            begin_with(key, presets[name].network)

    st.pills(
        "Start from",
        list(presets),
        format_func=lambda name: presets[name].title,
        key=f"{key}_design",
        on_change=take,
        wrap=True,
    )
    quiet(presets[now].description if now else "Your own design.")


def _tell(network: NetworkConfig, shape: NetworkShape) -> None:
    """Why it cannot be, or what it comes to."""
    if shape.fault is not None:
        last = shape.fault.index >= len(network.layers)
        name = "The last layer" if last else f"Layer {shape.fault.index + 1}, {network.layers[shape.fault.index].kind},"
        st.warning(
            f"**{name} does not fit.** {md(shape.fault.problem, 400)}. {md(shape.fault.remedy, 400)}.",
            icon=":material/build:",
        )
        return
    total = shape.parameters
    heaviest = max(range(len(shape.layers)), key=lambda index: shape.layers[index].parameters)
    share = shape.layers[heaviest].parameters / max(1, total)
    where = "the last layer" if heaviest == len(network.layers) else f"layer {heaviest + 1}"
    most = f", {percent(share)} of them in {where}" if share > 0.5 and len(shape.layers) > 1 else ""
    work = shape.multiply_adds / 1e6
    st.markdown(f"**{count(total, 'weight')}** to learn{most}; {work:,.1f} million multiplications for one picture.")


def _show_chosen(key: str, draft: _Draft, classes: int) -> None:
    """The settings of the chosen layer, each with its sentence of help."""
    layer = draft.layer
    if layer is None:
        _show_end(key, draft, classes)
        return
    st.markdown(f"**Layer {draft.chosen}: {layer.kind}**")
    quiet(" ".join((type(layer).__doc__ or "").split()))
    number = draft.numbers[draft.chosen - 1]
    prefix = f"{key}_{number}"
    names = [name for name in type(layer).model_fields if name != "kind"]
    for name in names:
        st.session_state.setdefault(f"{prefix}_{name}", getattr(layer, name))

    def take() -> None:
        values = {
            name: st.session_state[f"{prefix}_{name}"] for name in names if f"{prefix}_{name}" in st.session_state
        }
        _keep(key, _draft(key).changed(number, values))

    config_fields(
        type(layer), names, labels=_LABELS, formats={"share": "percent"}, names_of=_NAMES, key=prefix, changed=take
    )


def _show_end(key: str, draft: _Draft, classes: int) -> None:
    if draft.chosen > len(draft.network.layers):
        st.markdown("**The last layer: dense with softmax**")
        quiet(f"It always has a unit for each class, {classes} here, and gives their probabilities.")
        return
    st.markdown("**The picture**")
    size = f"{key}_size"
    st.session_state.setdefault(size, draft.network.input_size)
    st.number_input(
        "Side of the picture it sees, pixels",
        min_value=SMALLEST_INPUT,
        max_value=LARGEST_INPUT,
        step=1,
        help=NetworkConfig.model_fields["input_size"].description,
        key=size,
        on_change=lambda: _keep(key, _draft(key).resized(st.session_state[size])),
    )
    quiet("More pixels show finer detail; each doubling takes about four times as long.")


def _show_actions(key: str, draft: _Draft) -> None:
    """Move, remove, add."""
    st.markdown("**Change the stack**")
    full = len(draft.network.layers) >= _MOST_LAYERS
    is_layer = draft.layer is not None
    with st.container(horizontal=True):
        _button("Earlier", "arrow_back", key, lambda draft: draft.moved(-1), off=not is_layer or draft.chosen == 1)
        at_end = draft.chosen == len(draft.network.layers)
        _button("Later", "arrow_forward", key, lambda draft: draft.moved(1), off=not is_layer or at_end)
        _button("Remove", "delete", key, lambda draft: draft.removed(), off=not is_layer)
    kind = st.selectbox("One more layer", list(_KINDS), key=f"{key}_kind", disabled=full)
    where = "before the last" if draft.chosen > len(draft.network.layers) else "behind the chosen one"
    _button(f"Add {where}", "add", key, lambda draft: draft.added(_KINDS[kind]()), off=full, name="Add")


def _button(words: str, icon: str, key: str, make: Callable[[_Draft], _Draft], *, off: bool, name: str = "") -> None:
    # What is edited is read when the button is pressed: a quick second press finds what the first one left.
    st.button(
        words,
        icon=f":material/{icon}:",
        key=f"{key}_{name or words}",
        disabled=off,
        on_click=lambda: _keep(key, make(_draft(key))),
    )


def _pick(key: str, place: Any) -> None:
    draft = _draft(key)
    if isinstance(place, int) and 0 <= place <= len(draft.network.layers) + 1:
        _keep(key, replace(draft, chosen=place))


def _act(key: str, what: Any, place: Any) -> None:
    """A key pressed on a layer of the drawing; what comes from a browser is looked at twice."""
    _pick(key, place)
    draft = _draft(key)
    if what == "remove":
        _keep(key, draft.removed())
    elif what in ("earlier", "later"):
        _keep(key, draft.moved(-1 if what == "earlier" else 1))
