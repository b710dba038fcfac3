"""Published datasets through the facade; what is behind the names is tested where they are opened."""

from typing import Any

import pytest

from clf_core.api import Workbench
from clf_core.config import ImportLimits
from clf_core.errors import SourceError
from clf_core.importing.samples import sample_source


def test_a_published_dataset_is_imported_under_its_own_name(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, dict[str, Any]]] = []

    def open_hub(dataset: str, limits: ImportLimits, **options: Any) -> object:
        asked.append((dataset, options))
        return sample_source("shapes")

    monkeypatch.setattr("clf_core.importing.hub.open_hub", open_hub)
    report = bench.imports.hub("hf:owner/shapes", split="train", most=9)
    assert (report.dataset, report.accepted) == ("shapes", 240)
    assert bench.imports.hub("hf:owner/shapes").dataset != "shapes"
    assert bench.imports.hub("torchvision:MNIST", "digits").dataset == "digits"
    dataset, options = asked[0]
    assert (dataset, options["split"], options["most"]) == ("hf:owner/shapes", "train", 9)


def test_one_that_cannot_be_fetched_leaves_no_dataset(bench: Workbench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("clf_core.importing.hub.answers", lambda *_: False)
    with pytest.raises(SourceError, match="could not be fetched"):
        bench.imports.hub("hf:owner/shapes")
    assert bench.datasets.list() == ()
