"""The one torch module of the studio: a timm body and a linear head. Imports torch, so import it late."""

from typing import Any

import torch
from torch import nn


class PooledNetwork(nn.Module):
    """timm's features, pooled as timm pools them, then one layer.

    Args:
        body: a timm model without a head.
        head: the last layer; without one the features themselves come out.
    """

    def __init__(self, body: nn.Module, head: nn.Module | None = None) -> None:
        super().__init__()
        self.body: Any = body  # timm's methods are unknown to nn.Module's type
        self.head = head or nn.Identity()

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Normalised float32 [B, 3, S, S] -> features [B, D], or logits [B, K] with a head."""
        maps = self.body.forward_features(pictures)  # [B, C, h, w], or [B, tokens, C] for transformers
        features = self.body.forward_head(maps, pre_logits=True)  # [B, D], timm's own input to its last layer
        logits: torch.Tensor = self.head(features)  # [B, K]
        return logits
