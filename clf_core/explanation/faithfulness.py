"""Does a heatmap show what mattered: what the network says once its bright or its dark places are covered.

ROAD (Rong et al. 2022, 'A Consistent and Efficient Evaluation Strategy for Attribution Methods', arXiv:2202.00449):
covered places are filled from their surroundings, so that no outline tells what was there. The order of removal is
the package grad-cam's; its filling is solved here as a sparse symmetric system, which takes a fraction of the time.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clf_core.explanation.heatmap import HeatmapMaker

if TYPE_CHECKING:
    import torch

SHARES = (0.1, 0.2, 0.3, 0.5)
"""Shares of the picture that are covered. ROAD's authors go to 0.9; beyond a half nothing recognisable is left."""

_NOISE = 0.01
"""Standard deviation of what is added to the filling, in normalised units, as the authors have it."""
_NEIGHBOURS = {
    (dy, dx): 1 / 6 if dy == 0 or dx == 0 else 1 / 12 for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dy, dx) != (0, 0)
}
"""How much each neighbour counts (equation 3 there): offset in rows and columns -> weight, adding up to 1."""


@dataclass(frozen=True)
class Removal:
    """A class's score after covering.

    Attributes:
        shares: [R] of the picture's pixels.
        before: the class's logit less the others' log-sum-exp (its log odds) in the picture as it is.
        brightest, darkest: [R] log odds with the brightest, or the darkest, places covered.
    """

    shares: tuple[float, ...]
    before: float
    brightest: NDArray[np.float64]
    darkest: NDArray[np.float64]


def cover(
    maker: HeatmapMaker,
    picture: NDArray[np.uint8],
    heatmap: NDArray[np.float32],
    target: int,
    temperature: float = 1.0,
    shares: tuple[float, ...] = SHARES,
) -> Removal:
    """Cover the brightest and the darkest places of a heatmap and ask the network again.

    Args:
        maker: of the network.
        picture: [S, S, 3] uint8 RGB.
        heatmap: [S, S] of that picture. Its order alone matters; equal places are taken in a random order that is
            always the same.
        target: index of the class.
        temperature: that logits are divided by before they become probabilities.
        shares: what to cover, each inside 0..1.
    """
    import torch
    from pytorch_grad_cam.metrics.perturbation_confidence import RemoveLeastRelevantFirst, RemoveMostRelevantFirst

    whole = maker.normalised(picture[None])[0]  # [3, S, S]
    ranks = torch.from_numpy(_ranks(heatmap))
    fill = SurroundingsFill()
    covered = [
        order(100 * (1 - share), fill)(whole, ranks)
        for order in (RemoveMostRelevantFirst, RemoveLeastRelevantFirst)
        for share in shares
    ]
    odds = log_odds(maker.logits(torch.stack([whole, *covered])) / temperature, target)
    return Removal(shares, float(odds[0]), odds[1 : 1 + len(shares)], odds[1 + len(shares) :])


def log_odds(logits: NDArray[np.floating], target: int) -> NDArray[np.float64]:
    """Logits [N, K] -> [N] log odds of a class: its logit less the log-sum-exp of all others."""
    others = np.delete(logits.astype(np.float64), target, axis=1)
    highest = others.max(axis=1)
    return np.asarray(logits[:, target] - (highest + np.log(np.exp(others - highest[:, None]).sum(axis=1))))


class SurroundingsFill:
    """Fills missing pixels so that each is the weighted mean of its eight neighbours: noisy linear imputation.

    Args:
        noise: standard deviation of what is added, in the picture's units; the same for the same picture and mask.
    """

    def __init__(self, noise: float = _NOISE) -> None:
        self._noise = noise

    def __call__(self, picture: "torch.Tensor", kept: "torch.Tensor") -> "torch.Tensor":
        """Return the filled picture.

        Args:
            picture: [C, H, W] float32.
            kept: [H, W], 0 where the pixel is missing; some must be kept.
        """
        import torch
        from scipy.sparse.linalg import splu

        missing = kept.numpy() == 0
        if not missing.any():
            return picture.clone()
        pixels = picture.numpy()
        matrix, known = _equations(missing, pixels)
        # The matrix is symmetric and dominated by its diagonal, so no pivoting is needed.
        solver = splu(matrix, permc_spec="MMD_AT_PLUS_A", diag_pivot_thresh=0.0, options={"SymmetricMode": True})
        values = solver.solve(known)  # [M, C]
        noise = np.random.default_rng(0).normal(0, self._noise, values.shape)
        filled = pixels.copy()
        filled[:, missing] = (values + noise).T
        return torch.from_numpy(filled)


def _equations(missing: NDArray[np.bool_], pixels: NDArray[np.float32]) -> tuple[Any, NDArray[np.float64]]:
    """The system whose solution fills M missing pixels: sparse matrix [M, M] and right side [M, C]."""
    import scipy.sparse

    height, width = missing.shape
    rows, columns = np.nonzero(missing)
    numbers = np.full(missing.shape, -1)
    numbers[rows, columns] = np.arange(len(rows))
    diagonal = np.zeros(len(rows))
    known = np.zeros((len(rows), len(pixels)))
    parts: list[tuple[NDArray[np.int_], NDArray[np.int_], float]] = []
    for (dy, dx), weight in _NEIGHBOURS.items():
        y, x = rows + dy, columns + dx
        inside = np.flatnonzero((y >= 0) & (y < height) & (x >= 0) & (x < width))
        y, x = y[inside], x[inside]
        diagonal[inside] += weight  # neighbours beyond the edge do not count
        number = numbers[y, x]
        open_, given = number >= 0, number < 0
        parts.append((inside[open_], number[open_], weight))
        known[inside[given]] += weight * pixels[:, y[given], x[given]].T
    places = [np.concatenate([part[axis] for part in parts]) for axis in (0, 1)]
    weights = np.concatenate([np.full(len(part[0]), -part[2]) for part in parts])
    shape = (len(rows), len(rows))
    matrix = scipy.sparse.coo_matrix((weights, tuple(places)), shape=shape) + scipy.sparse.diags(diagonal)
    return matrix.tocsc(), known


def _ranks(heatmap: NDArray[np.float32]) -> NDArray[np.float32]:
    """[H, W] -> the rank of each pixel in 0..1, no two alike.

    Large parts of a heatmap are exactly zero; the package's thresholds would cover all of them or none.
    """
    shuffled = np.random.default_rng(0).permutation(heatmap.size)
    order = shuffled[np.argsort(heatmap.ravel()[shuffled], kind="stable")]
    ranks = np.empty(heatmap.size, dtype=np.float32)
    ranks[order] = np.linspace(0, 1, heatmap.size, dtype=np.float32)
    return ranks.reshape(heatmap.shape)
