"""Holding a button fills a class, here and on a phone, and it becomes a dataset. Chromium fakes a camera."""

import io
import os
from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import expect

from clf_core.api import open_workbench
from clf_core.settings import Settings
from tests.browser.conftest import FLAGS, ROOT, STEP_TIMEOUT, Served, chromium

pytestmark = pytest.mark.browser

FAR = "studio.test"  # stands for a name in the network: no secure context, so browsers close the camera there


@pytest.fixture(scope="module")
def studio(make_workspace):
    """A server that also answers to the name above, as one that was opened to the network does."""
    server = Served(make_workspace())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("STREAMLIT_SERVER_ALLOWED_HOSTS", f"127.0.0.1 {FAR}")
        server.start()
    yield server
    server.kill()


@pytest.fixture(scope="module")
def chrome(browser):
    """Chromium that finds the far name on this machine."""
    kind = browser.browser_type
    launched = kind.launch(executable_path=chromium(), args=[*FLAGS, f"--host-resolver-rules=MAP {FAR} 127.0.0.1"])
    yield launched
    launched.close()


@pytest.fixture
def visit(chrome):
    """``visit(address)`` opens a page in a context of its own; faults of its scripts fail the test."""
    contexts, faults = [], []

    def opened(address, *, width=1280, height=900, scheme="light", **more):
        context = chrome.new_context(viewport={"width": width, "height": height}, color_scheme=scheme, **more)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(STEP_TIMEOUT)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(address)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert not faults


@pytest.fixture(scope="module")
def keep():
    """``keep(page, name)`` keeps a screenshot of a page that is not Streamlit's."""
    folder = Path(os.environ.get("CLF_TEST_OUTPUT") or ROOT / "test-output") / "screens"
    folder.mkdir(parents=True, exist_ok=True)
    return lambda page, name: page.screenshot(path=folder / f"{name}.png")


@pytest.fixture
def open_form(visit, studio, wait):
    """``open_form()`` opens the camera form with two new classes, whatever datasets there are."""

    def opened(origin=None, **how):
        page = visit(f"{origin or studio.address}/data", **how)
        wait(page)
        more = page.get_by_text("Start another dataset")
        page.get_by_text("Camera", exact=True).or_(more).first.wait_for()
        if more.is_visible():
            more.click()
        page.get_by_text("Camera", exact=True).click()
        page.locator(".capture .hold").first.wait_for()
        wait(page)
        return page

    return opened


def camera_is_on(page):
    expect(page.locator(".capture .hold").first).to_have_text("Hold to capture")


def counts(page):
    return [int(words.split()[0]) for words in page.locator(".capture .count").all_inner_texts()]


def hold(page, nth, least):
    """Hold a class's button with the mouse until so many pictures have come; return how many it has in the end."""
    button, count = page.locator(".capture .hold").nth(nth), page.locator(".capture .count").nth(nth)
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    wait_for_count(page, nth, least)
    page.mouse.up()
    return settled_count(page, count)


def wait_for_count(page, nth, least):
    count = page.locator(".capture .count").nth(nth).element_handle()
    page.wait_for_function("([count, least]) => parseInt(count.textContent) >= least", arg=[count, least])


def settled_count(page, count):
    """The count once nothing more comes: what was under way arrives, and a hold that has ended takes no more."""
    words, same = "", 0
    while same < 10:
        page.wait_for_timeout(100)
        words, before = count.inner_text(), words
        same = same + 1 if words == before else 0
    return int(words.split()[0])


def photo(colour):
    buffer = io.BytesIO()
    Image.effect_noise((2400, 1800), 60).convert("RGB").save(buffer, "JPEG")
    return {"name": f"{colour}.jpg", "mimeType": "image/jpeg", "buffer": buffer.getvalue()}


@pytest.mark.timeout(180)
def test_hold_to_capture_fills_two_classes_and_makes_a_dataset(open_form, studio, wait, shoot):
    page = open_form()
    camera_is_on(page)
    shoot(page, "20-capture-empty")

    # Several a second while the mouse is down.
    first = hold(page, 0, least=6)
    expect(page.get_by_role("button", name=f"Make a dataset of {first} pictures")).to_be_enabled()
    expect(page.get_by_text("Training will ask for a second")).to_be_visible()

    # The same with the keyboard alone; a key that repeats is one hold.
    page.locator(".capture .hold").nth(1).focus()
    for _ in range(6):
        page.keyboard.down("Space")
        page.wait_for_timeout(100)
    wait_for_count(page, 1, 4)
    page.keyboard.up("Space")
    second = settled_count(page, page.locator(".capture .count").nth(1))

    # Undo takes back one hold.
    assert hold(page, 1, least=second + 2) >= second + 2
    page.locator(".capture .undo").nth(1).click()
    expect(page.locator(".capture .count").nth(1)).to_have_text(f"{second} pictures")

    # Names are edited in place; a name that is there already is refused in words.
    name = page.locator(".capture .name").first
    name.fill("<b>bee</b>")
    name.press("Enter")
    page.locator(".capture .name").nth(1).fill("<B>BEE</B>")
    page.locator(".capture .name").nth(1).press("Enter")
    expect(page.locator(".capture .told")).to_contain_text("Two classes are called")
    page.locator(".capture .name").nth(1).fill("ant")
    page.locator(".capture .name").nth(1).press("Enter")
    expect(page.locator(".capture .told")).to_have_text("")

    # A reload finds everything again.
    page.reload()
    camera_is_on(page)
    wait(page)
    assert counts(page) == [first, second]
    assert page.locator(".capture .name").first.input_value() == "<b>bee</b>"
    page.wait_for_function("[...document.images].every(image => image.complete)")
    shoot(page, "21-capture-taken")

    page.get_by_label("Name of the dataset").fill("From the camera")
    page.get_by_label("Name of the dataset").press("Enter")
    page.get_by_role("button", name=f"Make a dataset of {first + second} pictures").click()
    page.wait_for_url("**dataset=*", timeout=60_000)
    wait(page)
    assert "capture=" not in page.url
    bench = open_workbench(Settings(workspace=studio.workspace))
    assert bench.datasets.get("From the camera").classes == {"<b>bee</b>": first, "ant": second}
    shoot(page, "22-capture-dataset")


def test_classes_come_and_go_and_ask_before_pictures_are_lost(open_form):
    page = open_form()
    camera_is_on(page)
    page.get_by_role("button", name="Add a class").click()
    expect(page.locator(".capture .class")).to_have_count(3)
    page.keyboard.type("third")
    page.keyboard.press("Enter")
    taken = hold(page, 2, least=2)
    clear = page.locator(".capture .clear").nth(2)
    clear.click()
    expect(clear).to_have_text(f"Clear {taken} pictures")
    assert counts(page)[2] == taken
    clear.click()
    expect(page.locator(".capture .count").nth(2)).to_have_text("0 pictures")
    page.locator(".capture .remove").nth(2).click()
    expect(page.locator(".capture .class")).to_have_count(2)


def test_the_camera_goes_off_when_the_page_is_left_and_when_the_person_says_so(open_form):
    page = open_form()
    camera_is_on(page)
    track = page.locator(".capture video").evaluate_handle("video => video.srcObject.getVideoTracks()[0]")
    page.get_by_role("button", name="Turn off").click()
    assert track.evaluate("track => track.readyState") == "ended"
    expect(page.locator(".capture .hold").first).to_be_disabled()
    page.get_by_role("button", name="Turn on the camera").click()
    camera_is_on(page)
    track = page.locator(".capture video").evaluate_handle("video => video.srcObject.getVideoTracks()[0]")
    page.get_by_role("link", name="Runs").click()
    page.locator(".capture").wait_for(state="detached")
    page.wait_for_timeout(800)
    assert track.evaluate("track => track.readyState") == "ended"


def test_a_camera_that_may_not_be_used_or_is_not_there_is_told_in_words(open_form):
    page = open_form()
    camera_is_on(page)
    page.get_by_role("button", name="Turn off").click()
    for name, words in (
        ("NotAllowedError", "does not let this page"),
        ("NotFoundError", "No camera was found"),
        ("NotReadableError", "in use by another program"),
    ):
        page.evaluate(
            "name => { navigator.mediaDevices.getUserMedia = () => Promise.reject(new DOMException('no', name)) }", name
        )
        page.locator(".capture .turn").click()
        expect(page.locator(".capture .words")).to_contain_text(words)
        expect(page.locator(".capture .hold").first).to_be_disabled()


@pytest.mark.timeout(120)
def test_a_phone_joins_by_its_code_and_the_pictures_arrive(visit, open_form, studio, wait, shoot, keep):
    """Over plain HTTP the live camera is closed on both; the phone sends what its camera app took."""
    far = f"http://{FAR}:{studio.port}"
    page = open_form(far)
    expect(page.locator(".capture .words")).to_contain_text("only on this machine or over HTTPS")
    page.get_by_text("Use a phone as the camera").click()
    page.get_by_text("Scan the code").wait_for()
    wait(page)
    address = page.locator("code").inner_text()
    assert address.startswith(f"{far}/phone/c-")
    shoot(page, "23-capture-phone-code")

    phone = visit(address, width=390, height=844, is_mobile=True, has_touch=True)
    phone.locator(".choice").first.wait_for()
    assert "plain HTTP" in phone.locator(".why").inner_text()
    assert phone.locator(".shoot input").get_attribute("capture") == "environment"
    phone.locator(".choice").nth(1).click()
    phone.locator(".shoot input").set_input_files([photo("one")])
    expect(phone.locator(".sent")).to_have_text("1 picture sent")
    phone.locator(".choose input").set_input_files([photo("two"), photo("three")])
    expect(phone.locator(".sent")).to_have_text("2 pictures sent")
    expect(page.locator(".capture .count").nth(1)).to_have_text("3 pictures")
    expect(page.get_by_role("button", name="Make a dataset of 3 pictures")).to_be_enabled()
    side = page.locator(".capture .strip img").first.evaluate("image => image.decode().then(() => image.naturalWidth)")
    assert side == 160
    keep(phone, "24-phone-http")
    overflow = phone.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow == 0

    phone.get_by_role("button", name="Undo last").click()
    expect(page.locator(".capture .count").nth(1)).to_have_text("2 pictures")
    phone.locator(".choose input").set_input_files([{"name": "a.txt", "mimeType": "text/plain", "buffer": b"words"}])
    expect(phone.locator(".told")).to_contain_text("A text file, not a picture")

    # The same page where the browser allows the camera: hold and capture.
    live = visit(
        address.replace(FAR, "127.0.0.1"), width=390, height=844, scheme="dark", is_mobile=True, has_touch=True
    )
    live.get_by_role("button", name="Turn on the camera").click()
    button = live.locator(".hold")
    button.wait_for()
    live.wait_for_function("document.querySelector('video').videoWidth > 0")
    button.dispatch_event("pointerdown", {"button": 0, "pointerId": 1})
    live.wait_for_function("parseInt(document.querySelector('.choice .num').textContent) >= 4")
    keep(live, "25-phone-live-dark")
    button.dispatch_event("pointerup", {"button": 0, "pointerId": 1})
    taken = settled_count(live, live.locator(".choice .num").first)
    expect(page.locator(".capture .count").first).to_have_text(f"{taken} pictures")


def test_a_phone_with_an_old_code_is_told_what_to_do(visit, studio):
    phone = visit(f"{studio.address}/phone/c-00000000000000000000.x", width=390, height=844)
    expect(phone.locator(".told")).to_contain_text("Scan the code on the studio's page again")
    assert not phone.locator(".actions").is_visible()


@pytest.mark.parametrize(("width", "scheme"), [(420, "light"), (1280, "dark")])
def test_the_form_fits_a_phone_and_a_dark_room(open_form, shoot, width, scheme):
    page = open_form(width=width, scheme=scheme)
    camera_is_on(page)
    main = page.evaluate("(m => m.scrollWidth - m.clientWidth)(document.querySelector('[data-testid=\"stMain\"]'))")
    assert main == 0
    taken = hold(page, 0, least=3)
    page.get_by_role("button", name=f"Make a dataset of {taken} pictures").wait_for()
    shoot(page, f"26-capture-{scheme}-{width}")
