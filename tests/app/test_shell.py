"""The server entry, the frame round every page, and the rules that hold for all of them."""

import ast
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from pages.components.serving import SecurityHeaders, refuse_foreign_hosts, routes, thumbnail_url

ROOT = Path(__file__).resolve().parents[2]
PAGES = ("", "data", "train", "evaluate", "tune", "explain", "predict", "runs")


@pytest.fixture
def client(studio):
    app = Starlette(routes=routes(), middleware=[refuse_foreign_hosts(), Middleware(SecurityHeaders)])
    return TestClient(app, base_url="http://127.0.0.1")


def test_a_thumbnail_is_a_new_webp_and_may_be_cached(studio, client):
    sha256 = studio.bench.datasets.pictures(studio.run.dataset_id, limit=1).pictures[0].sha256
    answer = client.get(thumbnail_url(sha256, 96))
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "image/webp"
    assert answer.content[8:12] == b"WEBP"
    assert "immutable" in answer.headers["cache-control"]


@pytest.mark.parametrize(
    "path",
    [
        "/thumb/" + "0" * 64,
        "/thumb/..%2f..%2fetc%2fpasswd",
        "/thumb/" + "A" * 64,
        "/thumb/" + "0" * 64 + "?size=5000",
        "/thumb/" + "0" * 64 + "?size=-1",
        "/drawn/no-run/gallery/a.webp",
        "/drawn/{run}/gallery/a.webp",
        "/drawn/{run}/gallery/work.json",
        "/drawn/{run}/gallery/..%2frun.json",
        "/drawn/{run}/..%2f..%2f{run}/run.json",
        "/drawn/{run}/../run.json",
    ],
)
def test_anything_but_a_known_picture_in_a_known_size_is_not_found(studio, client, path):
    assert client.get(path.replace("{run}", studio.run.id)).status_code == 404


def test_every_answer_carries_the_security_headers(client):
    headers = client.get("/thumb/none").headers
    assert "default-src 'self'" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert "camera=(self)" in headers["permissions-policy"]


def test_a_foreign_host_name_is_refused(client):
    assert client.get("/thumb/none", headers={"host": "evil.example"}).status_code == 400


def test_the_server_settings_are_the_safe_ones():
    import tomllib

    config = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())
    assert config["server"]["address"] == "127.0.0.1"
    assert config["server"]["allowedHosts"] == ["127.0.0.1", "localhost"]
    assert config["server"]["fileWatcherType"] == "none"
    assert config["client"]["showErrorDetails"] == "none"
    assert config["client"]["toolbarMode"] == "viewer"
    assert config["browser"]["gatherUsageStats"] is False
    assert config["runner"]["postScriptGC"] is False


def _luminance(colour):
    channels = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def _contrast(one, other):
    bright, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_can_be_read_in_both_themes(theme):
    import tomllib

    colours = tomllib.loads((ROOT / ".streamlit" / "config.toml").read_text())["theme"][theme]
    assert _contrast(colours["primaryColor"], "#ffffff") >= 4.5  # button text is white
    for name in ("textColor", "grayTextColor", "linkColor", "greenTextColor", "orangeTextColor", "redTextColor"):
        assert _contrast(colours[name], colours["backgroundColor"]) >= 4.5, name
        assert _contrast(colours[name], colours["secondaryBackgroundColor"]) >= 4.5, name


@pytest.mark.parametrize("page", PAGES)
def test_a_page_has_one_title_and_at_most_one_primary_button(studio, page):
    app = studio.open(page)
    assert len(app.title) == 1
    assert sum(button.proto.type == "primary" for button in app.button) <= 1
    assert not app.error


@pytest.mark.parametrize("page", PAGES)
def test_an_empty_page_offers_a_way_to_begin(empty, page):
    app = empty.open(page)
    assert len(app.title) == 1
    assert not app.error
    assert not app.warning
    offered = [button.key for button in app.button if str(button.key).startswith("sample_")]
    assert offered or page in ("explain", "predict")  # these begin with the starter model instead
    if not offered:
        assert app.file_uploader


@pytest.mark.parametrize("page", PAGES)
def test_hostile_names_are_never_formatting(studio, helpers, page):
    shown = helpers.texts(studio.open(page))
    for raw in ("**bold**", ":red[red]", "$x^2$", "![p](", ":smile:", "<img src=x"):
        assert raw not in shown


def test_a_fault_of_ours_is_told_without_a_traceback(studio, helpers, monkeypatch):
    def broken():
        raise RuntimeError("secret detail")

    monkeypatch.setattr(type(studio.bench.runs), "list", lambda self: broken())
    app = studio.open("runs")
    assert len(app.error) == 1
    assert "server's log" in app.error[0].value
    assert "secret detail" not in helpers.texts(app)


def test_the_entry_imports_nothing_of_the_core():
    tree = ast.parse((ROOT / "app.py").read_text())
    modules = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    allowed = {"asyncio", "logging", "collections.abc", "contextlib", "pathlib", "typing", "streamlit"}
    assert {m for m in modules if not str(m).startswith(("pages.components", "starlette"))} <= allowed
