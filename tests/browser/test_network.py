"""Designing a small network in a real browser: by mouse and by keyboard, and on a narrow dark screen."""

import pytest
from playwright.sync_api import expect

from clf_core.api import open_workbench
from clf_core.settings import Settings

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def dataset(served):
    bench = open_workbench(Settings(workspace=served.workspace))
    return bench.imports.sample("digits", name="Digits to design for").dataset_id


@pytest.fixture
def design(open_page, dataset, wait):
    """Open the train page with the editor on it."""

    def opened(**screen):
        page = open_page(f"train?new=1&dataset={dataset}", **screen)
        page.get_by_text("From scratch", exact=True).first.click()
        page.locator(".network .layer").first.wait_for()
        wait(page)
        return page

    return opened


@pytest.mark.timeout(180)
def test_a_network_is_changed_by_mouse_and_by_keyboard(design, shoot, wait):
    page = design()
    layers = page.locator(".network .layer")
    expect(layers).to_have_count(6)
    expect(page.get_by_text("1,050,890 weights")).to_be_visible()
    shoot(page, "30-network")

    # Filters of the first layer: the drawing follows.
    filters = page.get_by_label("Filters", exact=True)
    filters.fill("8")
    filters.press("Enter")
    expect(layers.nth(1).locator(".gives")).to_have_text("8 × 32 × 32")

    # By keyboard: to the pooling, remove it, and the focus stays on the drawing.
    layers.nth(1).focus()
    page.keyboard.press("ArrowRight")
    expect(layers.nth(2)).to_be_focused()
    page.keyboard.press("Delete")
    expect(layers).to_have_count(5)
    expect(layers.nth(2)).to_be_focused()
    expect(layers.nth(2).locator(".title")).to_have_text("Flatten")

    # Flatten before the convolution cannot be: the layer says so, and the run cannot be started.
    page.keyboard.press("Alt+ArrowLeft")
    expect(layers.nth(2)).to_have_class("layer convolution fault unknown")
    expect(page.get_by_text("Layer 2, convolution, does not fit")).to_be_visible()
    train = page.get_by_role("button", name="Train", exact=True)
    expect(train).to_have_count(1)  # for a moment the one of the page before it was drawn anew stands beside it
    expect(train).to_be_disabled()
    shoot(page, "31-network-at-fault")
    page.keyboard.press("Alt+ArrowRight")
    expect(page.locator(".network .layer.fault")).to_have_count(0)
    expect(train).to_have_count(1)
    expect(train).to_be_enabled()

    # A click chooses; a design replaces all.
    layers.nth(4).click()
    expect(page.get_by_text("It always has a unit for each class, 10 here")).to_be_visible()
    page.get_by_role("radio", name="Like ResNet").click()
    expect(layers).to_have_count(10)
    wait(page)


@pytest.mark.timeout(120)
def test_on_a_narrow_dark_screen(design, shoot):
    page = design(width=420, scheme="dark")
    page.get_by_role("radio", name="Like VGG").click()
    expect(page.locator(".network .layer")).to_have_count(21)
    main = page.evaluate("(m => m.scrollWidth - m.clientWidth)(document.querySelector('[data-testid=\"stMain\"]'))")
    assert main == 0, "nothing may stick out to the side"
    shoot(page, "32-network-narrow-dark")
