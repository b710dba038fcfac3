import pytest

from clf_core.config import TrainConfig
from clf_core.data.manifest import Manifest, ManifestRow
from clf_core.results import SkippedFile
from clf_core.workspace import Workspace
from clf_core.workspace.datasets import Draft
from clf_core.workspace.records import ProcessIdentity


def _row(number: int, label: str, split: str) -> ManifestRow:
    sha256 = f"{number:064x}"
    return ManifestRow(sha256, 10, 8, 8, label, split, sha256, f"{label}/{number}.png")


@pytest.fixture
def imported() -> Draft:
    """Two classes, 'a' with 3 train, 1 val, 2 test pictures and 'b' with 2, 1, 1; one file skipped."""
    counts = {
        ("a", "train"): 3,
        ("a", "val"): 1,
        ("a", "test"): 2,
        ("b", "train"): 2,
        ("b", "val"): 1,
        ("b", "test"): 1,
    }
    kinds = [kind for kind, count in counts.items() for _ in range(count)]
    rows = [_row(number, label, split) for number, (label, split) in enumerate(kinds)]
    return Draft(
        what="Imported 10 pictures",
        manifest=Manifest.from_rows(rows),
        skipped=(SkippedFile(name="a/notes.txt", reason="not a picture"),),
        ignored_count=2,
        notices=("Something to know.",),
    )


@pytest.fixture
def workspace(tmp_path) -> Workspace:
    return Workspace(tmp_path / "workspace")


@pytest.fixture
def me() -> ProcessIdentity:
    return ProcessIdentity(pid=1234, started="then")


@pytest.fixture
def run(workspace, imported, me):
    """A new run that no worker has been started for."""
    dataset = workspace.datasets.add("Pets", imported, "me")
    return workspace.runs.create(dataset, TrainConfig(), None, me)
