"""The way of a newcomer, from the first screen to an explained answer, in a real browser; then keyboard and widths."""

import io
import zipfile

import pytest
from PIL import Image, ImageDraw
from playwright.sync_api import expect

from clf_core.api import open_workbench
from clf_core.config import TrainConfig
from clf_core.settings import Settings
from tests.browser.conftest import note_foreign

pytestmark = pytest.mark.browser
HOSTILE = ("**bold** :red[red]", "<img src=x onerror=alert(1)>")


def drawing(seed, colour, shift=0):
    """A picture no sample holds: a circle drawn here; shifted far enough, two of them are no copies."""
    image = Image.new("RGB", (160, 160), (40 + seed, 44, 60))
    left, top = 40 - shift, 30 + 2 * shift
    ImageDraw.Draw(image).ellipse((left, top, left + 90 - shift, top + 90 - shift), fill=colour)
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def upload(page, name, data, mime, nth=0):
    page.locator("input[type=file]").nth(nth).set_input_files([{"name": name, "mimeType": mime, "buffer": data}])


@pytest.mark.timeout(240)
def test_from_the_first_screen_to_an_explained_answer(open_page, served, shoot, wait):
    page = open_page()
    shoot(page, "01-first-screen-empty")

    # Show me: the starter model answers before anything was taught.
    upload(page, "mine.png", drawing(0, (220, 60, 50)), "image/png")
    page.locator(".answer .label").wait_for()
    page.locator(".lens img").first.wait_for(timeout=60_000)
    wait(page)
    assert page.locator(".answer .bars li").count() == 5
    shoot(page, "02-starter-answer")

    # A sample is one press away from being ready to train.
    page.get_by_role("button", name="Use it").nth(1).click()
    page.get_by_role("heading", name="ready to train").wait_for(timeout=60_000)
    wait(page)
    page.locator(".gallery img").first.wait_for()
    shoot(page, "03-data")
    page.get_by_role("button", name="Train", exact=True).click()
    page.get_by_role("heading", name="Train on").wait_for()
    wait(page)
    shoot(page, "04-train-form")

    # Watch it, reload in the middle, and find the same run.
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url("**/train?run=*")
    address = page.url
    page.locator(".stages, h1:has-text('Done')").first.wait_for()
    shoot(page, "05-training")
    page.reload()
    wait(page)
    assert page.url == address
    page.get_by_role("heading", name="Done").wait_for(timeout=90_000)
    wait(page)
    shoot(page, "06-trained")

    # The verdict, then a cell and its pictures.
    page.get_by_role("button", name="See how good it is").click()
    page.locator(".verdict .said").wait_for()
    wait(page)
    assert "expect" in page.locator(".verdict .said").inner_text()
    cells = page.locator(".matrix td button")
    counts = [int(text) for text in cells.all_inner_texts()]
    fullest = counts.index(max(counts))
    cells.nth(fullest).click()
    expect(page.locator(".gallery button.tile")).to_have_count(min(60, counts[fullest]))
    wait(page)
    shoot(page, "07-evaluate")

    # A picture of that cell, with where the model looked.
    page.locator(".gallery button.tile").first.click()
    page.get_by_role("dialog").locator(".lens img").first.wait_for(timeout=60_000)
    page.get_by_role("dialog").get_by_role("button", name="Explain this picture").click()
    page.wait_for_url("**/explain?*picture=*")
    page.locator(".lens img").first.wait_for(timeout=60_000)
    wait(page)
    heat = page.locator(".lens .stack img").nth(1)
    page.locator(".lens input").fill("80")
    assert heat.evaluate("image => image.style.opacity") == "0.8"
    assert heat.evaluate("image => image.naturalWidth") > 0
    shoot(page, "08-explain")

    # One's own picture.
    page.get_by_role("link", name="Predict").click()
    page.get_by_role("heading", name="What is in your picture?").wait_for()
    wait(page)
    upload(page, "mine.png", drawing(9, (60, 160, 220)), "image/png")
    page.locator(".answer .label").wait_for()
    page.locator(".lens img").first.wait_for(timeout=60_000)
    wait(page)
    assert page.locator(".answer .bars li").count() == 4
    assert "milliseconds" in page.locator(".answer .took").inner_text()
    shoot(page, "09-predict")

    page.get_by_role("link", name="Runs").click()
    page.locator(".runboard .run").first.wait_for()
    wait(page)
    shoot(page, "10-runs")


@pytest.mark.timeout(120)
def test_a_training_outlives_the_server_and_is_found_again(open_page, served, wait):
    """Kill the server while a run is going; the run goes on, and the restarted server's page finds it."""
    page = open_page("train?new=1")
    page.get_by_role("button", name="Train", exact=True).click()
    page.wait_for_url("**/train?run=*")
    address = page.url
    served.kill()
    bench = open_workbench(Settings(workspace=served.workspace))
    assert bench.runs.list()[0].state in ("starting", "running"), "the server was killed too late to show anything"
    served.start()
    page.goto(address)
    wait(page)
    page.get_by_role("heading", name="Done").wait_for(timeout=90_000)


def test_the_matrix_is_used_with_the_keyboard_alone(open_page, wait):
    page = open_page("evaluate")
    page.locator(".matrix td button").first.wait_for()
    wait(page)
    assert page.locator('.matrix td button[tabindex="0"]').count() == 1
    page.locator('.matrix td button[tabindex="0"]').focus()
    page.keyboard.press("Home")
    page.keyboard.press("PageUp")
    assert _focus(page) == ("0", "0")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowDown")
    assert _focus(page) == ("1", "1")
    page.keyboard.press("Enter")
    page.wait_for_timeout(300)
    wait(page)
    assert _focus(page) == ("1", "1"), "the focus must survive the rerun"
    chosen = page.locator('.matrix td button[aria-pressed="true"]')
    assert chosen.count() == 1
    assert chosen.get_attribute("data-row") == "1"
    count = int(chosen.inner_text())
    expect(page.locator(".gallery .tile")).to_have_count(count)
    label = chosen.get_attribute("aria-label")
    assert label.startswith(f"{count} of ")


def _focus(page):
    return tuple(
        page.evaluate(
            """() => { let el = document.activeElement;
                 while (el && el.shadowRoot && el.shadowRoot.activeElement) el = el.shadowRoot.activeElement;
                 return [el.dataset.row, el.dataset.column]; }"""
        )
    )


@pytest.fixture(scope="module")
def phone(browser):
    """One narrow window for all pages, which is quicker than a new one each."""
    context, foreign = browser.new_context(viewport={"width": 420, "height": 860}, color_scheme="light"), []
    page = context.new_page()
    note_foreign(page, foreign)
    yield page
    context.close()
    assert not foreign


@pytest.mark.parametrize("path", ["", "data", "train?new=1", "evaluate", "tune?new=1", "explain", "predict", "runs"])
def test_every_page_fits_a_phone_and_a_dark_room(phone, served, wait, shoot, path):
    name = path.split("?")[0] or "home"
    phone.set_viewport_size({"width": 420, "height": 860})
    phone.emulate_media(color_scheme="light")
    phone.goto(f"{served.address}/{path}")
    phone.get_by_role("heading", level=1).wait_for()
    wait(phone)
    phone.wait_for_timeout(300)
    overflow = phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    main = phone.evaluate("(m => m.scrollWidth - m.clientWidth)(document.querySelector('[data-testid=\"stMain\"]'))")
    assert (overflow, main) == (0, 0), "nothing may stick out to the side"
    shoot(phone, f"phone-{name}")
    # Night falls while the page is open: the theme follows without a reload.
    phone.set_viewport_size({"width": 1280, "height": 900})
    phone.emulate_media(color_scheme="dark")
    expect(phone.locator('[data-testid="stApp"]')).to_have_css("background-color", "rgb(16, 21, 28)")
    shoot(phone, f"dark-{name}")


@pytest.mark.timeout(120)
def test_hostile_class_names_stay_literal_and_ask_nobody(open_page, wait, shoot):
    """C5: names with Markdown and HTML are text everywhere; open_page fails the test if any request leaves."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for kind, name in enumerate((*HOSTILE, "![p](http:evil.example) www.evil.example :smile:")):
            for number in range(5):
                archive.writestr(f"{name}/{number}.png", drawing(number, (250 - 90 * kind, 40 + 80 * kind, 60)))
    page = open_page()
    upload(page, "Hostile.zip", buffer.getvalue(), "application/zip", nth=1)
    page.get_by_role("heading", name="ready to train").wait_for(timeout=60_000)
    wait(page)
    names = page.locator(".balance .name").all_inner_texts()
    assert set(HOSTILE) <= set(names)
    assert page.locator(".balance img, .gallery img[src=x]").count() == 0
    shoot(page, "11-hostile-names")
    page.get_by_role("tab", name="Pictures").click()
    page.get_by_role("combobox", name="Class", exact=True).click()
    page.get_by_role("option", name=HOSTILE[0], exact=True).first.wait_for()
    options = page.get_by_role("option").all_inner_texts()
    assert set(HOSTILE) <= set(options)


@pytest.mark.timeout(90)
def test_the_camera_gets_an_answer(open_page, wait):
    """The security headers must leave the camera to the studio itself. The browser brings a fake one."""
    page = open_page()
    page.get_by_text("Camera", exact=True).click()
    page.wait_for_function("document.querySelector('video')?.videoWidth > 0")
    page.wait_for_timeout(500)
    page.get_by_role("button", name="Take Photo").click()
    page.get_by_role("button", name="Clear photo").wait_for()
    page.locator(".answer .label").wait_for(timeout=60_000)
    wait(page)
    assert page.locator(".answer .bars li").count() == 5


@pytest.mark.timeout(120)
def test_a_matrix_of_many_classes_keeps_names_and_cell_in_sight(open_page, served, wait, shoot):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for kind in range(26):
            for number in range(4):
                picture = drawing(number, (kind * 9, (kind * 71) % 255, (kind * 37) % 255), 12 * number)
                archive.writestr(f"kind {kind:02d}/{number}.png", picture)
    bench = open_workbench(Settings(workspace=served.workspace))
    dataset = bench.imports.files([("many.zip", buffer)], "Many classes")
    run = bench.runs.wait(
        bench.runs.start(dataset.dataset_id, TrainConfig(strengths=(1.0,), selection="validation")).id
    )
    page = open_page(f"evaluate?run={run.id}")
    page.locator(".matrix .window").wait_for()
    wait(page)
    assert page.locator(".matrix").bounding_box()["height"] < 900, "the pictures of a cell stay beside it"
    _assert_in_sight(page, '.matrix button[aria-pressed="true"]')
    page.locator('.matrix td button[tabindex="0"]').focus()
    for key in ("End", "PageDown", "ArrowUp"):
        page.keyboard.press(key)
    _assert_in_sight(page, '.matrix button[data-row="24"][data-column="25"]')
    for key in ("Home", "PageUp"):
        page.keyboard.press(key)
    _assert_in_sight(page, '.matrix button[data-row="0"][data-column="0"]')
    shoot(page, "12-many-classes")


def _assert_in_sight(page, cell):
    """A cell is scrolled into the grid's window, and neither the names above nor those at the left lie over it."""
    boxes = (page.locator(part).bounding_box() for part in (cell, ".matrix .window", ".matrix thead"))
    (inside, frame, names), left = boxes, page.locator(".matrix th.row").first.bounding_box()
    assert names["y"] >= frame["y"] - 5, "the names of the columns stay"
    assert names["y"] + names["height"] - 1 <= inside["y"]
    assert inside["y"] + inside["height"] <= frame["y"] + frame["height"] + 1
    assert left["x"] + left["width"] - 1 <= inside["x"]
    assert inside["x"] + inside["width"] <= frame["x"] + frame["width"] + 1
