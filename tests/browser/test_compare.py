"""Two runs ticked, compared and explored in a real browser, with the keyboard alone; on a workspace of its own."""

import io
import zipfile

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from clf_core.api import open_workbench
from clf_core.config import TrainConfig
from clf_core.settings import Settings
from tests.browser.conftest import Served
from tests.planted_runs import dataset_answers, plant_run

pytestmark = pytest.mark.browser

NAMES = ("<img src=x onerror=alert(1)>", "**Second** :red[run]")

FOCUSED = """() => { let at = document.activeElement;
  while (at && at.shadowRoot && at.shadowRoot.activeElement) at = at.shadowRoot.activeElement;
  return at.dataset.run; }"""


def drawing(kind, number):
    """Coarse noise of one colour, so that no two pictures are near copies."""
    noise = np.random.default_rng(100 * kind + number).integers(0, 120, (8, 8, 3))
    noise[..., kind] += 120
    buffer = io.BytesIO()
    Image.fromarray(noise.astype(np.uint8)).resize((96, 96)).save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture(scope="module")
def runs(make_workspace):
    """A workspace with two finished runs: the first is wrong about every other test picture."""
    workspace = make_workspace()
    bench = open_workbench(Settings(workspace=workspace))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for kind, name in enumerate(("box", "ball")):
            for number in range(20):
                archive.writestr(f"{name}/{number}.png", drawing(kind, number))
    dataset = bench.datasets.get(bench.imports.files([("set.zip", buffer)], "Drawings").dataset_id)
    count = dataset.splits["test"]
    answers = [dataset_answers(bench, dataset, [at % 2 > 0 or right for at in range(count)]) for right in (False, True)]
    first = plant_run(bench, dataset, answers[0], NAMES[0])
    second = plant_run(bench, dataset, answers[1], NAMES[1], TrainConfig(seed=3))
    return workspace, first, second


@pytest.fixture(scope="module")
def served(runs):
    """Its server; planted runs have no network, so they must not lie where other tests look for one."""
    server = Served(runs[0])
    server.start()
    yield server
    server.kill()


def ticks(page):
    return page.locator('.runboard .tick input[type="checkbox"]')


def assert_open_to_all(page):
    found = Axe().run(page).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    assert not grave, [(one["id"], [node["html"][:200] for node in one["nodes"]]) for one in grave]


@pytest.mark.timeout(120)
def test_two_runs_are_ticked_and_compared_with_the_keyboard_alone(open_page, runs, wait, shoot):
    _, first, second = runs
    page = open_page("runs")
    ticks(page).first.wait_for()
    assert_open_to_all(page)
    ticks(page).nth(1).focus()
    page.keyboard.press("Space")
    page.wait_for_timeout(300)
    wait(page)
    assert page.evaluate(FOCUSED) == first, "the box just ticked keeps the focus"
    ticks(page).nth(0).focus()
    page.keyboard.press("Space")
    page.get_by_role("button", name="Compare the two").wait_for()
    wait(page)
    shoot(page, "runs-ticked")
    page.get_by_role("button", name="Compare the two").focus()
    page.keyboard.press("Enter")
    page.wait_for_url(f"**/runs?first={first}&second={second}")
    page.get_by_role("button", name="All runs").wait_for()
    page.locator(".gallery .tile").first.wait_for()
    wait(page)
    assert page.locator("img[src=x]").count() == 0
    assert_open_to_all(page)
    shoot(page, "compare")
    page.reload()
    page.get_by_role("button", name="All runs").wait_for()
    page.get_by_role("tab", name="Classes").click()
    page.locator(".js-plotly-plot").first.wait_for()
    wait(page)
    assert_open_to_all(page)
    shoot(page, "compare-classes")


@pytest.mark.timeout(60)
def test_a_comparison_fits_a_phone_in_the_dark(open_page, runs, shoot):
    _, first, second = runs
    page = open_page(f"runs?first={first}&second={second}", width=420, height=860, scheme="dark")
    page.locator(".gallery .tile").first.wait_for()
    page.wait_for_timeout(300)
    beside = "(m => m.scrollWidth - m.clientWidth)"
    assert page.evaluate(f"{beside}(document.querySelector('[data-testid=\"stMain\"]'))") == 0
    assert page.evaluate(f"{beside}(document.documentElement)") == 0
    assert_open_to_all(page)
    shoot(page, "phone-compare")
