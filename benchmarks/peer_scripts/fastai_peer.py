"""fastai's usual recipe, ``vision_learner(...).fine_tune(n)``, with the weights given. Run by benchmarks/peers.py.

    python fastai_peer.py DATA WEIGHTS.json EPOCHS SEED

It learns from train and val, as the studio does in the end, and is judged on test. Prints one line of JSON.
"""

import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))  # for the finder below only
from clf_core import torchvision_compat

torchvision_compat.install()

from fastai.callback.schedule import Learner  # noqa: F401 - brings fine_tune
from fastai.vision.all import (
    CategoryBlock,
    DataBlock,
    ImageBlock,
    IndexSplitter,
    Normalize,
    RandomResizedCrop,
    accuracy,
    aug_transforms,
    default_device,
    get_image_files,
    parent_label,
    set_seed,
    vision_learner,
)
from safetensors.torch import load_file


def main(data: Path, weights: Path, epochs: int, seed: int) -> None:
    """Train and judge once."""
    spec = json.loads(weights.read_text())
    set_seed(seed, reproducible=True)
    default_device(use=False)
    learned = sorted([*get_image_files(data / "train"), *get_image_files(data / "val")])
    judged = sorted(get_image_files(data / "test"))
    watched = [number for number, path in enumerate(learned) if path.is_relative_to(data / "val")]
    size = spec["preprocessing"]["input_size"]
    block = DataBlock(
        blocks=(ImageBlock, CategoryBlock),
        get_items=lambda _: learned,
        splitter=lambda items: (list(range(len(items))), IndexSplitter(watched)(items)[1]),
        get_y=parent_label,
        item_tfms=RandomResizedCrop(size, min_scale=0.5),
        batch_tfms=[
            *aug_transforms(),
            Normalize.from_stats(spec["preprocessing"]["mean"], spec["preprocessing"]["std"], cuda=False),
        ],
    )
    loaders = block.dataloaders(data, bs=32, num_workers=0)
    learner = vision_learner(loaders, spec["name"], pretrained=False, normalize=False, metrics=accuracy)
    body = learner.model[0].model
    body.load_state_dict(load_file(weights.with_name("weights.safetensors")), strict=False)
    with learner.no_bar():
        learner.fine_tune(epochs)
        loader = loaders.test_dl(judged, with_labels=True)
        _, right = learner.validate(dl=loader)
    print(json.dumps({"accuracy": float(right), "tested": len(judged)}))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]))
