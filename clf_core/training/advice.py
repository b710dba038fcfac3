"""Plain warnings for unusual choices, before a training starts. Pure: settings and numbers in, sentences out."""

from collections.abc import Callable

from clf_core.config import TUNED_PRESETS, TrainConfig, settings_of
from clf_core.results.plans import Advice
from clf_core.training.situation import Situation, training_pictures

_FEW_PER_CLASS = 100
"""Below this, a network that sees the same pictures in each epoch remembers them; a rule of thumb of the field."""

_NUMBERS_PER_PICTURE = {"full": 100_000, "scratch": 20_000}
"""More learnable numbers per training picture than this, and the network can hold the pictures themselves. One that
already knows pictures bears more: it begins near what generalises."""

_UNEQUAL = 3.0
_NEARLY_EQUAL = 1.5
_MUCH_ENLARGED = 4.0

_USUAL_RATES = {"adam": (1e-5, 1e-2), "sgd": (1e-4, 0.5), "lion": (1e-6, 1e-3)}
"""Learning rates between which published recipes lie, by the kind of rule: adamw, adam and lamb are alike."""

_Rule = Callable[[TrainConfig, Situation], str]


def advise(config: TrainConfig, situation: Situation) -> tuple[Advice, ...]:
    """Return what is unusual about these settings for these pictures, the gravest first; usually nothing.

    Args:
        config: settings of the run.
        situation: the pictures, the network and the processor they are meant for.
    """
    used = settings_of(config.preset)
    found = []
    for field, rule in _RULES:
        text = rule(config, situation) if field.partition(".")[0] in used else ""
        if text:
            found.append(Advice(field=field, text=text))
    return tuple(found)


def big_number(number: int) -> str:
    """Return '80 million', '3.4 million' or '28,000': a number of parameters as people say it."""
    if number >= 999_500:
        millions = number / 1e6
        return f"{millions:.0f} million" if millions >= 9.95 else f"{millions:.1f} million"
    return f"{round(number, -3) if number >= 10_000 else number:,}"


def _learned_by_heart(config: TrainConfig, situation: Situation) -> str:
    most = _NUMBERS_PER_PICTURE.get(config.preset)
    if most is None or situation.parameters < most * situation.train:
        return ""
    gentler = "'quick' or 'balanced'" if config.preset == "full" else "'quick', or a smaller network,"
    return (
        f"{situation.train:,} pictures and {big_number(situation.parameters)} parameters: it will learn them by heart "
        f"instead of what makes a class. Take {gentler} or add pictures."
    )


def _nothing_to_judge_by(config: TrainConfig, situation: Situation) -> str:
    if config.preset not in TUNED_PRESETS or situation.val:
        return ""
    return (
        "There are no validation pictures, so nobody sees when it begins to learn by heart, and it cannot stop early. "
        "Divide the pictures anew with some to choose settings."
    )


def _rate_far_off(config: TrainConfig, _situation: Situation) -> str:
    rate = config.learning_rate
    if rate is None:
        return ""
    low, high = _USUAL_RATES.get(config.optimizer, _USUAL_RATES["adam"])
    if rate > high:
        return (
            f"A learning rate of {rate:g} is far above the usual {low:g} to {high:g}: each step may undo the ones "
            "before, and the loss may become infinite. Leave it empty, or find one with the range test."
        )
    if rate < low:
        return (
            f"A learning rate of {rate:g} is far below the usual {low:g} to {high:g}: it will hardly learn anything "
            "in this time. Leave it empty, or find one with the range test."
        )
    return ""


def _batch_too_large(config: TrainConfig, situation: Situation) -> str:
    size, train = config.batch_size or 0, situation.train
    if size <= train:
        return ""
    return (
        f"A batch of {size:,} and only {training_pictures(train)}: each epoch is a single step, so it learns very "
        f"slowly. Take {max(1, min(32, train // 4))} or leave it empty."
    )


def _same_pictures_again(config: TrainConfig, situation: Situation) -> str:
    changed = config.varies or config.mixup or config.cutmix
    if config.preset not in ("full", "scratch") or changed:
        return ""
    if situation.fewest >= _FEW_PER_CLASS:
        return ""
    return (
        f"The smallest class has {training_pictures(situation.fewest)}, and they look the same in every epoch: it "
        "will remember them. Choose variants (light or standard) under Preparation."
    )


def _mirrored_signs(config: TrainConfig, situation: Situation) -> str:
    resolved = config.augment.resolved()
    if not situation.why_not_mirrored or not (resolved.flip_horizontal or resolved.flip_vertical):
        return ""
    return f"{situation.why_not_mirrored} Turn off 'May be mirrored' under Preparation."


def _unequal_classes(config: TrainConfig, situation: Situation) -> str:
    if config.imbalance == "none":
        if situation.imbalance < _UNEQUAL or not situation.fewest:
            return ""
        small = min(situation.classes, key=situation.classes.__getitem__)
        return (
            f"'{small}' has {training_pictures(situation.fewest)} and the largest class "
            f"{max(situation.classes.values()):,}: the small one may be overlooked. Choose 'weights' or 'sampler' "
            "against unequal classes."
        )
    if situation.imbalance >= _NEARLY_EQUAL:
        return ""
    effect = "makes it learn more slowly" if config.imbalance == "focal" else "changes next to nothing"
    return f"The classes are nearly equal in size, so '{config.imbalance}' {effect} here. Choose 'none'."


def _enlarged(config: TrainConfig, situation: Situation) -> str:
    size = config.input_size or 0
    if not situation.side or size < _MUCH_ENLARGED * situation.side:
        return ""
    return (
        f"The pictures have {situation.side:,} pixels and would be shown at {size:,}: that takes longer and shows "
        "nothing more."
    )


def _hardly_any_epochs(config: TrainConfig, _situation: Situation) -> str:
    if config.preset != "scratch" or config.epochs is None or config.epochs >= 3:
        return ""
    return (
        f"{config.epochs} epoch{'s' if config.epochs > 1 else ''} for a network that begins knowing nothing: it will "
        "be far from done. Ten are a good start."
    )


def _doubtful_labels(config: TrainConfig, _situation: Situation) -> str:
    if config.label_smoothing <= 0.3:
        return ""
    return (
        f"Label smoothing of {config.label_smoothing:g} tells it that {config.label_smoothing:.0%} of each label is "
        "made up: it will never be sure of anything. 0.1 is usual."
    )


_RULES: tuple[tuple[str, _Rule], ...] = (
    ("preset", _learned_by_heart),
    ("learning_rate", _rate_far_off),
    ("augment.flips", _mirrored_signs),
    ("batch_size", _batch_too_large),
    ("preset", _nothing_to_judge_by),
    ("augment.preset", _same_pictures_again),
    ("imbalance", _unequal_classes),
    ("epochs", _hardly_any_epochs),
    ("input_size", _enlarged),
    ("label_smoothing", _doubtful_labels),
)
