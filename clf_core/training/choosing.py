"""Which preset suits: what each does, what to expect of it with these pictures, and which one to take and why."""

from collections.abc import Mapping

from clf_core.config import Preset
from clf_core.training.situation import Situation, training_pictures

_FEW = 10
"""Pictures of the smallest class below which more than the last layer cannot be learned from them."""

_MANY = 500
"""Pictures per class from which training every layer pays, by the field's experience with networks of this size."""

_PATIENCE_SECONDS = 600.0
"""What a person is asked to wait for without having chosen to."""

_WHAT: dict[Preset, str] = {
    "quick": "A network that already knows pictures stays as it is; its last layer learns your classes.",
    "balanced": "The same, and then the network's last blocks learn from your pictures, too.",
    "thorough": "The same with more of its blocks.",
    "full": "All of the network learns from your pictures, every layer at its own pace.",
    "scratch": "A small network of your own design, layer by layer, which begins knowing nothing.",
}


def what_it_does(preset: Preset) -> str:
    """Return what learns with this preset, in a sentence."""
    return _WHAT[preset]


def quality(preset: Preset, situation: Situation) -> str:
    """Return what quality to expect of a preset with these pictures, and why, in a sentence."""
    few, many, drawings = situation.fewest < _FEW, situation.fewest >= _MANY, situation.drawings
    return _QUALITY[preset](few, many, drawings)


def _quick(few: bool, _many: bool, drawings: bool) -> str:
    if drawings:
        return "Fair: your pictures are unlike the photos it knows, and only its last layer adapts to them."
    if few:
        return "As good as so few pictures allow: there is not enough to learn more from."
    return "Good for photos of everyday things: it has seen millions like them. Weaker on fine differences."


def _balanced(few: bool, _many: bool, drawings: bool) -> str:
    if few:
        return "Little better than quick: so few pictures hardly teach it more."
    if drawings:
        return "Good: its last blocks adapt to pictures unlike photos, which quick cannot."
    return "Good to very good: a little better than quick where classes differ in details."


def _thorough(few: bool, _many: bool, drawings: bool) -> str:
    if few:
        return "Little better than quick: so few pictures hardly teach it more."
    if drawings:
        return "Very good: deeper blocks adapt as well, and those see strokes and edges."
    return "Very good: the most that pays with a few hundred pictures per class."


def _full(few: bool, many: bool, _drawings: bool) -> str:
    if many:
        return "The best your data allows: there are enough pictures to teach every layer."
    if few:
        return "Worse than quick, most likely: it would learn so few pictures by heart."
    return "Very good with patience; with fewer than some hundreds of pictures per class rarely better than thorough."


def _scratch(_few: bool, many: bool, drawings: bool) -> str:
    if drawings and many:
        return "Good for small, simple pictures such as digits, and every layer is yours to look at."
    if drawings:
        return "Fair for small, simple pictures; to see how a network learns, nothing teaches more."
    return "Far below the others on photos: it must learn from your pictures alone. Good for understanding."


_QUALITY = {"quick": _quick, "balanced": _balanced, "thorough": _thorough, "full": _full, "scratch": _scratch}


def recommend(situation: Situation, seconds: Mapping[Preset, float]) -> tuple[Preset, str]:
    """Return the preset to take and why, in a sentence.

    Args:
        situation: the pictures and the processor.
        seconds: expected of each preset.
    """
    classes, fewest = len(situation.classes), situation.fewest
    pictures = f"{situation.train:,} training pictures in {classes:,} classes"
    if fewest < _FEW:
        return (
            "quick",
            f"the smallest class has {training_pictures(fewest)}, too few to teach more than the last layer",
        )
    if situation.device == "cuda" and fewest >= _MANY and seconds["full"] <= _PATIENCE_SECONDS:
        return "full", f"{pictures} and a graphics card: enough to teach every layer"
    if seconds["balanced"] > _PATIENCE_SECONDS:
        return "quick", f"with {pictures} on this processor, the others take more than ten minutes"
    if situation.drawings:
        size = f"pictures of about {situation.side:,} pixels" if situation.side else "pictures unlike photos"
        return "balanced", f"{size}, unlike the photos the network knows, so more than its last layer has to learn"
    return "quick", f"{pictures}: a result at once, which shows whether more is worth the wait"
