"""vyntri's ``fit`` and ``evaluate`` with the weights given. Run by benchmarks/peers.py.

    python vyntri_peer.py DATA WEIGHTS.json EPOCHS SEED

It learns from train and val together (DATA/both) and is judged on test. Prints one line of JSON.
"""

import json
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # for the finder below only
from clf_core import torchvision_compat

torchvision_compat.install()

import timm
import torch
from safetensors.torch import load_file
from vyntri import Vyntri
from vyntri.backbones import registry


class OwnNormalisation(torch.nn.Module):
    """Undoes ImageNet's normalisation, which vyntri applies, and applies the network's own."""

    def __init__(self, body: torch.nn.Module, mean: list[float], std: list[float]) -> None:
        super().__init__()
        self.body = body
        shape = (1, 3, 1, 1)
        theirs_mean, theirs_std = torch.tensor(registry._MEAN).view(shape), torch.tensor(registry._STD).view(shape)
        own_mean, own_std = torch.tensor(mean).view(shape), torch.tensor(std).view(shape)
        self.register_buffer("scale", theirs_std / own_std)
        self.register_buffer("shift", (theirs_mean - own_mean) / own_std)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        return self.body(pictures * self.scale + self.shift)


def main(data: Path, weights: Path, seed: int) -> None:
    """Fit and judge once."""
    spec = json.loads(weights.read_text())

    def network() -> torch.nn.Module:
        body = timm.create_model(spec["name"], num_classes=0)
        body.load_state_dict(load_file(weights.with_name("weights.safetensors")))
        return OwnNormalisation(body, spec["preprocessing"]["mean"], spec["preprocessing"]["std"]).eval()

    registry._register(
        registry.BackboneInfo(
            name="given",
            feature_dim=spec["feature_dim"],
            pretrained_id=spec["weights_sha256"],
            parameter_count=spec["parameters"],
            cpu_viable=True,
            factory=network,
        )
    )
    with tempfile.TemporaryDirectory() as cache:
        model = Vyntri(backbone="given", seed=seed, cache_dir=cache)
        model.fit(str(data / "both"), progress=False)
        result = model.evaluate(str(data / "test"))
    print(json.dumps({"accuracy": float(result.accuracy)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[4]))
