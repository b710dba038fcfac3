"""A small workspace with hostile names and a finished run, built once through the facade, and pages run in it."""

import io
import json
import secrets
import shutil
import time
import zipfile
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image
from streamlit.components.v2 import manifest_scanner
from streamlit.testing.v1 import AppTest

from clf_core.api import Workbench, open_workbench
from clf_core.config import TrainConfig
from clf_core.results import RunSummary
from clf_core.settings import Settings
from pages.components.workbench import workbench

NAVIGATION = Path(__file__).resolve().parents[2] / "pages" / "navigation.py"

# Names that would be formatting, a picture from elsewhere or a script, were they not shown literally.
HOSTILE = (
    "**bold** :red[red] $x^2$",
    "<img src=x onerror=alert(1)>",
    "![p](http:evil.example) :smile: =1+1",
)


def picture(colour: int, number: int, side: int = 40) -> bytes:
    """A noisy PNG whose main colour channel is ``colour``."""
    noise = np.random.default_rng(1000 * colour + number).integers(0, 60, (side, side, 3))
    noise[..., colour] += 150
    buffer = io.BytesIO()
    Image.fromarray(noise.astype(np.uint8)).save(buffer, format="PNG")
    return buffer.getvalue()


def archive(names: tuple[str, ...] = HOSTILE, each: int = 14, extra: dict[str, bytes] | None = None) -> bytes:
    """A zip with one folder per class."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for colour, name in enumerate(names):
            for number in range(each):
                opened.writestr(f"{name}/{number}.png", picture(colour, number))
        for name, data in (extra or {}).items():
            opened.writestr(name, data)
    return buffer.getvalue()


class Studio:
    """A workspace, and a way to open its pages."""

    def __init__(self, bench: Workbench, run: RunSummary | None = None) -> None:
        self.bench = bench
        self.run = run

    def open(self, page: str = "", **query: str) -> AppTest:
        """Return a page after its first run; '' is the first screen."""
        app = AppTest.from_file(str(NAVIGATION), default_timeout=60)
        app.run()
        if page:
            for name, value in query.items():
                app.query_params[name] = value
            app.switch_page(f"{page}.py").run()
        assert not app.exception, app.exception
        return app


def texts(app: AppTest) -> str:
    """Every piece of Markdown on the page, one after the other."""
    kinds = ("title", "header", "subheader", "markdown", "caption", "info", "warning", "error", "success")
    return "\n".join(str(element.value) for kind in kinds for element in getattr(app, kind))


def parts(app: AppTest, name: str) -> list[dict[str, Any]]:
    """The data given to each web part of that name on the page."""
    found = [element.proto for element in app.get("bidi_component")]
    return [json.loads(proto.json or proto.mixed.json) for proto in found if proto.component_name == f"studio_{name}"]


def deliver(app: AppTest, bench: Workbench, data: bytes, name: str, *, key: str = "import", loose: bool = False) -> str:
    """Let a file arrive through the drop zone ``key``, as the browser's script does; return the upload."""
    upload = bench.uploads.begin(name, len(data), secrets.token_hex(8))
    bench.uploads.append(upload.id, 0, data)
    app.session_state[f"{key}_arrived"] = upload.id
    app.session_state["loose_uploads"] = {upload.id} if loose else set()
    app.session_state[f"{key}_fresh"] = True
    app.run()
    return upload.id


def wait_for_import(app: AppTest, seconds: float = 60) -> None:
    """Follow the import a page has started, as the fragment's timer does in a browser."""
    deadline = time.monotonic() + seconds
    while app.title[0].value.startswith("Importing") and time.monotonic() < deadline:
        time.sleep(0.1)
        app.run()
    assert not app.title[0].value.startswith("Importing")


@pytest.fixture(scope="session")
def helpers() -> Any:
    """Functions for tests: picture, archive, texts, parts, deliver, wait_for_import, HOSTILE."""
    return SimpleNamespace(
        picture=picture,
        archive=archive,
        texts=texts,
        parts=parts,
        deliver=deliver,
        wait_for_import=wait_for_import,
        HOSTILE=HOSTILE,
    )


@pytest.fixture(scope="session")
def trained(make_workspace: Callable[[], Path]) -> Studio:
    """The workspace with one dataset of three hostile classes, one broken file, and one finished run."""
    bench = open_workbench(Settings(workspace=make_workspace()))
    data = archive(extra={f"{HOSTILE[0]}/broken.png": b"\x89PNG\r\n\x1a\nnothing", "__MACOSX/x": b"x"})
    report = bench.imports.files([("set.zip", io.BytesIO(data))], "A *starred* set")
    run = bench.runs.wait(bench.runs.start(report.dataset_id, TrainConfig()).id)
    assert run.state == "done", run.error
    return Studio(bench, run)


@pytest.fixture(scope="session", autouse=True)
def scanned_once() -> Iterator[None]:
    """Streamlit looks for web parts in all installed packages whenever an AppTest begins, a tenth of a second each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(manifest_scanner, "scan_component_manifests", cache(manifest_scanner.scan_component_manifests))
        yield


@pytest.fixture
def use(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[Studio], Studio]]:
    """Make the pages work on one workspace for the length of a test."""

    def switch(studio: Studio) -> Studio:
        monkeypatch.setenv("CLF_WORKSPACE", str(studio.bench.settings.workspace))
        workbench.cache_clear()
        return studio

    yield switch
    workbench.cache_clear()


@pytest.fixture
def studio(trained: Studio, use: Callable[[Studio], Studio]) -> Studio:
    """Pages on the workspace with a finished run."""
    return use(trained)


@pytest.fixture(scope="session")
def untested_once(make_workspace: Callable[[], Path]) -> Studio:
    """What ``untested`` copies."""
    bench = open_workbench(Settings(workspace=make_workspace()))
    report = bench.imports.files([("pair.zip", io.BytesIO(archive(("ant", "bee"), each=1)))], "Pair")
    run = bench.runs.wait(bench.runs.start(report.dataset_id, TrainConfig()).id)
    assert run.state == "done", run.error
    return Studio(bench, run)


@pytest.fixture
def untested(untested_once: Studio, tmp_path: Path, use: Callable[[Studio], Studio]) -> Studio:
    """A workspace whose only run had one picture of each class: nothing was left to test it with."""
    workspace = tmp_path / "untested"
    shutil.copytree(untested_once.bench.settings.workspace, workspace, symlinks=True)
    return use(Studio(open_workbench(Settings(workspace=workspace)), untested_once.run))


@pytest.fixture
def empty(tmp_path: Path, prepared_backbones: Path, use: Callable[[Studio], Studio]) -> Studio:
    """Pages on a workspace with no data and no run. The pretrained network is lent, not prepared once more."""
    workspace = tmp_path / "empty"
    workspace.mkdir()
    (workspace / "backbones").symlink_to(prepared_backbones, target_is_directory=True)
    return use(Studio(open_workbench(Settings(workspace=workspace))))
