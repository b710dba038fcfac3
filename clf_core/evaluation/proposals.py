"""What to try next after a result: rules of thumb a practitioner would follow, each with its reason. Pure functions.

What comes from the test split is marked so: whoever chooses by it again and again makes its figure flatter them, which
is why the rules look at the validation pictures, the settings and the dataset wherever those can tell.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from clf_core.config import TUNED_PRESETS, Preset, TrainConfig, settings_of
from clf_core.data.wording import in_short, pictures
from clf_core.evaluation.label_proposals import check_labels, merge_classes
from clf_core.results import ClassScore, EpochPoint, EvaluationReport, Proposal

MOST = 5
"""More than a handful is a list nobody reads."""

_LEAST_SUPPORT = 5
_LOW_RECALL = 0.85
_BELOW_AVERAGE = 0.1
_LEAST_MIXUPS = 3
_MIXUP_SHARE = 0.15
_IMPROVING = 0.01
_RISEN = 0.1
_GAP = 0.1
_UNEQUAL = 3.0
_FEW = 20
_FEW_FOR_VARIANTS = 100
_GOOD_ENOUGH = 0.98
_FAIR = 0.8
_LARGEST_STEP = 1.5
_STEP = 32
_LARGEST_SIDE = 512

_NEXT: dict[Preset, Preset] = {"quick": "balanced", "balanced": "thorough"}
_NEXT_WORDS: dict[Preset, str] = {
    "quick": "Quick leaves the network as it is and fits its last layer only; balanced teaches its last blocks your "
    "pictures, too.",
    "balanced": "Balanced teaches the last blocks only; thorough reaches deeper, where strokes and edges are seen.",
}
_STRONGER = {"auto": "light", "none": "light", "light": "standard", "standard": "strong"}


@dataclass(frozen=True)
class Known:
    """What is known of a run beside its result.

    Attributes:
        config: its settings.
        train: training pictures per class.
        side: typical shorter side of the pictures, in pixels; 0 where unknown.
        seen: side of the square the network saw, in pixels; 0 where unknown.
        epochs: of its training, the state before the first included; empty for quick.
        doubtful: test pictures whose label is in doubt, see ``label_proposals``.
    """

    config: TrainConfig
    train: Mapping[str, int]
    side: int = 0
    seen: int = 0
    epochs: Sequence[EpochPoint] = ()
    doubtful: int = 0


def propose(report: EvaluationReport, known: Known) -> tuple[Proposal, ...]:
    """Return what to try next, the most promising first, at most ``MOST``; each kind once.

    Args:
        report: on the test split.
        known: the run it belongs to.
    """
    found: dict[str, Proposal] = {}
    for rule in _RULES:
        for proposal in rule(report, known):
            if proposal.config == known.config:
                continue  # it is so already
            found.setdefault(proposal.key, proposal)
    return tuple(found.values())[:MOST]


def _begin_with_knowledge(report: EvaluationReport, known: Known) -> Iterator[Proposal]:
    if known.config.preset != "scratch" or report.accuracy >= _FAIR:
        return
    yield _change(
        known,
        "preset",
        "Begin from a network that knows pictures",
        "This one began knowing nothing and has only your pictures to learn from; a pretrained one has seen millions.",
        "settings",
        {"preset": "quick"},
    )


def _still_improving(_report: EvaluationReport, known: Known) -> Iterator[Proposal]:
    judged = [point for point in known.epochs if point.val_loss is not None]
    if len(judged) < 3 or known.config.minutes is not None:
        return
    before, last = judged[-2], judged[-1]
    if min(judged, key=_val_loss) is not last or _val_loss(last) > _val_loss(before) * (1 - _IMPROVING):
        return
    more = max(5, last.epoch // 2)
    yield _change(
        known,
        "epochs",
        f"Train {more} more epochs",
        f"It was still getting better when it ended: the validation loss fell from {_val_loss(before):.3f} to "
        f"{_val_loss(last):.3f} in the last epoch.",
        "validation",
        {"epochs": last.epoch + more},
    )


def _learns_by_heart(_report: EvaluationReport, known: Known) -> Iterator[Proposal]:
    judged = [point for point in known.epochs if point.val_loss is not None and point.epoch > 0]
    augment = known.config.augment
    is_standard = augment.preset == "auto" and known.config.varies
    stronger = _STRONGER.get("standard" if is_standard else augment.preset)
    if len(judged) < 3 or stronger is None:
        return
    best, last = min(judged, key=_val_loss), judged[-1]
    gap = (last.train_accuracy or 0.0) - (last.val_accuracy or 0.0)
    if _val_loss(last) < _val_loss(best) * (1 + _RISEN) or gap < _GAP:
        return
    yield _change(
        known,
        "augment",
        f"Show it stronger variants ({stronger})",
        f"It began to learn the training pictures by heart after epoch {best.epoch}: the validation loss rose from "
        f"{_val_loss(best):.3f} to {_val_loss(last):.3f} while training went on getting better.",
        "validation",
        {"augment": {"preset": stronger, "flips": augment.flips}},
    )


def _unequal_classes(_report: EvaluationReport, known: Known) -> Iterator[Proposal]:
    counts = {name: number for name, number in known.train.items() if number}
    if len(counts) < 2 or known.config.imbalance != "none":
        return
    small, large = min(counts, key=counts.__getitem__), max(counts, key=counts.__getitem__)
    if counts[large] < _UNEQUAL * counts[small]:
        return
    preset = known.config.preset if known.config.preset in TUNED_PRESETS else "balanced"
    yield _change(
        known,
        "imbalance",
        "Let small classes count more",
        f"'{in_short(small)}' has {pictures(counts[small])} to learn from and '{in_short(large)}' {counts[large]:,}: "
        "with weights, a mistake in the small class costs as much in all.",
        "dataset",
        {"preset": preset, "imbalance": "weights"},
    )


def _next_preset(report: EvaluationReport, known: Known) -> Iterator[Proposal]:
    preset = known.config.preset
    if preset not in _NEXT or report.accuracy >= _GOOD_ENOUGH or min(known.train.values(), default=0) < 10:
        return
    then = _NEXT[preset]
    yield _change(known, "preset", f"Train {then}", _NEXT_WORDS[preset], "settings", {"preset": then})


def _weak_class(report: EvaluationReport, known: Known) -> Iterator[Proposal]:
    weakest = weakest_class(report)
    if weakest is None:
        return
    found = round((weakest.recall or 0.0) * weakest.support)
    low = f"Recall of '{in_short(weakest.name)}' is low: {found} of {weakest.support} were found."
    if 0 < known.seen < known.side:
        side = _larger(known.seen, known.side)
        place: dict[str, Any] = {"input_size": side}
        if known.config.preset == "scratch":
            place = {"network": {**known.config.network.model_dump(), "input_size": min(side, 256)}}
        yield _change(
            known,
            "input_size",
            f"Show it finer detail ({side} px)",
            f"{low} The pictures have about {known.side:,} pixels and the network saw {known.seen}; what tells this "
            "class apart may be lost.",
            "test",
            place,
        )
    have = known.train.get(weakest.name, 0)
    more = max(10, min(100, 10 * round(have / 20)))
    yield Proposal(
        key="pictures",
        title=f"Add about {more} pictures of '{in_short(weakest.name)}'",
        why=f"{low} It has {pictures(have)} to learn from; more, and more varied ones, help most.",
        source="test",
        label=weakest.name,
    )


def _confused_pair(report: EvaluationReport, known: Known) -> Iterator[Proposal]:
    pair = most_confused(report)
    if pair is None:
        return
    true, said, there, back = pair
    then = _NEXT.get(known.config.preset)
    both = f" and the other way round {_times(back)}" if back else ""
    why = f"'{in_short(true)}' was taken for '{in_short(said)}' {_times(there)}{both}."
    title = f"Tell '{in_short(true)}' and '{in_short(said)}' apart"
    if then is not None:
        why += f" {then.capitalize()} lets the network itself learn the difference."
        yield _change(known, "preset", title, why, "test", {"preset": then})
    else:
        why += " Look whether some of them are in the wrong class, and add pictures that show the difference."
        yield Proposal(key="pair", title=title, why=why, source="test", label=true, other=said)


def _few_pictures(_report: EvaluationReport, known: Known) -> Iterator[Proposal]:
    counts = {name: number for name, number in known.train.items() if number}
    small = min(counts, key=counts.__getitem__, default=None)
    if small is None or counts[small] >= _FEW:
        return
    yield Proposal(
        key="pictures",
        title=f"Add about {_FEW} pictures of '{in_short(small)}'",
        why=f"It has {pictures(counts[small])} to learn from. From so few, chance decides much.",
        source="dataset",
        label=small,
    )


def _no_variants(report: EvaluationReport, known: Known) -> Iterator[Proposal]:
    fewest = min(known.train.values(), default=0)
    if known.config.varies or fewest >= _FEW_FOR_VARIANTS or report.accuracy >= _GOOD_ENOUGH:
        return
    yield _change(
        known,
        "augment",
        "Show it variants of the pictures (light)",
        f"The smallest class has {pictures(fewest)} to learn from, each seen in one way only; slightly changed copies "
        "teach what does not matter.",
        "settings",
        {"augment": {"preset": "light", "flips": known.config.augment.flips}},
    )


_RULES: tuple[Callable[[EvaluationReport, Known], Iterator[Proposal]], ...] = (
    _begin_with_knowledge,
    _still_improving,
    _learns_by_heart,
    _unequal_classes,
    lambda report, known: check_labels(report, known.doubtful),
    lambda report, _known: merge_classes(report),
    _confused_pair,
    _weak_class,
    _next_preset,
    _few_pictures,
    _no_variants,
)


def weakest_class(report: EvaluationReport) -> ClassScore | None:
    """Return the class found least often, if that is little and clearly less than the others; else None."""
    known = [score for score in report.class_scores if score.recall is not None and score.support >= _LEAST_SUPPORT]
    weakest = min(known, key=lambda score: (score.recall or 0.0, -score.support), default=None)
    if weakest is None or weakest.recall is None:
        return None
    low = weakest.recall < _LOW_RECALL and weakest.recall <= report.accuracy - _BELOW_AVERAGE
    return weakest if low else None


def most_confused(report: EvaluationReport) -> tuple[str, str, int, int] | None:
    """Return (true, said, how often, how often the other way round) of the worst mix-up; None where it is rare."""
    matrix, names = report.confusion_matrix, report.classes
    cells = [
        (count, matrix[said][true], true, said)
        for true, row in enumerate(matrix)
        for said, count in enumerate(row)
        if true != said and count >= _LEAST_MIXUPS and count >= _MIXUP_SHARE * sum(row)
    ]
    if not cells:
        return None
    there, back, true, said = max(cells, key=lambda cell: (cell[0] + cell[1], cell[0], -cell[2]))
    return names[true], names[said], there, back


def _change(known: Known, key: str, title: str, why: str, source: str, changes: Mapping[str, Any]) -> Proposal:
    """A proposal whose settings are the run's own with some changed; what the preset has no use for is left out."""
    merged = {**known.config.model_dump(), **changes}
    preset: Preset = merged["preset"]
    used = settings_of(preset)
    config = TrainConfig.model_validate({name: value for name, value in merged.items() if name in used})
    if "views" in used and not config.augment.active:
        config = config.model_copy(update={"views": None})
    words = tuple((name, _in_words(name, config)) for name in changes if name in used)
    return Proposal.model_validate(
        {"key": key, "title": title, "why": why, "source": source, "config": config, "changes": words}
    )


def _in_words(name: str, config: TrainConfig) -> str:
    if name == "augment":
        return config.augment.preset
    if name == "network":
        return f"{config.network.input_size} px"
    return str(getattr(config, name))


def _larger(seen: int, side: int) -> int:
    """The next sensible resolution: half as much again at most, and no more than the pictures have."""
    wanted = min(seen * _LARGEST_STEP, side, _LARGEST_SIDE)
    return max(seen + _STEP, int(wanted // _STEP) * _STEP)


def _val_loss(point: EpochPoint) -> float:
    return float("inf") if point.val_loss is None else point.val_loss


def _times(count: int) -> str:
    return "once" if count == 1 else "twice" if count == 2 else f"{count:,} times"
