"""Does a heatmap show what was learned: is it another one once the weights are random? Imports torch, so import late.

The model parameter randomisation test of Adebayo et al. 2018, 'Sanity Checks for Saliency Maps', arXiv:1810.03292,
cascading from the head downwards. Some ways to explain a network draw the picture's own edges whatever the network
learned; their maps pass for explanations and are none.
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from clf_core.explanation.heatmap import HeatmapMaker
from clf_core.explanation.methods import DEFAULT_METHOD

STAGES = ("the head", "the later half", "all weights")
"""What is random, in the order of ``rank_correlations``."""

_COPIES = 4
"""Pictures by which batch norms of a random network learn what is usual."""


def rank_correlations(
    maker: HeatmapMaker,
    pictures: NDArray[np.uint8],
    targets: Sequence[int],
    method: str = DEFAULT_METHOD,
    layer: str = "",
    draws: int = 2,
) -> tuple[float, ...]:
    """Compare maps with those of the same network with ever more random weights.

    Args:
        maker: of the trained network.
        pictures: [N, S, S, 3] uint8 RGB.
        targets: N indices of classes.
        method: a key of ``METHODS``.
        layer: name of one of the maker's layers; empty for the deepest.
        draws: how often weights are drawn; the mean is taken.

    Returns:
        Spearman's rank correlation between the maps' places for each of ``STAGES``, mean over pictures and draws; 0
        where one of the two maps is flat.

    Raises:
        ConfigError, HeatmapError, ValueError: as for ``HeatmapMaker.heatmaps``.
    """
    learned = maker.evidence(pictures, targets, method, layer)  # [N, h, w]
    usual = maker.normalised(_changed_copies(pictures))
    found = np.zeros((draws, len(STAGES)))
    for draw in range(draws):
        for stage in range(len(STAGES)):
            random = maker.copy_with(partial(randomise, stage=stage, seed=draw, usual=usual))
            maps = random.evidence(pictures, targets, method, layer)
            found[draw, stage] = np.mean([spearman(*pair) for pair in zip(learned, maps, strict=True)])
    return tuple(float(value) for value in found.mean(axis=0))


def randomise(network: nn.Module, stage: int, seed: int, usual: torch.Tensor) -> None:
    """Make weights random in place: each tensor is drawn anew from a normal distribution of its own mean and spread.

    Batch norms of the random part then learn anew what is usual, as they would have at the start of a training;
    otherwise the numbers run away or fade on their way through.

    Args:
        network: in eval mode.
        stage: which of ``STAGES``; the later half is counted in weight tensors, in the order of their definition.
        seed: of the drawing.
        usual: normalised float32 [B, 3, S, S] with B > 1.
    """
    generator = torch.Generator().manual_seed(seed)
    weights = [(name, tensor) for name, tensor in network.named_parameters() if tensor.ndim > 1]
    first = (len(weights) - 1, len(weights) // 2, 0)[stage]
    for _, tensor in weights[first:]:
        with torch.no_grad():
            tensor.normal_(float(tensor.mean()), float(tensor.std(unbiased=False)), generator=generator)
    if stage > 0:
        changed = {name for name, _ in weights[first:]}
        _learn_what_is_usual(network, changed, usual)


def spearman(first: NDArray[np.float32], second: NDArray[np.float32]) -> float:
    """Rank correlation of two arrays of the same shape (Spearman 1904); equal values share a rank. 0 if one is flat."""
    from scipy.stats import rankdata

    ranks = [rankdata(one.ravel()) for one in (first, second)]
    if any(np.ptp(one) == 0 for one in ranks):
        return 0.0
    return float(np.corrcoef(*ranks)[0, 1])


def _learn_what_is_usual(network: nn.Module, changed: set[str], usual: torch.Tensor) -> None:
    """Let the batch norms behind the first changed weight take the mean and variance of what reaches them now."""
    modules = dict(network.named_modules())
    order = list(modules)
    first = min((order.index(name.rpartition(".")[0]) for name in changed), default=0)
    norms = [module for name in order[first:] if isinstance(module := modules[name], nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.reset_running_stats()
        norm.momentum = None  # the plain mean of what is seen
        norm.train()
    if norms:
        with torch.no_grad():
            network(usual)
    for norm in norms:
        norm.eval()


def _changed_copies(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """At least two pictures, so that a batch norm has something to compare: some of them, mirrored and shifted."""
    some = pictures[:_COPIES]
    side = some.shape[1]
    shifted = [np.roll(some, (number * side // 4, number * side // 3), axis=(1, 2)) for number in range(1, 4)]
    return np.concatenate([some, some[:, :, ::-1], *shifted])[: max(_COPIES, 2)]
