"""A conversion is kept only where it gives what torch gives."""

import pytest
import torch
from torch import nn

from clf_core.config import Preprocessing
from clf_core.models.compiled import convert

PREPROCESSING = Preprocessing(input_size=16, resize_size=16, mean=(0.5, 0.4, 0.3), std=(0.2, 0.3, 0.4))


class Small(nn.Module):
    """A network whose answer is off by a share of its largest number once it is traced, as a bad conversion's is."""

    def __init__(self, off: float = 0.0) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.body, self.off = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 14 * 14, 5)), off

    def forward(self, pictures):
        answer = self.body(pictures)
        return answer + self.off * answer.abs().max() if torch.jit.is_tracing() else answer


@pytest.mark.parametrize(("off", "kept"), [(0.0, True), (1e-4, True), (3e-3, False)])
def test_a_conversion_that_differs_from_torch_is_refused_and_leaves_nothing(tmp_path, off, kept):
    path = tmp_path / "network.xml"
    assert convert(Small(off), PREPROCESSING, path) is kept
    assert path.exists() is kept
    assert bool(list(tmp_path.iterdir())) is kept


def test_one_of_another_shape_is_refused(tmp_path):
    class Longer(Small):
        def forward(self, pictures):
            answer = self.body(pictures)
            return torch.cat([answer, answer], dim=1) if torch.jit.is_tracing() else answer

    assert convert(Longer(), PREPROCESSING, tmp_path / "network.xml") is False


def test_what_cannot_be_converted_is_refused(tmp_path):
    class Refusing(Small):
        def forward(self, pictures):
            if torch.jit.is_tracing():
                raise NotImplementedError("not in this form")
            return self.body(pictures)

    assert convert(Refusing(), PREPROCESSING, tmp_path / "network.xml") is False
