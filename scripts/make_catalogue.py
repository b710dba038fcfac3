"""Writes the catalogue of timm's pretrained classification networks: ``python scripts/make_catalogue.py``.

Asks timm itself, needs no network, and takes some minutes because every architecture is built once (without memory for
its weights). The result is shipped with the studio, so that choosing a network imports neither torch nor timm.
"""

import csv
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

import clf_core  # noqa: E402, F401 - makes torchvision importable beside a CPU build of torch
from clf_core.models.catalogue_table import CATALOGUE_FILE, COLUMNS  # noqa: E402

FAMILIES_BY_NAME = ("mobilenetv4",)
"""Families that timm keeps in the module of another."""


def main() -> None:
    """Write the file and say how many networks it lists."""
    import timm

    names = [name for name in timm.list_models(pretrained=True) if usable(timm.get_pretrained_cfg(name), name)]
    parameters = {name: count_parameters(name) for name in sorted({tagged.partition(".")[0] for tagged in names})}
    with CATALOGUE_FILE.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(row(name, parameters[name.partition(".")[0]]) for name in sorted(names))
    sys.stdout.write(f"{len(names)} networks of {len(parameters)} architectures: {CATALOGUE_FILE}\n")


def usable(config: Any, name: str) -> bool:
    """Whether it takes square colour pictures; timm's tiny networks for its own tests are left out."""
    channels, height, width = config.input_size
    return bool(channels == 3 and height == width and not name.startswith("test_"))


def row(name: str, parameters: int) -> tuple[str, ...]:
    """Return the values of ``COLUMNS`` for one network."""
    import timm

    config = timm.get_pretrained_cfg(name)
    source = config.hf_hub_id or config.url
    return (
        name,
        family(name),
        str(parameters),
        str(config.input_size[-1]),
        str(int(bool(config.fixed_input_size))),
        str(config.num_classes),
        config.license or "",
        "" if source in (f"timm/{name}", "timm/") else source,
    )


def family(name: str) -> str:
    """Return the family: timm's module, but for a few that live in the module of another."""
    from timm.models import _registry

    for prefix in FAMILIES_BY_NAME:
        if name.startswith(prefix):
            return prefix
    return str(_registry._model_to_module[name.partition(".")[0]])


def count_parameters(architecture: str) -> int:
    """Return the number of weights without the last layer; nothing is allocated for them."""
    import timm
    import torch

    with torch.device("meta"):
        model = timm.create_model(architecture, num_classes=0)
    return sum(parameter.numel() for parameter in model.parameters())


if __name__ == "__main__":
    main()
