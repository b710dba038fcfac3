"""The tables shipped with the studio: timm's networks, and the accuracy published for some. Imports no torch.

``catalogue.csv`` is written by ``scripts/make_catalogue.py`` from timm itself. ``published_accuracy.csv`` holds top-1
on the 50,000 validation pictures of ImageNet-1k, in percent, and the side of the square it was measured at, for
well-known networks; one without a row has no figure here. Source 'results' is timm's own results file,
results/results-imagenet.csv of github.com/huggingface/pytorch-image-models at commit
0173a139a2c66db3a41ebfe1d8ac4fb02483642e; 'cards' are the tables in the cards of the MobileNetV4 networks, which are
younger than that file.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

CATALOGUE_FILE = Path(__file__).with_name("catalogue.csv")
ACCURACY_FILE = Path(__file__).with_name("published_accuracy.csv")
COLUMNS = ("name", "family", "parameters", "input_size", "fixed_size", "classes", "licence", "source")
ACCURACY_SOURCE = "timm's results on the validation pictures of ImageNet-1k"


@dataclass(frozen=True)
class Entry:
    """One pretrained network of timm.

    Attributes:
        name: with its pretrained tag.
        family: the group of networks it belongs to.
        parameters: number of weights without the last layer.
        input_size: side of the square it was published for, in pixels.
        fixed_size: whether it is built for one size; it is built anew for another.
        classes: of its own head; 0 where it gives features only.
        licence: of the weights; empty where timm states none.
        source: a repository of the Hugging Face hub, or an address.
        accuracy: published top-1 on ImageNet-1k, 0..1; None where there is no figure here.
        accuracy_size: side of the square ``accuracy`` was measured at; 0 without a figure.
    """

    name: str
    family: str
    parameters: int
    input_size: int
    fixed_size: bool
    classes: int
    licence: str
    source: str
    accuracy: float | None = None
    accuracy_size: int = 0


@lru_cache(maxsize=1)
def entries() -> dict[str, Entry]:
    """Return all networks by name, in alphabetical order; read once."""
    published = {name: (float(top1) / 100, int(size)) for name, top1, size, _ in _rows(ACCURACY_FILE)}
    found = {}
    for name, family, parameters, size, fixed, classes, licence, source in _rows(CATALOGUE_FILE):
        accuracy, at = published.get(name, (None, 0))
        found[name] = Entry(
            name=name,
            family=family,
            parameters=int(parameters),
            input_size=int(size),
            fixed_size=fixed == "1",
            classes=int(classes),
            licence=licence,
            source=source or f"timm/{name}",
            accuracy=accuracy,
            accuracy_size=at,
        )
    return found


@lru_cache(maxsize=1)
def _tags() -> dict[str, list[str]]:
    """Architecture -> the names of its networks."""
    tags: dict[str, list[str]] = {}
    for name in entries():
        tags.setdefault(name.partition(".")[0], []).append(name)
    return tags


def find(name: str) -> Entry | None:
    """Return the network of this name; a name without a tag is found where the architecture has one tag only."""
    known = entries()
    if name in known:
        return known[name]
    tagged = _tags().get(name, [])
    return known[tagged[0]] if len(tagged) == 1 else None


def _rows(path: Path) -> Iterator[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        next(reader)
        yield from reader
