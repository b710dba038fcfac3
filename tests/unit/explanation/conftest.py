from types import SimpleNamespace

import numpy as np
import pytest

from clf_core.config import Preprocessing


def _timm_network(name: str, size: int | None = None, **options: object):
    import timm
    import torch

    torch.manual_seed(0)
    # Vision transformers are built for one size of picture; convolutional networks take any.
    network = timm.create_model(name, num_classes=5, **({"img_size": size} if size else {}), **options).eval()
    # Some architectures start with a head of zeros, from which no evidence could flow back.
    torch.nn.init.normal_(network.get_classifier().weight)
    return network


def _preprocessing(size: int) -> Preprocessing:
    return Preprocessing(input_size=size, resize_size=size, mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3))


def _picture(size: int, seed: int = 0) -> np.ndarray:
    coarse = np.random.default_rng(seed).integers(0, 256, (size // 8, size // 8, 3), dtype=np.uint8)
    return coarse.repeat(8, axis=0).repeat(8, axis=1)


@pytest.fixture(scope="session")
def explained():
    """Makers of small networks and inputs: ``timm_network``, ``preprocessing`` and ``picture``."""
    return SimpleNamespace(timm_network=_timm_network, preprocessing=_preprocessing, picture=_picture)


class RedAndGreen:
    """Pictures of a red (class 0) or green (class 1) square on grey noise, a sixteenth of the picture, anywhere.

    Attributes:
        pictures: [N, S, S, 3] uint8.
        labels: [N].
        inside: [N, S, S] bool, the square.
    """

    def __init__(self, size: int, number: int, seed: int = 0) -> None:
        random = np.random.default_rng(seed)
        side = size // 4
        coarse = random.integers(96, 160, (number, size // 8, size // 8, 1), dtype=np.uint8)
        self.pictures = coarse.repeat(8, axis=1).repeat(8, axis=2).repeat(3, axis=3)
        self.labels = np.arange(number) % 2
        self.inside = np.zeros((number, size, size), dtype=bool)
        for picture, inside, label in zip(self.pictures, self.inside, self.labels, strict=True):
            top, left = random.integers(0, size - side + 1, 2)
            picture[top : top + side, left : left + side] = ((220, 30, 30), (30, 200, 30))[label]
            inside[top : top + side, left : left + side] = True


def _with_fitted_head(body, preprocessing: Preprocessing, pictures: int = 40):
    """A timm body, or one like it, under a linear layer that tells red from green squares (ridge regression)."""
    import torch
    from torch import nn

    from clf_core.models.network import normalise
    from clf_core.models.pooled import PooledNetwork

    shown = RedAndGreen(preprocessing.input_size, pictures, seed=1)
    with torch.no_grad():
        features = np.concatenate(  # [N, D]
            [
                body.forward_head(body.forward_features(normalise(some, preprocessing)), pre_logits=True).double()
                for some in np.split(shown.pictures, pictures // 20)
            ]
        )
    mean, spread = features.mean(axis=0), features.std(axis=0) + 1e-6
    scaled = (features - mean) / spread
    signs = np.where(shown.labels == 0, 1.0, -1.0)
    weights = scaled.T @ np.linalg.solve(scaled @ scaled.T + len(scaled) * np.eye(len(scaled)), signs) / spread
    head = nn.Linear(len(weights), 2)
    with torch.no_grad():
        both = 5 * torch.from_numpy(np.stack([weights, -weights]).astype(np.float32))
        head.weight.copy_(both)
        head.bias.copy_(-(both @ torch.from_numpy(mean.astype(np.float32))))
    return PooledNetwork(body, head).eval()


@pytest.fixture(scope="session")
def red_and_green_squares():
    """``RedAndGreen`` and the maker of a network that tells them apart: ``pictures`` and ``fitted``."""
    return SimpleNamespace(pictures=RedAndGreen, fitted=_with_fitted_head)


@pytest.fixture(scope="session")
def fitted_maker():
    """Heatmaps of timm's small test network with a head fitted to red and green squares of 96 pixels."""
    import timm
    import torch

    from clf_core.explanation.heatmap import HeatmapMaker

    torch.manual_seed(0)
    prepared = _preprocessing(96)
    return HeatmapMaker(_with_fitted_head(timm.create_model("test_resnet", num_classes=0).eval(), prepared), prepared)


COLOURS_SIZE = 96


def _colours():
    """A network of which class 0 wants red, class 1 green, class 2 what is not there: every weight is negative."""
    import torch
    from torch import nn

    class Colours(nn.Module):
        def __init__(self):
            super().__init__()
            self.maps = nn.Conv2d(3, 3, 8, stride=8, bias=False)
            self.head = nn.Linear(3, 3, bias=False)
            with torch.no_grad():
                self.maps.weight.copy_(torch.eye(3)[:, :, None, None].expand(3, 3, 8, 8) / 64)
                self.head.weight.copy_(torch.tensor([[1.0, -1, -1], [-1, 1, -1], [-1, -1, -1]]))

        def forward(self, pictures):
            return self.head(torch.relu_(self.maps(pictures)).mean((2, 3)))  # works in place on purpose

    return Colours()


@pytest.fixture
def colours():
    """Heatmaps of a network that looks for colours; its evidence can be told without computing it."""
    from clf_core.explanation.heatmap import HeatmapMaker

    plain = _preprocessing(COLOURS_SIZE).model_copy(update={"mean": (0.0, 0.0, 0.0), "std": (1.0, 1.0, 1.0)})
    return HeatmapMaker(_colours(), plain)


@pytest.fixture
def red_and_green():
    """Black with a red square at the top left and a green one at the bottom right."""
    picture = np.zeros((COLOURS_SIZE, COLOURS_SIZE, 3), dtype=np.uint8)
    picture[8:40, 8:40, 0] = 255
    picture[56:88, 56:88, 1] = 255
    return picture
