from types import SimpleNamespace

import numpy as np
import pytest

from clf_core.config import Preprocessing


def _timm_network(name: str, size: int | None = None):
    import timm
    import torch

    torch.manual_seed(0)
    # Vision transformers are built for one size of picture; convolutional networks take any.
    network = timm.create_model(name, num_classes=5, **({"img_size": size} if size else {})).eval()
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
