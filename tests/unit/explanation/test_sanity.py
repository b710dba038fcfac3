"""Maps against those of networks whose weights are random."""

import numpy as np
import pytest
import torch
from scipy.stats import spearmanr

from clf_core.explanation.heatmap import HeatmapMaker
from clf_core.explanation.sanity import STAGES, randomise, rank_correlations, spearman

SIZE = 96


def test_the_map_of_a_trained_network_is_lost_with_its_weights(fitted_maker, red_and_green_squares):
    shown = red_and_green_squares.pictures(SIZE, 6, seed=7)
    before = {name: tensor.clone() for name, tensor in fitted_maker._network.state_dict().items()}
    head, half, every = rank_correlations(fitted_maker, shown.pictures, shown.labels)
    assert max(map(abs, (head, half, every))) < 0.5
    after = fitted_maker._network.state_dict()
    assert all(torch.equal(after[name], tensor) for name, tensor in before.items())


def test_a_method_that_ignores_the_head_keeps_its_map_without_it(fitted_maker, red_and_green_squares):
    shown = red_and_green_squares.pictures(SIZE, 2, seed=7)
    head, _, every = rank_correlations(fitted_maker, shown.pictures, shown.labels, "eigencam", draws=1)
    assert head == pytest.approx(1, abs=1e-6)
    assert every < 0.999


def test_the_same_each_time(fitted_maker, red_and_green_squares):
    shown = red_and_green_squares.pictures(SIZE, 1)
    first, second = (rank_correlations(fitted_maker, shown.pictures, [0], draws=1) for _ in range(2))
    assert first == second


@pytest.mark.parametrize("stage", range(len(STAGES)))
def test_what_is_drawn_anew(explained, stage):
    network = explained.timm_network("test_resnet")
    before = {name: tensor.detach().clone() for name, tensor in network.named_parameters()}
    randomise(network, stage, 0, torch.randn(4, 3, 64, 64, generator=torch.Generator().manual_seed(0)))
    changed = [name for name, tensor in network.named_parameters() if not torch.equal(tensor, before[name])]
    weights = [name for name, tensor in before.items() if tensor.ndim > 1]
    assert changed == weights[(len(weights) - 1, len(weights) // 2, 0)[stage] :]
    for name, tensor in network.named_parameters():
        assert float(tensor.detach().std()) == pytest.approx(float(before[name].std()), rel=0.2)
    assert not any(module.training for module in network.modules())


def test_signals_neither_run_away_nor_fade_in_a_random_network(explained):
    network = explained.timm_network("tf_efficientnet_lite0")
    usual = torch.randn(4, 3, 96, 96, generator=torch.Generator().manual_seed(0))
    randomise(network, 2, 0, usual)
    with torch.no_grad():
        maps = network.forward_features(usual)
    assert 0.1 < float(maps.std()) < 10


def test_networks_of_tokens_are_made_random_too(explained, red_and_green_squares):
    maker = HeatmapMaker(explained.timm_network("test_vit", 64), explained.preprocessing(64))
    shown = red_and_green_squares.pictures(64, 1)
    correlations = rank_correlations(maker, shown.pictures, [0], draws=1)
    assert len(correlations) == len(STAGES)
    assert np.isfinite(correlations).all()


def test_rank_correlation():
    random = np.random.default_rng(0)
    first = random.integers(0, 5, (7, 7)).astype(np.float32)  # many equal values
    second = (first + random.normal(0, 2, (7, 7))).astype(np.float32)
    assert spearman(first, second) == pytest.approx(spearmanr(first.ravel(), second.ravel()).statistic, abs=1e-12)
    assert spearman(first, np.zeros_like(first)) == 0
