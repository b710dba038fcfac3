"""How far to trust one heatmap, in words: do its bright places matter, and does it show what was learned?"""

import numpy as np
from numpy.typing import NDArray

from clf_core.config import HeatmapConfig
from clf_core.explanation.faithfulness import cover
from clf_core.explanation.heatmap import HeatmapMaker
from clf_core.explanation.methods import METHODS
from clf_core.results import CoveredStep, Trust
from clf_core.results.explanation import SAME_MAP, TrustVerdict

_USUAL = HeatmapConfig()
_SPOKEN_SHARE = 0.2
"""The step the sentence is about, unless it points the other way."""
_CLEAR_GAP = 1.0
"""Log odds by which dark places must be harmless compared with bright ones: the odds differ by a factor of 2.7."""
_FRACTIONS = {0.1: "tenth", 0.2: "fifth", 0.3: "three tenths", 0.5: "half"}


def judge(
    maker: HeatmapMaker,
    picture: NDArray[np.uint8],
    target: int,
    name: str,
    look: HeatmapConfig = _USUAL,
    temperature: float = 1.0,
) -> Trust:
    """Cover places of the heatmap, make the weights random, and say what follows.

    Args:
        maker: of the network.
        picture: [S, S, 3] uint8 RGB.
        target: index of the class the heatmap is for.
        name: of that class.
        look: how the heatmap is made, as for ``HeatmapMaker.heatmap``.
        temperature: that the model divides its logits by before they become probabilities.

    Raises:
        ConfigError, HeatmapError, ValueError: as there.
    """
    from clf_core.explanation.sanity import rank_correlations

    heatmap = maker.heatmap(picture, target, look.method, look.layer, look.smooth)
    removal = cover(maker, picture, heatmap, target, temperature)
    shown = heatmap.any()
    draws = 1 if METHODS[look.method].slow else 2
    randomised = rank_correlations(maker, picture[None], [target], look.method, look.layer, draws) if shown else ()
    before, brightest, darkest = (_probability(odds) for odds in (removal.before, removal.brightest, removal.darkest))
    gap = float((removal.darkest - removal.brightest).mean())
    verdict = _verdict(gap, randomised)
    steps = tuple(
        CoveredStep(share=share, brightest=float(bright), darkest=float(dark))
        for share, bright, dark in zip(removal.shares, brightest, darkest, strict=True)
    )
    return Trust(
        verdict=verdict,
        words=_in_words(verdict, name, float(before), steps, randomised),
        target=name,
        method=look.method,
        layer=look.layer or maker.layer,
        probability=float(before),
        steps=steps,
        road=float((darkest - brightest).mean() / 2),
        log_odds_gap=gap,
        randomised=randomised,
    )


def _verdict(gap: float, randomised: tuple[float, ...]) -> TrustVerdict:
    if not randomised:
        return "empty"
    if gap < 0:
        return "contradicted"
    return "supported" if gap >= _CLEAR_GAP and randomised[-1] < SAME_MAP else "weak"


def _in_words(
    verdict: TrustVerdict,
    name: str,
    before: float,
    steps: tuple[CoveredStep, ...],
    randomised: tuple[float, ...],
) -> str:
    if verdict == "empty":
        return f"Nothing in the picture speaks for '{name}', so there is no heatmap to trust."
    step = _spoken(verdict, steps)
    part = _FRACTIONS.get(step.share, f"{step.share:.0%}")
    covering = (
        f"covering its brightest {part} takes '{name}' from {_percent(before)} to {_percent(step.brightest)}, covering "
        f"its darkest {part} to {_percent(step.darkest)}."
    )
    start = {
        "supported": "This heatmap shows what mattered",
        "weak": "Take this heatmap as a hint only",
        "contradicted": "Do not rely on this heatmap, its dark places matter more than its bright ones",
    }[verdict]
    return f"{start}: {covering} {_about_weights(randomised[-1])}"


def _spoken(verdict: TrustVerdict, steps: tuple[CoveredStep, ...]) -> CoveredStep:
    """The step to speak of: the fifth, or where that one points the other way, the one that decided the verdict."""
    usual = min(steps, key=lambda step: abs(step.share - _SPOKEN_SHARE))
    gap = usual.darkest - usual.brightest
    if verdict == "contradicted" and gap >= 0:
        return min(steps, key=lambda step: step.darkest - step.brightest)
    if verdict == "supported" and gap <= 0:
        return max(steps, key=lambda step: step.darkest - step.brightest)
    return usual


def _about_weights(correlation: float) -> str:
    if correlation < SAME_MAP:
        return "It comes from what the network learned: with random weights the map is another one."
    return (
        f"With random weights the map is much the same (rank correlation {correlation:.2f}), so it shows the picture "
        "rather than what the network learned."
    )


def _percent(probability: float) -> str:
    if probability < 0.005:
        return "under 1 %"
    if probability >= 0.995:
        return "over 99 %"
    return f"{100 * probability:.0f} %"


def _probability(log_odds: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Log odds -> probability, without overflow."""
    odds = np.asarray(log_odds, dtype=np.float64)
    return 0.5 * (1 + np.tanh(odds / 2))
