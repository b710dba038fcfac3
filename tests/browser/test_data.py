"""The data page in a real browser: labelling with the keyboard and the mouse, fixes, history, export, and its looks."""

import io
import itertools
import time
import urllib.error
import urllib.request
import zipfile

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from clf_core.api import open_workbench
from clf_core.settings import Settings

pytestmark = [pytest.mark.browser, pytest.mark.timeout(180)]
NAMES = ("ant", "<b>bee</b>", "wasp")
_numbers = itertools.count()


def photo(seed, colour, side=96):
    """A picture with structure of its own: smooth random patches over the class's colour."""
    patches = np.random.default_rng(seed).integers(-60, 60, (8, 8, 3)) + np.array(colour)
    image = Image.fromarray(np.clip(patches, 0, 255).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    noise = np.random.default_rng(seed + 1).integers(-12, 12, (side, side, 3))
    return Image.fromarray(np.clip(np.asarray(image, dtype=np.int16) + noise, 0, 255).astype(np.uint8))


def png(image):
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


@pytest.fixture
def bench(served):
    return open_workbench(Settings(workspace=served.workspace))


@pytest.fixture
def insects(bench):
    """A dataset of three classes of 14, with two pictures much longer than wide among the ants."""
    colours = ((150, 90, 70), (190, 170, 60), (90, 130, 160))
    buffer = io.BytesIO()
    start = next(_numbers) * 1000
    with zipfile.ZipFile(buffer, "w") as archive:
        for place, (name, colour) in enumerate(zip(NAMES, colours, strict=True)):
            for number in range(14):
                image = photo(start + 100 * place + number, colour)
                if place == 0 and number < 2:
                    image = image.resize((480, 60))
                archive.writestr(f"{name.replace('/', '_')}/{number:02d}.png", png(image))
    name = bench.datasets.free_name("Insects")
    return bench.datasets.get(bench.imports.files([("insects.zip", buffer)], name).dataset_id)


@pytest.fixture
def opened(open_page, insects, wait):
    """``opened(tab, ...)`` opens the data page on the insects at one of its tabs."""

    def make(tab="Pictures", **how):
        page = open_page(f"data?dataset={insects.id}", **how)
        show(page, tab, wait)
        return page

    return make


def show(page, tab, wait):
    page.get_by_role("tab", name=tab, exact=True).click()
    wait(page)
    if tab == "Pictures":
        page.locator(".labeller .tile").first.wait_for()


def tile(page, index):
    return page.locator(".labeller .tile").nth(index)


def save(page, wait):
    page.locator('.labeller [data-do="save"]').click()
    page.get_by_role("button", name="Undo").wait_for()
    wait(page)


def labels(bench, dataset):
    pictures = bench.datasets.pictures(dataset.id, shown="all", limit=1000).pictures
    return {picture.id: picture.label for picture in pictures}


def test_pictures_are_labelled_left_out_and_saved_with_the_keyboard_alone(opened, insects, bench, wait, shoot):
    page = opened()
    before, second = labels(bench, insects), list(insects.classes)[1]
    shown = [picture.id for picture in bench.datasets.pictures(insects.id).pictures]
    page.locator('.labeller .tile[tabindex="0"]').focus()
    page.keyboard.press("2" if before[shown[0]] != second else "1")  # the next one comes by itself
    assert tile(page, 1).evaluate("tile => tile === tile.getRootNode().activeElement")
    page.keyboard.press("x")
    page.keyboard.press("Space")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.locator(".labeller .tile[aria-selected=true]")).to_have_count(2)
    page.keyboard.press("s")
    expect(page.locator(".labeller .unsaved")).to_contain_text("not saved yet")
    expect(page.locator(".labeller .tile.changed")).not_to_have_count(0)
    shoot(page, "data-marks")
    page.keyboard.press("Control+z")  # the test split is locked: the two moves are taken back
    expect(page.locator('.labeller [data-do="save"]')).to_have_text("Save 2 changes")
    page.keyboard.press("Escape")
    page.keyboard.press("Tab")  # no trap: the focus leaves the pictures
    assert page.evaluate("!document.activeElement.shadowRoot?.activeElement?.matches('.tile')")
    save(page, wait)
    after = {p.id: p for p in bench.datasets.pictures(insects.id, shown="all", limit=1000).pictures}
    assert [number for number in before if after[number].label != before[number]] == [shown[0]]
    assert [number for number in after if after[number].excluded] == [shown[1]]
    assert len(bench.editing.versions(insects.id)) == 2, "all marks are one version"
    page.get_by_role("button", name="Undo").click()
    page.get_by_text("version 3").wait_for()
    assert labels(bench, insects) == before
    assert bench.datasets.get(insects.id).excluded == 0


def test_a_selection_made_with_the_mouse_gets_a_new_class(opened, insects, bench, wait):
    page = opened()
    tile(page, 0).click()
    tile(page, 3).click(modifiers=["Shift"])
    tile(page, 2).click(modifiers=["ControlOrMeta"])
    expect(page.locator(".labeller .count")).to_have_text("3 pictures selected")
    page.locator(".labeller .typed").fill("<i>new</i> class")
    page.locator('.labeller [data-do="give"]').click()
    expect(tile(page, 0).locator(".title")).to_contain_text("→ <i>new</i> class")
    save(page, wait)
    assert bench.datasets.get(insects.id).classes["<i>new</i> class"] == 3
    expect(page.locator(".labeller .chip")).to_have_count(4)


def test_marks_wait_while_another_part_is_open_and_leaving_warns(opened, insects, bench, wait):
    page = opened()
    tile(page, 0).focus()
    page.keyboard.press("x")
    page.wait_for_timeout(700)  # told to the server
    wait(page)
    show(page, "Classes", wait)
    show(page, "Pictures", wait)
    expect(page.locator('.labeller [data-do="save"]')).to_have_text("Save 1 change")
    asked = []
    page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.dismiss()))
    page.evaluate("location.reload()")
    page.wait_for_timeout(500)
    assert asked == ["beforeunload"]
    page.locator('.labeller [data-do="discard"]').click()
    expect(page.locator(".labeller .savebar")).to_be_hidden()
    assert bench.datasets.get(insects.id).version == insects.version


def test_a_locked_test_split_is_kept_until_the_person_says_otherwise(opened, insects, bench, wait):
    page = opened()
    splits = [picture.split for picture in bench.datasets.pictures(insects.id).pictures]
    tile(page, splits.index("train")).focus()
    page.keyboard.press("s")
    page.locator('.labeller [data-do="save"]').click()
    page.get_by_role("button", name="Move them all the same").wait_for()
    wait(page)
    assert bench.datasets.get(insects.id).version == insects.version
    expect(page.locator('.labeller [data-do="save"]')).to_have_text("Save 1 change")
    page.get_by_role("button", name="Move them all the same").click()
    page.get_by_role("button", name="Undo").wait_for()
    assert bench.datasets.get(insects.id).splits["test"] > insects.splits["test"]


def test_filters_narrow_the_pictures(opened, insects, wait):
    page = opened()
    expect(page.locator(".labeller .tile")).to_have_count(insects.pictures)
    page.get_by_label("Search", exact=True).fill("03.png")
    page.keyboard.press("Enter")
    expect(page.locator(".labeller .tile")).to_have_count(3)
    page.get_by_label("Search", exact=True).fill("nothing of that name")
    page.keyboard.press("Enter")
    page.get_by_role("button", name="Clear the filters").click()
    expect(page.locator(".labeller .tile")).to_have_count(insects.pictures)
    page.get_by_role("combobox", name="Class").first.click()
    page.get_by_role("option", name="wasp").click()
    expect(page.locator(".labeller .tile")).to_have_count(insects.classes["wasp"])


def test_a_finding_is_looked_at_mended_and_the_mending_undone(opened, insects, bench, wait, shoot):
    page = opened("Findings")
    card = page.locator(".st-key-finding_odd-shape")
    card.wait_for()
    shoot(page, "data-findings")
    card.get_by_role("button", name="See them").click()
    page.locator(".labeller .tile").first.wait_for()
    expect(page.locator(".labeller .tile")).to_have_count(2)
    show(page, "Findings", wait)
    card.get_by_role("button").filter(has_text="Leave").first.click()
    page.get_by_role("button", name="Undo").wait_for()
    wait(page)
    assert bench.datasets.get(insects.id).excluded == 2
    expect(page.locator(".st-key-finding_odd-shape")).to_have_count(0)
    page.get_by_role("button", name="Undo").click()
    page.locator(".st-key-finding_odd-shape").wait_for()
    assert bench.datasets.get(insects.id).excluded == 0


def test_a_suspect_whose_class_is_right_is_not_asked_about_again(opened, insects, bench, wait):
    moved = [picture.id for picture in bench.datasets.pictures(insects.id, label="wasp").pictures[:2]]
    bench.editing.relabel(insects.id, moved, "ant")
    bench.health.start_slow(insects.id)
    deadline = time.monotonic() + 90
    while bench.health.report(insects.id).slow_checks != "done" and time.monotonic() < deadline:
        time.sleep(0.2)
    suspects, _ = bench.health.pictures(insects.id, "label-suspects")
    assert set(moved) & {picture.id for picture in suspects.pictures}
    page = opened("Findings")
    page.locator(".st-key-finding_label-suspects").get_by_role("button", name="See").click()
    wait(page)
    tiles = page.locator(".labeller .tile")
    expect(tiles).to_have_count(suspects.total)
    expect(tiles.first.locator("button.right")).to_have_text("It is right")
    tiles.first.focus()
    page.keyboard.press("k")
    expect(tiles.first).to_contain_text("found right")
    page.get_by_role("button", name="Save 1 change").click()
    page.get_by_text("Found the class of 1 picture right").first.wait_for()
    first = suspects.pictures[0].id
    assert "checked" in bench.datasets.chosen(insects.id, [first])[first].flags


def test_a_picture_is_opened_with_the_keyboard_and_closed_again(opened, insects, wait, shoot):
    page = opened()
    tile(page, 4).focus()
    page.keyboard.press("Enter")
    dialog = page.get_by_role("dialog")
    dialog.get_by_text("pixels").wait_for()
    wait(page)
    shoot(page, "data-picture")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


def test_an_earlier_version_is_compared_and_returned_to(opened, insects, bench, wait, shoot):
    first = bench.datasets.pictures(insects.id).pictures[0]
    bench.editing.exclude(insects.id, [first.id], "not an insect", who="Ada *L*")
    page = opened("History")
    page.get_by_text("Ada *L*").wait_for()
    page.get_by_role("button", name="What changed").first.click()
    page.locator(".st-key-difference").get_by_text("left out").first.wait_for()
    wait(page)
    shoot(page, "data-history")
    page.get_by_label("Your name, for the history").fill("Grace")
    page.keyboard.press("Enter")
    wait(page)
    page.get_by_role("button", name="Return to it").last.click()
    page.get_by_role("button", name="Undo").wait_for()
    newest = bench.editing.versions(insects.id)[0]
    assert (newest.version, newest.who, newest.excluded) == (3, "Grace", 0)


def test_an_export_is_fetched_once(opened, insects, served, wait):
    page = opened("Findings")
    page.get_by_role("button", name="Export").click()
    page.get_by_role("button", name="Write the file").click()
    link = page.get_by_role("link", name="Download")
    link.wait_for(timeout=30_000)
    address = served.address + link.get_attribute("href").removeprefix(served.address)
    with urllib.request.urlopen(address) as answer:  # noqa: S310 - our own server
        assert answer.headers["content-disposition"].startswith("attachment")
        assert answer.headers["x-content-type-options"] == "nosniff"
        archive = zipfile.ZipFile(io.BytesIO(answer.read()))
    assert sum(name.endswith(".png") for name in archive.namelist()) == insects.pictures
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(address)  # noqa: S310
    assert refused.value.code == 404
    deadline = time.monotonic() + 20
    while list((served.workspace / "exports").iterdir()) and time.monotonic() < deadline:
        time.sleep(0.1)  # removed once the last byte is sent, by a thread of the server
    assert not list((served.workspace / "exports").iterdir())


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 420)])
def test_every_part_fits_its_window(opened, insects, wait, shoot, scheme, width):
    page = opened("Findings", scheme=scheme, width=width)
    for tab in ("Findings", "Pictures", "Classes", "Splits", "History"):
        show(page, tab, wait)
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), f"{tab} scrolls sideways"
        shoot(page, f"data-{tab.lower()}-{scheme}-{width}")
