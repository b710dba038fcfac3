"""Preparing pictures in a real browser: variants at once, a slider that makes the preset one's own, a narrow screen."""

import time

import pytest

from clf_core.api import open_workbench
from clf_core.settings import Settings

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def dataset(served):
    """The digits sample, whose class names say that a mirror would mislead."""
    bench = open_workbench(Settings(workspace=served.workspace))
    return bench.imports.sample("digits", name="Digits to prepare").dataset_id


def sources(page):
    return page.locator(".variants img").evaluate_all("images => images.map(image => image.src)")


def until_changed(page, before, seconds=15.0):
    """Wait until other variants are drawn."""
    deadline = time.monotonic() + seconds
    while sources(page) == before and time.monotonic() < deadline:
        page.wait_for_timeout(10)
    assert sources(page) != before


@pytest.mark.timeout(180)
def test_variants_follow_every_touch(open_page, dataset, shoot, wait):
    page = open_page(f"train?new=1&dataset={dataset}&preset=quick")
    page.get_by_text("cut to their centre and shown as they are").wait_for()
    page.get_by_text("Preparation: how pictures are made ready").click()
    page.locator(".prepared .before img").wait_for()
    wait(page)
    assert page.locator(".variants img").count() == 0

    page.get_by_role("radio", name="Standard").click()
    page.locator(".variants img").nth(8).wait_for()
    wait(page)
    assert page.locator(".variants img.used").count() == 3
    page.get_by_text("a mirrored digit is another sign").wait_for()
    page.get_by_text("with 3 standard variants of each, never mirrored").wait_for()
    shoot(page, "20-preparation")

    page.get_by_text("Single switches").click()
    slider = page.get_by_role("slider", name="Turned, degrees at most")
    slider.focus()
    before = sources(page)
    page.keyboard.press("ArrowRight")
    until_changed(page, before)
    wait(page)
    assert page.get_by_role("radio", name="My own").is_checked()
    assert slider.input_value() == "11"

    # The frame on the whole picture is where the network looks.
    page.get_by_role("radio", name="Squeeze").click()
    page.get_by_text("All of the picture is seen, but").wait_for()
    wait(page)
    seen, frame = (page.locator(f".prepared .{name}").bounding_box() for name in ("seen", "frame"))
    assert seen["width"] == pytest.approx(frame["width"], abs=1)
    assert seen["height"] == pytest.approx(frame["height"], abs=1)


@pytest.mark.timeout(120)
def test_on_a_narrow_dark_screen(open_page, dataset, shoot, wait):
    page = open_page(f"train?new=1&dataset={dataset}&preset=quick", width=420, scheme="dark")
    page.get_by_text("Preparation: how pictures are made ready").click()
    page.get_by_role("radio", name="Strong").click()
    page.locator(".variants img").nth(8).wait_for()
    wait(page)
    main = page.evaluate("(m => m.scrollWidth - m.clientWidth)(document.querySelector('[data-testid=\"stMain\"]'))")
    assert main == 0, "nothing may stick out to the side"
    shoot(page, "21-preparation-narrow-dark")
