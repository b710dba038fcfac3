"""Sending pictures in a real browser: large, cut off, cancelled, through a crash of the server, and whole folders."""

import contextlib
import io
import random
import zipfile

import pytest
from PIL import Image
from playwright.sync_api import TimeoutError as Waited
from playwright.sync_api import expect

from clf_core.api import open_workbench
from clf_core.settings import Settings

pytestmark = pytest.mark.browser
RATE = 12_000_000  # bytes a second; slow enough to be interrupted, fast enough to wait for


def picture(number, side=64):
    """A PNG of noise, which does not become smaller when packed."""
    noise = random.Random(number).randbytes(side * side * 3)
    buffer = io.BytesIO()
    Image.frombytes("RGB", (side, side), noise).save(buffer, "PNG", compress_level=0)
    return buffer.getvalue()


@pytest.fixture(scope="module")
def large(tmp_path_factory):
    """A folder with zips of some 30 MB, several of the pieces they are sent in, and two classes."""
    folder = tmp_path_factory.mktemp("large")
    shared = [picture(number, side=500) for number in range(39)]
    for place, name in enumerate(("Large", "Other", "Cancelled", "Crash", "Again"), start=100):
        with zipfile.ZipFile(folder / f"{name}.zip", "w") as archive:
            for number, data in enumerate([picture(place, side=500), *shared]):  # no two zips are the same file
                archive.writestr(f"{('ant', 'bee')[number % 2]}/{number}.png", data)
    return folder


@pytest.fixture
def bench(served):
    return open_workbench(Settings(workspace=served.workspace))


class Line:
    """The connection of a page: its speed, cutting and mending it, and what went over it."""

    def __init__(self, page):
        self.offsets = []
        self._session = page.context.new_cdp_session(page)
        self._session.send("Network.enable")
        page.on("request", self._note)
        self.mend()

    def _note(self, request):
        if request.method == "PUT":
            self.offsets.append(int(request.url.rpartition("=")[2]))

    def mend(self, rate=RATE):
        self._set(offline=False, rate=rate)

    def cut(self):
        self._set(offline=True, rate=RATE)

    def _set(self, *, offline, rate):
        self._session.send(
            "Network.emulateNetworkConditions",
            {"offline": offline, "latency": 0, "downloadThroughput": -1, "uploadThroughput": rate},
        )


def begin(open_page, wait, path="data"):
    page = open_page(path)
    more = page.get_by_text("Start another dataset")
    if more.count():
        more.click()
        wait(page)
    # Its words are put in by the same script that then listens: before that a key or a file would fall into the void.
    page.locator(".upload[aria-label] .zone").wait_for()
    wait(page)
    return page


def give(page, path):
    page.locator(".upload input.files").set_input_files(path)


def sent(page, share):
    """Wait until so many percent are sent."""
    page.wait_for_function(
        """share => { const hosts = [...document.querySelectorAll('[data-testid="stBidiComponentIsolated"]')];
            const said = host => host.shadowRoot?.querySelector('.upload .share')?.textContent;
            return hosts.some(host => parseInt(said(host)) >= share); }""",
        arg=share,
    )


def imported(page, wait, bench, name, seconds=60):
    """Wait until a dataset of that name is there and its page is drawn; return it.

    After a restart of the server the form is closed again: what arrives then waits in the corner to be shown.
    """
    show = page.locator(".underway button")
    for _ in range(seconds * 5):
        with contextlib.suppress(Waited):  # it goes when the form comes into sight by itself
            if show.is_visible():
                show.click(timeout=1000)
                wait(page)
        found = [dataset for dataset in bench.datasets.list() if dataset.name == name]
        if found:
            page.get_by_role("heading", name=f"{found[0].pictures} pictures in").wait_for()
            wait(page)
            return found[0]
        page.wait_for_timeout(200)
    raise AssertionError(f"{name} was not imported")


@pytest.mark.timeout(120)
def test_a_cut_connection_is_told_and_sending_goes_on_where_it_stopped(open_page, wait, shoot, bench, large):
    page = begin(open_page, wait)
    line = Line(page)
    give(page, large / "Large.zip")
    sent(page, 30)
    shoot(page, "upload-sending")
    line.cut()
    expect(page.locator(".upload .figures")).to_contain_text("Connection lost, trying again")
    expect(page.locator(".upload [role=status]")).to_contain_text("Connection lost")
    shoot(page, "upload-lost")
    (waiting,) = [upload for upload in bench.uploads.list() if upload.name == "Large.zip"]
    assert 0 < waiting.received < waiting.size
    before = len(line.offsets)
    line.mend()
    dataset = imported(page, wait, bench, "Large")
    after = line.offsets[before:]
    assert after
    assert min(offset for offset in after) >= waiting.received - 8 * 2**20
    assert after[0] > 0, "what was there is not sent again"
    assert dataset.classes == {"ant": 20, "bee": 20}
    assert not dataset.skipped
    assert not [upload for upload in bench.uploads.list() if upload.name == "Large.zip"]


@pytest.mark.timeout(120)
def test_the_page_stays_usable_and_another_page_does_not_stop_it(open_page, wait, shoot, bench, large):
    page = begin(open_page, wait)
    Line(page).mend(6_000_000)
    give(page, large / "Other.zip")
    sent(page, 10)
    page.get_by_label("Name of the dataset", exact=True).last.fill("Called otherwise")
    page.keyboard.press("Enter")
    wait(page)
    page.get_by_role("link", name="Runs").click()
    page.wait_for_url("**/runs*")
    wait(page)
    expect(page.locator(".underway")).to_contain_text("Other.zip")
    shoot(page, "upload-underway")
    expect(page.locator(".underway")).to_contain_text("Has arrived", timeout=60_000)
    page.get_by_role("button", name="Show Other.zip").click()
    page.wait_for_url("**/data*")
    imported(page, wait, bench, "Called otherwise")


@pytest.mark.timeout(120)
def test_a_cancelled_upload_leaves_nothing_behind(open_page, wait, bench, large):
    page = begin(open_page, wait)
    Line(page).mend(4_000_000)
    give(page, large / "Cancelled.zip")
    sent(page, 20)
    page.locator(".upload").get_by_role("button", name="Pause").click()
    expect(page.locator(".upload .figures")).to_contain_text("Paused at")
    page.locator(".upload").get_by_role("button", name="Go on").click()
    sent(page, 30)
    page.locator(".upload").get_by_role("button", name="Cancel").click()
    expect(page.locator(".upload .zone")).to_be_visible()
    page.wait_for_timeout(500)
    assert not [upload for upload in bench.uploads.list() if upload.name == "Cancelled.zip"]


@pytest.mark.timeout(150)
@pytest.mark.fault("A2")
def test_a_killed_server_costs_nothing_that_was_sent(open_page, served, wait, bench, large):
    """kill -9 during the upload; the same page goes on by itself when the server is back."""
    page = begin(open_page, wait)
    line = Line(page)
    give(page, large / "Crash.zip")
    sent(page, 40)
    served.kill()
    expect(page.locator(".upload .figures")).to_contain_text("Connection lost", timeout=20_000)
    (waiting,) = [upload for upload in bench.uploads.list() if upload.name == "Crash.zip"]
    assert 0 < waiting.received < waiting.size
    before = len(line.offsets)
    served.start()
    expect(page.locator(".upload .card")).not_to_contain_text("Connection lost", timeout=30_000)
    imported(page, wait, bench, "Crash")
    assert line.offsets[before:][0] > 0, "what was there is not sent again"


@pytest.mark.timeout(150)
def test_after_a_reload_the_same_file_goes_on_where_it_stopped(open_page, wait, bench, large):
    page = begin(open_page, wait)
    Line(page).mend(6_000_000)
    give(page, large / "Again.zip")
    sent(page, 40)
    page.reload()
    wait(page)
    (waiting,) = [upload for upload in bench.uploads.list() if upload.name == "Again.zip"]
    if not page.locator(".upload").count():
        page.get_by_text("Start another dataset").click()
        wait(page)
    line = Line(page)
    give(page, large / "Again.zip")
    imported(page, wait, bench, "Again")
    assert line.offsets[0] >= waiting.received > 0


@pytest.mark.timeout(90)
def test_a_finished_upload_given_again_need_not_be_sent_again(open_page, wait, bench, tmp_path):
    path = tmp_path / "Broken.zip"
    path.write_bytes(b"PK\x03\x04" + random.Random(2).randbytes(3_000_000))
    page = begin(open_page, wait)
    line = Line(page)
    give(page, path)
    page.get_by_role("heading", name="Nothing was added").wait_for()
    wait(page)
    expect(page.locator(".upload .card.done .name")).to_have_text("Broken.zip")
    page.reload()
    wait(page)
    if not page.locator(".upload").count():
        page.get_by_text("Start another dataset").click()
        wait(page)
    before = len(line.offsets)
    give(page, path)
    page.get_by_role("heading", name="Nothing was added").wait_for()
    wait(page)
    assert len(line.offsets) == before
    page.locator(".upload").get_by_role("button", name="Remove").click()
    expect(page.locator(".upload .zone")).to_be_visible()
    wait(page)
    assert not [upload for upload in bench.uploads.list() if upload.name == "Broken.zip"]


@pytest.fixture
def folder(tmp_path):
    """A folder of loose files: names that need care, an empty file, one that is no picture."""
    top = tmp_path / "Animals é"
    for number in range(8):
        path = top / "bée \N{HONEYBEE}" / f"{'long name ' * 12}{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(5000 + number))
        path = top / "ant" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(picture(6000 + number))
    (top / "ant" / "empty.png").touch()
    (top / "ant" / "notes.txt").write_text("words")
    return top


def check_animals(bench, dataset):
    assert dataset.classes == {"ant": 8, "bée \N{HONEYBEE}": 8}
    assert {skipped.name.rpartition("/")[2] for skipped in dataset.skipped} == {"empty.png", "notes.txt"}
    names = {picture.source_name for picture in bench.datasets.pictures(dataset.id).pictures}
    assert any(name.endswith(f"{'long name ' * 12}3.png") for name in names)


@pytest.mark.timeout(90)
def test_a_chosen_folder_comes_whole(open_page, wait, bench, folder):
    page = begin(open_page, wait)
    page.locator(".upload input.folder").set_input_files(folder)
    check_animals(bench, imported(page, wait, bench, "Animals é"))


@pytest.mark.timeout(90)
def test_a_dropped_folder_comes_whole(open_page, wait, bench, folder):
    target = folder.with_name("Dropped é")
    folder.rename(target)
    page = begin(open_page, wait)
    page.locator(".upload .zone").scroll_into_view_if_needed()
    box = page.locator(".upload .zone").bounding_box()
    session = page.context.new_cdp_session(page)
    data = {"items": [], "files": [str(target)], "dragOperationsMask": 1}
    for kind in ("dragEnter", "dragOver", "drop"):
        place = {"x": box["x"] + 20, "y": box["y"] + 20}
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})
    check_animals(bench, imported(page, wait, bench, "Dropped é"))


@pytest.mark.timeout(90)
def test_several_archives_at_once_are_refused_in_words(open_page, wait, large, shoot):
    page = begin(open_page, wait)
    give(page, [large / "Large.zip", large / "Other.zip"])
    expect(page.locator(".upload .name")).to_have_text("These are several archives.")
    shoot(page, "upload-refused")
    page.get_by_role("button", name="Choose something else").click()
    expect(page.locator(".upload .zone")).to_be_visible()


@pytest.mark.timeout(90)
def test_a_file_that_changes_meanwhile_is_noticed(open_page, wait, bench, tmp_path):
    path = tmp_path / "Changing.zip"
    path.write_bytes(b"PK\x03\x04" + random.Random(1).randbytes(30_000_000))
    page = begin(open_page, wait)
    Line(page).mend(6_000_000)
    give(page, path)
    sent(page, 30)
    with path.open("r+b") as handle:
        handle.write(b"XX")
    expect(page.locator(".upload .name")).to_contain_text("has changed", timeout=20_000)
    for upload in bench.uploads.list():
        if upload.name == "Changing.zip":
            bench.uploads.discard(upload.id)


@pytest.fixture
def choosers():
    """``choosers(page)`` lists the file choosers the page opens from then on.

    They are caught some moments after that was asked for, and until then go to the browser's own dialogue, which nobody
    sees: so one that the page itself opens comes first.
    """

    def caught(page):
        opened = []
        page.on("filechooser", lambda chooser: opened.append(chooser))
        for _ in range(50):
            page.evaluate("Object.assign(document.createElement('input'), { type: 'file' }).click()")
            page.wait_for_timeout(50)
            if opened:
                break
        assert opened
        page.wait_for_timeout(50)
        opened.clear()
        return opened

    return caught


@pytest.mark.timeout(90)
def test_the_zone_is_used_with_the_keyboard_alone(open_page, wait, choosers, large):
    page = begin(open_page, wait, "")
    opened = choosers(page)
    page.locator(".upload button.files").focus()
    page.keyboard.press("Tab")
    with page.expect_event("filechooser"):
        page.keyboard.press("Space")
    page.keyboard.press("Shift+Tab")
    with page.expect_event("filechooser"):
        page.keyboard.press("Enter")
    whole, files = opened
    assert whole.is_multiple()
    assert files.is_multiple()
    assert [chooser.element.evaluate("input => input.webkitdirectory") for chooser in opened] == [True, False]

    # What takes the place of the button that was pressed has the focus.
    Line(page).mend(4_000_000)
    files.set_files(large / "Cancelled.zip")
    button = page.locator(".upload .card button")
    expect(button.first).to_have_text("Pause")
    expect(button.first).to_be_focused()
    page.keyboard.press("Enter")
    expect(button.first).to_have_text("Go on")
    expect(button.first).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(page.locator(".upload button.files")).to_be_focused()


@pytest.mark.timeout(90)
@pytest.mark.parametrize(("width", "scheme"), [(420, "dark"), (1280, "dark")])
def test_the_zone_fits_every_width_and_theme(open_page, shoot, width, scheme):
    page = open_page("", width=width, scheme=scheme)
    page.locator(".upload .zone").wait_for()
    box = page.locator(".upload .zone").bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= width
    shoot(page, f"upload-{scheme}-{width}")
