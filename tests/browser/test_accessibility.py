"""axe-core on every page: nothing critical or serious, in light and dark, wide and narrow.

axe finds what a machine can find (names, roles, contrast, labels): some half of what hinders people.
"""

import pytest
from axe_playwright_python.sync_playwright import Axe

from clf_core.api import open_workbench
from clf_core.config import TrainConfig
from clf_core.settings import Settings
from tests.browser.conftest import note_foreign

pytestmark = pytest.mark.browser

QUICK = TrainConfig(strengths=(0.1, 1.0), selection="validation", refit=False)


def assert_open_to_all(page):
    """No finding of weight; the message names the rule, the element and what is wrong with it."""
    found = Axe().run(page).response["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    told = [
        f"{one['id']}: {node['html'][:200]} {node['failureSummary'][:300]}" for one in grave for node in one["nodes"]
    ]
    assert not told, "\n".join(told)


def assert_open_to_all_in_both(page, wait=lambda _: None):
    """As above, as it stands and then on a narrow screen in the dark, which needs no reload."""
    assert_open_to_all(page)
    page.set_viewport_size({"width": 420, "height": 900})
    page.emulate_media(color_scheme="dark")
    page.wait_for_timeout(200)
    wait(page)
    assert_open_to_all(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    page.emulate_media(color_scheme="light")


@pytest.fixture(scope="module")
def visited(browser, served, wait):
    """``visited(path)`` opens one page after the other in the same window, which is quicker than a new one each."""
    context, foreign = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light"), []
    page = context.new_page()
    note_foreign(page, foreign)
    page.set_default_timeout(30_000)

    def go(path):
        if page.url != f"{served.address}/{path}":
            page.goto(f"{served.address}/{path}")
        page.get_by_role("heading", level=1).wait_for()
        wait(page)
        page.wait_for_timeout(300)  # charts and web parts
        return page

    yield go
    context.close()
    assert not foreign


@pytest.fixture(scope="module")
def shapes(served):
    """A dataset of the built-in shapes."""
    bench = open_workbench(Settings(workspace=served.workspace))
    known = {dataset.name: dataset.id for dataset in bench.datasets.list()}
    return known.get("Shapes for all") or bench.imports.sample("shapes", "Shapes for all").dataset_id


@pytest.fixture(scope="module")
def trained(served, shapes):
    """A finished run on the shapes, with its pictures tested."""
    bench = open_workbench(Settings(workspace=served.workspace))
    done = [run.id for run in bench.runs.list() if run.dataset_id == shapes and run.state == "done"]
    return done[0] if done else bench.runs.wait(bench.runs.start(shapes, QUICK).id).id


@pytest.fixture
def ways_in(visited, wait):
    """``ways_in(way)`` opens the form that brings pictures in."""

    def opened(way):
        page = visited("data")
        choice = page.get_by_text(way, exact=True)
        if not choice.is_visible():
            page.get_by_text("Start another dataset").click()
        choice.click()
        wait(page)
        return page

    return opened


PAGES = ["", "data?dataset={dataset}", "train?new=1&dataset={dataset}", "tune?new=1&dataset={dataset}"]
PAGES += ["evaluate?run={run}", "explain?run={run}", "predict?model={run}", "runs", "train?run={run}"]


@pytest.mark.parametrize("path", PAGES)
def test_every_other_page(visited, shapes, trained, wait, path):
    assert_open_to_all_in_both(visited(path.format(dataset=shapes, run=trained)), wait)


@pytest.mark.parametrize("tab", ["Classes", "Mistakes", "Not sure", "Background", "Curves", "Slices", "Figures"])
def test_the_parts_of_the_evaluation(visited, trained, wait, tab):
    page = visited(f"evaluate?run={trained}")
    page.get_by_role("tab", name=tab, exact=True).click()
    wait(page)
    page.wait_for_timeout(200)
    assert_open_to_all_in_both(page, wait)


def test_a_test_picture_looked_at_closely(visited, trained, wait):
    page = visited(f"evaluate?run={trained}")
    page.get_by_role("tab", name="Mix-ups", exact=True).click()
    wait(page)
    page.locator(".matrix td.hit button").first.click()
    page.locator(".gallery .tile").first.click()
    page.get_by_role("dialog").locator(".lens img").first.wait_for(timeout=60_000)
    wait(page)
    assert_open_to_all_in_both(page, wait)


@pytest.mark.parametrize("way", ["Files or folder", "Folder on this machine", "Public dataset"])
def test_the_ways_in(ways_in, way, wait):
    assert_open_to_all_in_both(ways_in(way), wait)


def test_the_camera_and_the_phone_s_page(ways_in, served, wait):
    page = ways_in("Camera")
    page.locator(".capture .hold:enabled").first.wait_for()
    page.get_by_text("Use a phone as the camera").click()
    page.get_by_text("answers only this machine").wait_for()
    wait(page)
    assert_open_to_all_in_both(page, wait)

    token = open_workbench(Settings(workspace=served.workspace)).captures.get(page.url.split("capture=")[1][:22]).token
    page.goto(f"{served.address}/phone/{token}")
    page.locator(".choice").first.wait_for()
    assert_open_to_all_in_both(page)
    page.get_by_role("button", name="Turn on the camera").click()
    page.locator(".hold").wait_for()
    assert_open_to_all_in_both(page)
