"""Settings of one search for good settings: what is tried, how long, and by what it is judged."""

from collections.abc import Iterator
from typing import Any, Literal, Self, get_args

from pydantic import Field, ValidationError, model_validator

from clf_core.config.presets import PRESETS, TUNED_PRESETS, Preset
from clf_core.config.training import TrainConfig
from clf_core.errors import ConfigError
from clf_core.values import Value

SearchedSetting = Literal["preset", "backbone", "learning_rate", "augment", "views", "input_size", "fit", "network"]
SEARCHED_SETTINGS: tuple[SearchedSetting, ...] = get_args(SearchedSetting)

MOST_SLOTS = 16


class SearchConfig(Value):
    """Settings of one search. What is not searched keeps its value from ``base``."""

    base: TrainConfig = Field(
        TrainConfig(), description="The settings to begin from; they are the first that is tried."
    )
    settings: tuple[SearchedSetting, ...] = Field(
        ("backbone", "augment", "fit"),
        min_length=1,
        description="Which settings are tried out; the others keep their value. network: the layers of the small "
        "network (convolutions, filters, batch norm, dropout, dense units).",
    )
    presets: tuple[Preset, ...] = Field(
        ("quick", "balanced"), min_length=1, description="Presets to choose from, where the preset is searched."
    )
    backbones: tuple[str, ...] = Field(
        (),
        max_length=50,
        description="Pretrained networks to choose from. Empty: those that are on this machine already.",
    )
    minutes: float | None = Field(
        None,
        gt=0,
        le=10_000,
        description="The search ends after so many minutes; what is under way then is broken off.",
    )
    trials: int | None = Field(None, ge=1, le=10_000, description="The search ends after so many trials.")
    slots: int | None = Field(
        None,
        ge=1,
        le=MOST_SLOTS,
        description="Trials at once, each with its share of the processor's cores. Empty: one for every two cores.",
    )
    pruning: bool = Field(
        True, description="Break off trials that, part of the way, do worse than half of those before them did there."
    )
    judge: Literal["accuracy", "loss"] = Field(
        "accuracy",
        description="What is compared, on the validation pictures: how many answers are right, or how much probability "
        "is given to the right ones (log-loss), which is finer where there are few pictures.",
    )
    train_winner: bool = Field(
        True, description="At the end, train the best settings as an ordinary run, and test that once."
    )
    seed: int = Field(0, ge=0, le=2**32 - 1, description="Same seed, same first settings to be tried.")

    @model_validator(mode="after")
    def _can_be_searched(self) -> Self:
        wrong = next(self._contradictions(), None)
        if wrong is not None:
            raise ValueError(wrong)
        return self

    def _contradictions(self) -> Iterator[str]:
        """'field: why it cannot be', the worst first."""
        if self.minutes is None and self.trials is None:
            yield "minutes: minutes or trials must be given, else it would never end"
        for name in ("settings", "presets", "backbones"):
            if len(set(getattr(self, name))) < len(getattr(self, name)):
                yield f"{name}: something is named twice"
        presets = frozenset(self.tried_presets)
        if "network" in self.settings and "scratch" not in presets:
            yield "settings: only the preset scratch has layers to search; the others are pretrained"
        if "learning_rate" in self.settings and not presets & TUNED_PRESETS:
            yield "settings: the preset quick has no learning rate to search"
        if "backbone" in self.settings and presets == {"scratch"}:
            yield "settings: the preset scratch begins without a pretrained network"
        if "backbone" in self.settings and self.base.continue_from:
            yield "settings: a run that goes on from an earlier one has its network already"

    @property
    def tried_presets(self) -> tuple[Preset, ...]:
        """The presets a trial can have, in the order of ``PRESETS``."""
        chosen = self.presets if "preset" in self.settings else (self.base.preset,)
        return tuple(preset for preset in PRESETS if preset in chosen)


def search_config(fields: dict[str, Any]) -> SearchConfig:
    """Build a ``SearchConfig`` from outside input.

    Raises:
        ConfigError: naming the first field that is unknown, malformed or contradictory.
    """
    try:
        return SearchConfig.model_validate(fields)
    except ValidationError as error:
        first = error.errors()[0]
        reason = first["msg"].removeprefix("Value error, ")
        place = [str(part) for part in first["loc"]]
        if not place:  # a contradiction names its field itself
            named, _, reason = reason.partition(": ")
            place = [named]
        if first["type"] == "extra_forbidden":
            reason = "there is no such setting"
        field = ".".join(place[:2] if place[0] == "base" else place[:1])
        raise ConfigError(
            f"The setting '{field}' cannot be used",
            field=field,
            why=reason,
            remedy=f"Settings are: {', '.join(SearchConfig.model_fields)}",
        ) from None
