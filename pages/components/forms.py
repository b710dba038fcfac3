"""Forms made from config fields: the field's own description is the help text, its type decides the widget."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, get_args, get_origin

import streamlit as st
from pydantic.fields import FieldInfo

from clf_core.values import Value


def config_fields(
    model: type[Value],
    names: Sequence[str],
    *,
    labels: Mapping[str, str],
    suggestions: Mapping[str, Sequence[str]],
    key: str,
) -> dict[str, Any]:
    """Draw a widget for each named field of ``model`` and return what was entered, to be validated by the model.

    Args:
        model: the config class.
        names: which fields, in this order.
        labels: field -> words above the widget; the field's name where missing.
        suggestions: field -> values offered for free text.
        key: prefix of the widgets' keys.
    """
    return {
        name: _widget(model.model_fields[name], labels.get(name, name), suggestions.get(name, ()), f"{key}_{name}")
        for name in names
    }


def _widget(field: FieldInfo, label: str, suggestions: Sequence[str], key: str) -> Any:
    default, text = field.default, field.description
    if get_origin(field.annotation) is Literal:
        options = list(get_args(field.annotation))
        return st.selectbox(label, options, index=options.index(default), help=text, key=key)
    if field.annotation is bool:
        return st.toggle(label, value=default, help=text, key=key)
    if field.annotation is int:
        low, high = _bounds(field)
        return st.number_input(label, min_value=low, max_value=high, value=default, step=1, help=text, key=key)
    if suggestions:
        offered = list(dict.fromkeys([default, *suggestions]))
        return st.selectbox(label, offered, help=text, key=key, accept_new_options=True)
    if get_origin(field.annotation) is tuple:
        entered = st.text_input(label, value=", ".join(f"{value:g}" for value in default), help=text, key=key)
        return tuple(part.strip() for part in entered.split(",") if part.strip())
    return st.text_input(label, value=str(default), help=text, key=key)


def _bounds(field: FieldInfo) -> tuple[int | None, int | None]:
    low = high = None
    for rule in field.metadata:
        low = getattr(rule, "ge", low)
        high = getattr(rule, "le", high)
    return low, high
