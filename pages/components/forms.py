"""Forms made from config fields: the field's own description is the help text, its type decides the widget."""

from collections.abc import Callable, Mapping, Sequence
from types import NoneType, UnionType
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from clf_core.values import Value

_INSIDE = 0.05

AUTOMATIC = "automatic"
"""What an empty field says where the studio chooses the value itself."""


def config_fields(
    model: type[Value],
    names: Sequence[str],
    *,
    labels: Mapping[str, str],
    key: str,
    suggestions: Mapping[str, Sequence[str]] | None = None,
    formats: Mapping[str, str] | None = None,
    names_of: Mapping[str, Mapping[str, str]] | None = None,
    changed: Callable[[], None] | None = None,
) -> dict[str, Any]:
    """Draw a widget for each named field of ``model`` and return what was entered, to be validated by the model.

    A value already in the session state under a widget's key is kept; without one the field's default is shown.

    Args:
        model: the config class.
        names: which fields, in this order.
        labels: field -> words above the widget; the field's name where missing.
        key: prefix of the widgets' keys, before an underscore and the field's name.
        suggestions: field -> values offered for free text.
        formats: field -> how a number is shown, such as 'percent' or '%.5f', the latter deciding its step, too.
        names_of: field -> value -> words for one of several values; the value itself where missing.
        changed: called when a person has changed one of them.
    """
    entered = {}
    for name in names:
        words = {"label": labels.get(name, name), "help": model.model_fields[name].description}
        common = {**words, "key": f"{key}_{name}", "on_change": changed or "rerun"}
        if name in (names_of or {}):
            words_of = dict((names_of or {})[name])
            common["format_func"] = lambda value, known=words_of: known.get(value, value)
        offered, shown = (suggestions or {}).get(name, ()), (formats or {}).get(name)
        entered[name] = _widget(model.model_fields[name], common, offered, shown)
    return entered


def _widget(field: FieldInfo, common: dict[str, Any], suggestions: Sequence[str], shown: str | None) -> Any:
    default = field.default
    # Streamlit warns where a widget has both a default and a value in the session state.
    fresh = common["key"] not in st.session_state
    value = {"value": default} if fresh else {}
    if get_origin(field.annotation) is Literal:
        options = list(get_args(field.annotation))
        return st.selectbox(options=options, **({"index": options.index(default)} if fresh else {}), **common)
    if field.annotation is bool:
        return st.toggle(**value, **common)
    if get_origin(field.annotation) is UnionType:
        return _optional_number(field, value, common, shown)
    if field.annotation in (int, float):
        return _number(field, value, common, shown)
    if suggestions:
        offered = list(dict.fromkeys([default, *suggestions]))
        return st.selectbox(options=offered, accept_new_options=True, **common)
    if get_origin(field.annotation) is tuple:
        value = value and {"value": ", ".join(f"{number:g}" for number in default)}
        entered = st.text_input(**value, **common)
        return tuple(part.strip() for part in entered.split(",") if part.strip())
    return st.text_input(**(value and {"value": str(default)}), **common)


def _optional_number(field: FieldInfo, value: dict[str, Any], common: dict[str, Any], shown: str | None) -> Any:
    """A field for a number that may be left open: then the studio chooses."""
    (kind,) = (part for part in get_args(field.annotation) if part is not NoneType)
    low, high = _bounds(field)
    if kind is int:
        return st.number_input(min_value=low, max_value=high, step=1, placeholder=AUTOMATIC, **value, **common)
    decimals = int((shown or "%.2f").strip("%.f"))
    ends = {"min_value": 0.0 if low is None else float(low), "max_value": None if high is None else float(high)}
    return st.number_input(
        **ends, step=10.0**-decimals, format=f"%.{decimals}f", placeholder=AUTOMATIC, **value, **common
    )


def _number(field: FieldInfo, value: dict[str, Any], common: dict[str, Any], shown: str | None) -> Any:
    """A slider for a fraction between two bounds, a field for the rest."""
    low, high = _bounds(field)
    if field.annotation is int:
        return st.number_input(min_value=low, max_value=high, step=1, **value, **common)
    if low is None or high is None:
        ends = {name: None if end is None else float(end) for name, end in (("min_value", low), ("max_value", high))}
        return st.number_input(**ends, **value, **common)
    step = 1.0 if high - low > 10 else 0.05 if high - low > 0.5 else 0.01
    return st.slider(min_value=float(low), max_value=float(high), step=step, format=shown, **value, **common)


def _bounds(field: FieldInfo) -> tuple[Any, Any]:
    """The least and the greatest value; a bound that is itself excluded is moved in by a slider's step."""
    low = high = None
    for rule in field.metadata:
        low = getattr(rule, "ge", low)
        high = getattr(rule, "le", high)
        if hasattr(rule, "gt"):
            low = rule.gt if field.default is None else rule.gt + _INSIDE
        if hasattr(rule, "lt"):
            high = rule.lt - _INSIDE
    return low, high
