"""In which settings two runs differ, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

from clf_core.config import NetworkConfig, TrainConfig, settings_of
from clf_core.results.comparison import SettingDifference
from clf_core.values import Value

UNUSED = "not used"

_SIZES = ("filters", "units")
"""What a layer is mainly known by."""

Chosen = Mapping[str, float | int | str]
"""Settings the studio chose itself: field -> value."""


def settings_difference(
    first: TrainConfig, second: TrainConfig, chosen_first: Chosen, chosen_second: Chosen
) -> tuple[SettingDifference, ...]:
    """Return the settings that differ, in the order of the form; what the studio chose is named beside 'automatic'.

    A setting that only one of the two presets has a use for is told only where a person changed it: the difference
    of the presets says the rest.
    """
    return tuple(
        SettingDifference(field=field, first=ours, second=theirs)
        for field, ours, theirs in _compared(first, second, chosen_first, chosen_second)
        if ours != theirs
    )


def _compared(
    first: TrainConfig, second: TrainConfig, chosen_first: Chosen, chosen_second: Chosen
) -> Iterator[tuple[str, str, str]]:
    used_first, used_second = settings_of(first.preset), settings_of(second.preset)
    for name, field in TrainConfig.model_fields.items():
        ours, theirs = getattr(first, name), getattr(second, name)
        if name in used_first and name in used_second:
            if name == "augment":
                yield from _augment(first, second, chosen_first, chosen_second)
            else:
                yield name, _in_words(name, ours, chosen_first), _in_words(name, theirs, chosen_second)
        elif name in used_first and ours != field.default:
            yield name, _in_words(name, ours, chosen_first), UNUSED
        elif name in used_second and theirs != field.default:
            yield name, UNUSED, _in_words(name, theirs, chosen_second)


def _augment(
    first: TrainConfig, second: TrainConfig, chosen_first: Chosen, chosen_second: Chosen
) -> Iterator[tuple[str, str, str]]:
    """Its switches one by one; where the presets differ, that says most of it."""
    ours, theirs = first.augment.model_dump(), second.augment.model_dump()
    names = ours if first.augment.preset == second.augment.preset else ("preset", "flips")
    # The studio notes what it chose for all of it under its own name: the preset that was taken.
    by_first, by_second = (
        {"preset": chosen["augment"]} if "augment" in chosen else {} for chosen in (chosen_first, chosen_second)
    )
    for name in names:
        yield f"augment.{name}", _in_words(name, ours[name], by_first), _in_words(name, theirs[name], by_second)


def _in_words(name: str, value: Any, chosen: Chosen) -> str:
    if value is None or value in ("auto", ""):
        return _automatic(name, chosen) if name != "continue_from" else "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, NetworkConfig):
        return _network(value)
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, tuple):
        return ", ".join(f"{part:g}" if isinstance(part, int | float) else str(part) for part in value)
    return str(value)


def _automatic(name: str, chosen: Chosen) -> str:
    if name not in chosen:
        return "automatic"
    value = chosen[name]
    return f"automatic: {value:.3g}" if isinstance(value, float) else f"automatic: {value}"


def _network(network: NetworkConfig) -> str:
    """Such as '32 px: convolution 32 (kernel 5), pooling, flatten, dense 128'; what is as usual is left out."""
    return f"{network.input_size} px: {', '.join(_layer(layer) for layer in network.layers)}"


def _layer(layer: Value) -> str:
    values = {name: getattr(layer, name) for name in type(layer).model_fields}
    kind, size = values.pop("kind"), next((values.pop(name) for name in _SIZES if name in values), None)
    others = [f"{name} {value}" for name, value in values.items() if value != type(layer).model_fields[name].default]
    named = f"{kind} {size}" if size else str(kind)
    return f"{named} ({', '.join(others)})" if others else named
