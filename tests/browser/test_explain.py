"""The Explain page in a real browser: from the gallery of heatmaps to one picture and why it is called what it is."""

import io
import zipfile

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from clf_core.api import open_workbench
from clf_core.config import TrainConfig
from clf_core.jobs.feature_part import Features
from clf_core.jobs.gallery_part import Gallery
from clf_core.jobs.insight_worker import InsightWorker
from clf_core.settings import Settings
from clf_core.workspace import Workspace

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]


def drawing(kind, number):
    """A box or a ball on patches of which no two pictures have the same."""
    random = np.random.default_rng(100 * kind + number)
    patches = random.integers(0, 160, (6, 6, 3)).astype(np.uint8)
    image = Image.fromarray(patches).resize((96, 96), Image.Resampling.NEAREST)
    left, top, side = random.integers(4, 40, 3)
    shape = ImageDraw.Draw(image).ellipse if kind else ImageDraw.Draw(image).rectangle
    shape((left, top, left + side + 16, top + side + 16), fill=(250, 240, 60))
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def explained(served):
    """A finished run with its features and its gallery."""
    bench = open_workbench(Settings(workspace=served.workspace))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for kind, name in enumerate(("**box** :red[x]", "ball")):
            for number in range(24):
                archive.writestr(f"{name}/{number}.png", drawing(kind, number))
    dataset = bench.imports.files([("drawn.zip", buffer)], "Boxes and balls").dataset_id
    run = bench.runs.wait(bench.runs.start(dataset, TrainConfig(strengths=(0.1, 1.0), selection="validation")).id)
    assert run.state == "done", run.error
    directory = Workspace(served.workspace).runs.find(run.id)
    assert InsightWorker(directory, [Features(), Gallery()]).work() == 0
    return run.id


def loaded(image):
    return image.evaluate("image => image.decode().then(() => image.naturalWidth > 0)")


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (420, "dark")])
def test_from_the_gallery_to_one_picture_and_why(open_page, explained, wait, shoot, width, scheme):
    page = open_page(f"explain?run={explained}", width=width, scheme=scheme)
    tile = page.locator(".heatmaps .tile").first
    tile.wait_for()
    tile.scroll_into_view_if_needed()
    assert loaded(tile.locator("img").nth(0))
    assert loaded(tile.locator("img").nth(1))
    page.locator(".heatmaps input").fill("0")
    expect(tile.locator("img").nth(1)).to_have_css("opacity", "0")
    tile.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/explain?*picture=*")
    page.locator(".lens img").first.wait_for(timeout=60_000)
    wait(page)
    page.wait_for_function("document.querySelector('[data-testid=\"stMain\"]').scrollTop < 50")
    panes = page.locator(".panes figure")
    expect(panes).to_have_count(3)
    expect(panes.nth(0)).to_contain_text("**box** :red[x]" if "box" in panes.nth(0).inner_text() else "ball")
    assert all(loaded(panes.nth(place).locator("img").first) for place in range(3))
    nearest = page.get_by_role("group", name="Training pictures like this").first
    expect(nearest.locator(".tile")).to_have_count(6)
    page.get_by_text("Side by side", exact=True).click()
    expect(page.locator(".panes figure")).to_have_count(5)
    wait(page)
    shoot(page, f"explain-{scheme}")
    main = page.locator('[data-testid="stMain"]')
    assert main.evaluate("main => main.scrollWidth <= main.clientWidth")
    found = Axe().run(page).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert not grave, [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in grave]
