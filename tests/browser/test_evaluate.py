"""The evaluation page in a real browser: ten thousand test pictures, a cell and its pictures, a label put right."""

import io
import sys
import time
import zipfile
from dataclasses import replace
from statistics import median

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

from clf_core.api import open_workbench
from clf_core.data.manifest import Manifest
from clf_core.evaluation.answers import Answers
from clf_core.settings import Settings
from clf_core.workspace import Workspace
from clf_core.workspace.datasets import Draft
from tests.browser.conftest import Served
from tests.planted_runs import plant_run

pytestmark = [pytest.mark.browser, pytest.mark.timeout(120)]
CLASSES, EACH, SPLITS = 100, 100, ("val", "test")
OPENS_WITHIN, ANSWERS_WITHIN = 2.0, 1.0  # seconds
ORDINARY = 1.2  # seconds the page of runs takes to open at most, where nothing else is at work


def tiny_pictures(classes):
    """A zip with one small picture of each class, no two alike."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for kind in range(classes):
            patches = np.random.default_rng(kind).integers(0, 255, (6, 6, 3)).astype(np.uint8)
            picture = io.BytesIO()
            Image.fromarray(patches).resize((48, 48), Image.Resampling.NEAREST).save(picture, format="PNG")
            archive.writestr(f"kind {kind:03d}/0.png", picture.getvalue())
    return buffer


def answers_for(rows, classes, seed):
    """What a network might say: right in about six of seven, else mostly one of the two classes beside it."""
    random = np.random.default_rng(seed)
    true = rows.label_index
    said = np.where(random.random(len(true)) < 0.85, true, (true + random.choice([1, 2, 7], len(true))) % len(classes))
    logits = random.normal(0, 1, (len(true), len(classes))).astype(np.float32)
    logits[np.arange(len(true)), said] += random.uniform(2, 9, len(true)).astype(np.float32)
    groups = np.arange(len(true), dtype=np.int64)
    return Answers(classes, tuple(rows.sha256), tuple(rows.source_name), groups, true, logits)


@pytest.fixture(scope="module")
def large(make_workspace):
    """A workspace with a run tested with 10,000 pictures of 100 classes, and the run's report.

    Planted: training one takes minutes, and nothing here asks the network. The pictures are a hundred files, each
    under a hundred names.
    """
    folder = make_workspace()
    bench = open_workbench(Settings(workspace=folder))
    dataset = bench.imports.files([("kinds.zip", tiny_pictures(CLASSES))], "A hundred kinds").dataset_id
    workspace = Workspace(folder)
    version = workspace.datasets.change(dataset, enlarged, "test")
    manifest = workspace.datasets.manifest(dataset, version)
    val, test = (answers_for(manifest.select(split), manifest.classes, seed) for seed, split in enumerate(SPLITS))
    run = plant_run(bench, bench.datasets.get(dataset), test, "Large")
    workspace.runs.find(run).write_answers("val", val)
    return folder, run, bench.evaluation.report(run)


def enlarged(manifest, _summary):
    """The next version of a dataset: each of its pictures many times for tests, and some for validation."""
    learned = [replace(row, split="train") for row in manifest.rows()]
    more = [
        replace(row, split=split, source_name=f"{row.label}/{split}-{number}.png", id=-1)
        for row in learned
        for split, times in (("val", 10), ("test", EACH))
        for number in range(times)
    ]
    return Draft(manifest=Manifest.from_rows([*learned, *more]), what="Enlarged for a test")


@pytest.fixture(scope="module")
def served(large):
    """Its server; a planted run has no network, so it must not lie where other tests look for one."""
    server = Served(large[0])
    server.start()
    yield server
    server.kill()


def words_of(cell):
    """What stands beside the matrix once that cell is chosen, and how many pictures it holds."""
    number, _, what = cell.get_attribute("aria-label").partition(" of ")
    rest = what.split(" ", 1)[1].replace(" recognised as ", " recognised").split(" recognised")
    noun = "picture" if number == "1" else "pictures"
    words = f"{number} {noun} of {rest[0]}" + (" recognised" if len(rest) > 1 else "")
    return words, int(number)


def seconds_to_open(page, address, shown):
    """How long a page takes, from its address to all that is to be shown."""
    page.goto("about:blank")
    start = time.perf_counter()
    page.goto(address)
    for part in shown:
        page.locator(part).first.wait_for()
    return time.perf_counter() - start


def test_ten_thousand_test_pictures_open_and_answer_at_once(open_page, served, large, wait, capsys):
    _, run, report = large
    assert report.n == CLASSES * EACH
    page = open_page("runs")  # the browser has loaded what every page needs
    shown = [".verdict .said", ".matrix td button", ".gallery .tile"]
    opened, ordinary = [], []
    for _ in range(3):  # the first is that of a server that has just been started
        ordinary.append(seconds_to_open(page, f"{served.address}/runs", [".runboard .run"]))
        opened.append(seconds_to_open(page, f"{served.address}/evaluate?run={run}", shown))
    answered = []
    wait(page)
    for place in (0, 17, 34):  # three classes of the part shown, each recognised in more than sixty pictures
        cell = page.locator(".matrix td button").nth(place)
        words, number = words_of(cell)
        start = time.perf_counter()
        cell.click()
        page.get_by_text(words, exact=True).wait_for()
        expect(page.locator(".gallery .tile")).to_have_count(min(60, number))
        answered.append(time.perf_counter() - start)
        wait(page)
    with capsys.disabled():
        sys.stdout.write(
            f"\n10,000 test pictures, 100 classes: opens in {', '.join(f'{s:.2f}' for s in opened)} s, "
            f"a cell answers in {', '.join(f'{s:.2f}' for s in answered)} s; "
            f"beside them, the page of runs opens in {max(ordinary):.2f} s\n"
        )
    busy = max(1.0, max(ordinary) / ORDINARY)  # beside other tests everything takes longer
    assert opened[0] < OPENS_WITHIN * busy
    assert median(opened) < OPENS_WITHIN * busy
    assert median(answered) < ANSWERS_WITHIN * busy


def test_a_class_among_many_is_looked_up_and_shares_add_up(open_page, large, wait):
    _, run, report = large
    page = open_page(f"evaluate?run={run}")
    page.get_by_text("By row", exact=True).click()
    search = page.get_by_role("combobox", name="Look up any of the 100 classes")
    search.fill("042")
    page.get_by_role("option", name="kind 042", exact=True).click()
    page.locator('.matrix th.row[title="kind 042"]').wait_for()
    wait(page)
    row = page.locator(".matrix tbody tr", has=page.locator('th[title="kind 042"]'))
    shares = [text for text in row.locator("td").all_inner_texts() if text not in ("·", "")]
    place = report.classes.index("kind 042")
    counts = report.confusion_matrix[place]
    assert max(int(share) for share in shares if share.isdigit()) == round(100 * max(counts) / sum(counts))
    assert len(page.locator(".matrix tbody tr").all()) < 40
    row.locator("td.hit button").click()
    told = page.locator(".matrix [role=status]")
    expect(told).to_contain_text(f"{counts[place]} of {sum(counts)} kind 042 recognised")


def test_a_wrong_label_is_put_right_from_a_cell(open_page, served, large, wait, shoot):
    """A cell, its picture, another class, a new version of the dataset; and back again."""
    run = large[1]
    bench = open_workbench(Settings(workspace=served.workspace))
    dataset = bench.runs.get(run).dataset_id
    before = bench.datasets.get(dataset).version
    page = open_page(f"evaluate?run={run}")
    page.locator(".gallery .tile").first.click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Give this class").wait_for()
    wait(page)
    shoot(page, "13-label-error")
    dialog.get_by_role("button", name="Give this class").click()
    page.get_by_role("button", name="Undo").wait_for()
    wait(page)
    assert bench.datasets.get(dataset).version == before + 1
    page.get_by_text(f"which is at version {before + 1} now").wait_for()
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Returned to version")).to_be_visible()


def test_every_figure_of_the_verdict_opens_to_what_it_means(open_page, large, wait):
    page = open_page(f"evaluate?run={large[1]}")
    page.locator(".verdict .facts details").first.wait_for()
    figures = page.locator(".verdict details")
    assert figures.count() >= 6
    for figure in figures.all():
        sentence = figure.locator("p")
        assert not sentence.is_visible()
        figure.locator("summary").press("Enter")
        assert sentence.is_visible()
        assert sentence.inner_text().endswith(".")
    weakest = page.locator(".verdict .weak .name").first
    weakest.click()
    wait(page)
    row = page.locator(".matrix tbody tr", has=page.locator('button[aria-pressed="true"]'))
    expect(row.locator("th")).to_have_text(weakest.inner_text())
