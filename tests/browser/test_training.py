"""A training in epochs as a person goes through it: chosen, watched, paused, found again, gone on with, stopped."""

import io
import re
import zipfile

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from clf_core.api import open_workbench
from clf_core.settings import Settings

pytestmark = pytest.mark.browser


@pytest.fixture
def colours(served):
    """Three classes of noisy small pictures, imported without the browser."""
    buffer, random = io.BytesIO(), np.random.default_rng(5)
    with zipfile.ZipFile(buffer, "w") as archive:
        for channel, name in enumerate(("red", "green", "blue")):
            for number in range(24):
                pixels = random.integers(0, 190, (40, 40, 3))
                pixels[..., channel] += 60
                picture = io.BytesIO()
                Image.fromarray(pixels.astype(np.uint8)).save(picture, format="PNG")
                archive.writestr(f"{name}/{number}.png", picture.getvalue())
    bench = open_workbench(Settings(workspace=served.workspace))
    known = {dataset.name: dataset.id for dataset in bench.datasets.list()}
    return known.get("Colours") or bench.imports.files([("colours.zip", buffer)], "Colours").dataset_id


@pytest.mark.timeout(180)
def test_watched_paused_found_again_gone_on_with_and_stopped(open_page, colours, wait, shoot):
    page = open_page(f"train?new=1&dataset={colours}&preset=scratch")
    card = page.get_by_role("radio", name="From scratch")
    expect(card).to_have_attribute("aria-checked", "true")
    page.get_by_text("Advanced", exact=True).click()
    for label in ("Epochs", "Patience, epochs"):  # long enough to be paused and stopped on any machine
        field = page.get_by_label(label, exact=True)
        field.fill("1000")
        field.press("Enter")
        wait(page)
    expect(page.get_by_text("in 1,000 epochs")).to_be_visible()
    wait(page)
    shoot(page, "13-train-from-scratch")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url("**/train?run=*")

    # Watch: epochs go by, curves and pictures are there, and nothing that stands on the page moves.
    expect(page.locator(".stages .figures")).to_contain_text(re.compile(r"epoch \d+ of 1,000"), timeout=60_000)
    expect(page.locator(".panel figure.right, .panel figure.wrong").first).to_be_visible()
    places = [page.locator(part).first.bounding_box()["y"] for part in (".panel", "canvas, svg.marks, .stages .bar")]
    before = page.locator(".stages .figures").inner_text()
    expect(page.locator(".stages .figures")).not_to_have_text(before)
    assert places == [
        page.locator(part).first.bounding_box()["y"] for part in (".panel", "canvas, svg.marks, .stages .bar")
    ]
    shoot(page, "14-watched")

    page.get_by_role("button", name="Pause").click()
    paused = page.get_by_role("heading", name="is paused after epoch")
    paused.wait_for(timeout=60_000)
    reached = int(re.search(r"epoch (\d+)", paused.inner_text()).group(1))
    page.reload()
    paused.wait_for()
    wait(page)
    shoot(page, "15-paused")

    page.get_by_role("button", name=f"Resume after epoch {reached}").click()
    figures = page.locator(".stages .figures")
    expect(figures).to_contain_text(re.compile(r"epoch \d+ of 1,000"), timeout=60_000)
    # What is seen first may still be where it was paused.
    expect(figures).to_contain_text(re.compile(rf"epoch (?!{reached} )\d+ of 1,000"), timeout=60_000)
    assert int(re.search(r"epoch (\d+)", figures.inner_text()).group(1)) > reached
    page.get_by_role("button", name="Stop and keep the best").click()
    page.get_by_role("heading", name="Done").wait_for(timeout=60_000)
    wait(page)
    expect(page.get_by_text("Kept: epoch")).to_be_visible()
    expect(page.get_by_role("button", name="See how good it is")).to_be_visible()
    shoot(page, "16-trained-in-epochs")


def test_a_preset_is_chosen_with_the_keyboard(open_page, colours, wait):
    page = open_page(f"train?new=1&dataset={colours}&preset=quick")
    page.get_by_role("radio", name="Quick").focus()
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("radio", name="Balanced")).to_have_attribute("aria-checked", "true")
    wait(page)
    expect(page.get_by_text("Balanced:")).to_be_visible()
    expect(page.get_by_role("radio", name="Balanced")).to_have_attribute("aria-checked", "true")
