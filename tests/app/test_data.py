"""The data page: its sentence, grade, findings, gallery, classes, splits, history and export, in every state."""

import io
import zipfile
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from streamlit.testing.v1 import AppTest

from clf_core.api.health import Health
from pages.components import labelling
from pages.components.exporting import file_name


@pytest.fixture(autouse=True)
def no_slow_checks(monkeypatch):
    """Opening a dataset starts a process that loads a network; what it finds has tests of its own."""
    monkeypatch.setattr(Health, "start_slow", lambda self, ref: None)


def button(app: AppTest, label: str):
    return next(found for found in app.button if found.label == label)


def press(app: AppTest, label: str) -> AppTest:
    button(app, label).click().run()
    assert not app.exception
    return app


def show(app: AppTest, tab: str) -> AppTest:
    app.session_state["data_next_tab"] = tab
    app.run()
    assert not app.exception
    return app


@pytest.fixture
def insects(empty, helpers):
    """A workspace with one dataset: 8 ants, 8 bees, and two bees much longer than wide."""
    long = {f"bee/long{number}.png": stripe(number) for number in range(2)}
    data = helpers.archive(("ant", "bee"), each=8, extra=long)
    report = empty.bench.imports.files([("insects.zip", io.BytesIO(data))], "Insects")
    return SimpleNamespace(studio=empty, bench=empty.bench, id=report.dataset_id)


def stripe(seed: int) -> bytes:
    buffer = io.BytesIO()
    pixels = np.random.default_rng(seed).integers(0, 255, (40, 400, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(buffer, format="PNG")
    return buffer.getvalue()


class Browser:
    """Stands for the web part of the gallery: keeps what it was given, and answers what a test puts in."""

    def __init__(self) -> None:
        self.given: list[dict] = []
        self.answer: dict = {}

    def __call__(self, data, *, key, turn):
        self.given.append(data)
        answer, self.answer = self.answer, {}
        return SimpleNamespace(**{"marks": None, "save": None, "open": None, **answer})


@pytest.fixture
def browser(monkeypatch):
    part = Browser()
    monkeypatch.setattr(labelling, "labeller", part)
    return part


# --- what the page says ------------------------------------------------------------------------------------------


def test_the_sentence_names_counts_and_time(insects, helpers):
    app = insects.studio.open("data")
    assert app.title[0].value == "18 pictures in 2 classes, ready to train"
    words = helpers.texts(app)
    assert "8 ant, 10 bee" in words
    assert "of training on this machine" in words
    assert "kept for the final check" in words
    assert button(app, "Train").proto.type == "primary"
    assert not button(app, "Train").disabled


def test_with_one_class_left_train_says_why_it_cannot_be_pressed(insects):
    bees = [picture.id for picture in insects.bench.datasets.pictures(insects.id, label="bee").pictures]
    insects.bench.editing.exclude(insects.id, bees)
    app = insects.studio.open("data")
    assert app.title[0].value == "8 pictures in 1 class, not ready yet"
    assert button(app, "Train").disabled
    assert "second class" in button(app, "Train").help
    assert "second class" in app.warning[0].value


def test_with_everything_left_out_the_pictures_can_be_had_back(insects, helpers, browser):
    everything = [picture.id for picture in insects.bench.datasets.pictures(insects.id).pictures]
    insects.bench.editing.exclude(insects.id, everything)
    app = insects.studio.open("data")
    assert app.title[0].value == "No pictures in use"
    for tab in ("Classes", "Splits", "History", "Pictures"):
        show(app, tab)
        assert not app.error
    assert "Every picture is left out" in helpers.texts(app)
    press(app, "Show those left out")
    assert len(browser.given[-1]["items"]) == 18


def test_one_picture_is_a_page_too(insects, browser):
    rest = [picture.id for picture in insects.bench.datasets.pictures(insects.id).pictures][1:]
    insects.bench.editing.exclude(insects.id, rest)
    app = insects.studio.open("data")
    assert app.title[0].value.startswith("1 picture in 1 class")
    for tab in ("Findings", "Classes", "Splits", "History", "Pictures"):
        show(app, tab)
        assert not app.error
    assert len(browser.given[-1]["items"]) == 1


def test_the_grade_tells_its_reasons(insects, helpers):
    app = insects.studio.open("data")
    report = insects.bench.health.report(insects.id)
    assert any(f"Grade {report.grade}" in popover.proto.popover.label for popover in app.get("popover"))
    assert "Why this grade" in helpers.texts(app)


# --- findings ----------------------------------------------------------------------------------------------------


def test_skipped_files_are_listed_with_their_reason(studio):
    app = studio.open("data")
    app.session_state["skipped"] = True
    app.run()
    row = app.dataframe[0].value.iloc[0]
    assert row["File"].endswith("broken.png")
    assert row["Reason"]


def test_a_finding_is_mended_with_one_press_and_undone_with_another(insects, helpers):
    app = insects.studio.open("data")
    app.button(key="fix_odd-shape").click().run()
    assert insects.bench.datasets.get(insects.id).excluded == 2
    assert "version 2" in helpers.texts(app)
    assert not [found for found in app.button if found.key == "fix_odd-shape"]
    press(app, "Undo")
    assert insects.bench.datasets.get(insects.id).excluded == 0
    assert app.button(key="fix_odd-shape")
    press(app, "Close")
    assert "version 3" not in helpers.texts(app)


def test_the_pictures_of_a_finding_are_shown_in_the_gallery(insects, browser):
    app = insects.studio.open("data")
    app.button(key="all_odd-shape").click().run()
    assert {item["name"] for item in browser.given[-1]["items"]} == {"long0.png", "long1.png"}
    insects.bench.health.fix(insects.id, "odd-shape")
    app.run()  # the finding is gone, and the filter with it
    assert len(browser.given[-1]["items"]) == 16


def test_slow_checks_start_by_themselves_and_a_failed_one_can_be_repeated(insects, monkeypatch, helpers):
    started = []
    report = insects.bench.health.report(insects.id)
    now = {"report": report.model_copy(update={"slow_checks": "waiting"})}
    monkeypatch.setattr(Health, "start_slow", lambda self, ref: started.append(ref))
    monkeypatch.setattr(Health, "report", lambda self, ref, version=None: now["report"])
    app = insects.studio.open("data")
    assert started == [insects.id]
    now["report"] = report.model_copy(update={"slow_checks": "running", "slow_done": 9, "slow_total": 18})
    app.run()
    assert started == [insects.id]
    assert "9 of 18 pictures" in app.get("progress")[0].proto.text
    now["report"] = report.model_copy(update={"slow_checks": "failed", "slow_note": "No *room* on the disk."})
    app.run()
    assert "No \\*room\\* on the disk" in helpers.texts(app)
    press(app, "Try again")
    assert started == [insects.id] * 2


# --- the gallery -------------------------------------------------------------------------------------------------


def test_counts_and_gallery_show_literal_names(studio, helpers):
    app = studio.open("data")
    (balance,) = helpers.parts(app, "balance")
    assert {row["name"] for row in balance["rows"]} == set(helpers.HOSTILE)
    show(app, "Pictures")
    (gallery,) = helpers.parts(app, "labeller")
    assert len(gallery["items"]) == 42
    assert {shown for _, shown in gallery["classes"]} == set(helpers.HOSTILE)
    assert all(item["src"].startswith("/thumb/") and item["name"] for item in gallery["items"])


def test_the_gallery_can_be_filtered_searched_and_ordered(studio, helpers, browser):
    app = show(studio.open("data"), "Pictures")
    app.selectbox(key="gallery_label").set_value(helpers.HOSTILE[1]).run()
    assert {item["label"] for item in browser.given[-1]["items"]} == {helpers.HOSTILE[1]}
    app.text_input(key="gallery_text").set_value("13.PNG").run()
    assert [item["name"] for item in browser.given[-1]["items"]] == ["13.png"]
    app.text_input(key="gallery_text").set_value("nothing of that name").run()
    assert "No pictures match" in helpers.texts(app)
    press(app, "Clear the filters")
    app.selectbox(key="gallery_order").set_value("name").run()
    names = [item["name"] for item in browser.given[-1]["items"]]
    assert len(names) == 42
    show(app, "Classes")
    show(app, "Pictures")
    assert app.selectbox(key="gallery_order").value == "name", "filters stay while another part is open"


def test_marks_become_one_version_when_saved(insects, browser, helpers):
    app = show(insects.studio.open("data"), "Pictures")
    first, second, third = browser.given[-1]["items"][:3]
    epoch = browser.given[-1]["epoch"]
    marks = [
        {"id": first["id"], "label": "wasp"},
        {"id": second["id"], "excluded": "Left out by hand"},
        {"id": "no number"},
        {"id": third["id"], "split": "nowhere"},
        "nonsense",
    ]
    browser.answer = {"marks": {"epoch": epoch, "marks": marks[:2]}}
    app.run()
    assert insects.bench.datasets.get(insects.id).version == 1, "marks alone change nothing"
    show(app, "History")
    show(app, "Pictures")
    assert [mark["id"] for mark in browser.given[-1]["marks"]] == [first["id"], second["id"]], "marks are kept"
    app.session_state["who"] = "Ada"
    browser.answer = {"save": {"epoch": epoch, "marks": marks}}
    app.run()
    newest, before = insects.bench.editing.versions(insects.id)
    assert (newest.version, newest.who, before.version) == (2, "Ada", 1)
    dataset = insects.bench.datasets.get(insects.id)
    assert (dataset.classes["wasp"], dataset.excluded) == (1, 1)
    assert browser.given[-1]["marks"] == []
    browser.answer = {"save": {"epoch": epoch, "marks": marks}}
    app.run()
    assert insects.bench.datasets.get(insects.id).version == 2, "what was saved is not saved again"


def test_the_locked_test_split_asks_before_it_changes(insects, browser):
    app = show(insects.studio.open("data"), "Pictures")
    moved = next(item for item in browser.given[-1]["items"] if item["split"] == "train")
    save = {"epoch": browser.given[-1]["epoch"], "marks": [{"id": moved["id"], "split": "test"}]}
    browser.answer = {"save": save}
    app.run()
    assert insects.bench.datasets.get(insects.id).version == 1
    assert app.warning
    press(app, "Go on editing")
    assert not app.warning
    assert len(browser.given[-1]["marks"]) == 1
    browser.answer = {"save": save}
    app.run()
    press(app, "Move them all the same")
    assert insects.bench.datasets.chosen(insects.id, [moved["id"]])[moved["id"]].split == "test"


def test_a_picture_is_opened_with_what_is_known_of_it(insects, browser, helpers):
    app = show(insects.studio.open("data"), "Pictures")
    long = next(item for item in browser.given[-1]["items"] if item["name"] == "long0.png")
    browser.answer = {"open": long["id"]}
    app.run()
    words = helpers.texts(app)
    assert "400 × 40 pixels" in words
    assert "long0" in words
    browser.answer = {"open": long["id"]}  # a dialog reruns alone in a browser, here with the whole page
    app.button(key="closer_out").click().run()
    assert insects.bench.datasets.chosen(insects.id, [long["id"]])[long["id"]].excluded == "Left out by hand"


# --- classes -----------------------------------------------------------------------------------------------------


def test_a_class_is_renamed_where_its_name_stands(insects, helpers):
    app = show(insects.studio.open("data"), "Classes")
    field = next(found for found in app.text_input if found.value == "ant")
    field.set_value("*ant* :smile:").run()
    assert set(insects.bench.datasets.get(insects.id).classes) == {"*ant* :smile:", "bee"}
    assert not app.exception
    press(app, "Undo")
    assert set(insects.bench.datasets.get(insects.id).classes) == {"ant", "bee"}


def test_a_name_that_is_taken_means_to_merge_and_asks(insects):
    app = show(insects.studio.open("data"), "Classes")
    next(found for found in app.text_input if found.value == "ant").set_value("bee").run()
    assert insects.bench.datasets.get(insects.id).version == 1
    press(app, "Merge them")
    assert insects.bench.datasets.get(insects.id).classes == {"bee": 18}


def test_classes_are_merged_under_a_new_name(insects):
    app = show(insects.studio.open("data"), "Classes")
    assert button(app, "Merge").disabled
    app.multiselect(key="merge_names_1").set_value(["ant", "bee"]).run()
    app.selectbox(key="merge_into_1").set_value("bee").run()
    press(app, "Merge 2 classes")
    assert insects.bench.datasets.get(insects.id).classes == {"bee": 18}


def test_a_class_of_one_picture_is_told(insects, helpers):
    one = insects.bench.datasets.pictures(insects.id, split="train").pictures[0]
    insects.bench.editing.relabel(insects.id, [one.id], "wasp")
    app = show(insects.studio.open("data"), "Classes")
    assert "Only one picture" in helpers.texts(app)


def test_a_thousand_classes_are_paged_and_searched(empty, helpers):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number in range(1000):
            archive.writestr(f"class {number:04d}/p.png", helpers.picture(number % 3, number, side=16))
    dataset = empty.bench.imports.files([("many.zip", buffer)], "Many")
    app = show(empty.open("data"), "Classes")
    named = [found for found in app.text_input if found.value.startswith("class ")]
    assert 0 < len(named) <= 12
    app.text_input(key="class_search").set_value("0777").run()
    assert [found.value for found in app.text_input if found.value.startswith("class ")] == ["class 0777"]
    for tab in ("Findings", "Pictures", "Splits", "History"):
        show(app, tab)
        assert not app.error
    assert empty.bench.datasets.get(dataset.dataset_id).version == 1


# --- splits, history, export -------------------------------------------------------------------------------------


def test_pictures_are_divided_anew_with_groups_previewed(insects, helpers):
    app = show(insects.studio.open("data"), "Splits")
    fields = {found.label: found for found in app.text_input}
    fields["Groups by file name"].set_value("two {group} and {group}").run()
    assert button(app, "Divide anew").disabled
    next(found for found in app.text_input if found.label == "Groups by file name").set_value("long{group}").run()
    assert "2 groups of 2 pictures" in helpers.texts(app)
    next(found for found in app.number_input if found.label == "Seed").set_value(7).run()
    press(app, "Divide anew")
    config = insects.bench.datasets.get(insects.id).split_config
    assert (config.seed, config.group_pattern) == (7, "long{group}")


def test_shares_must_leave_something_to_choose_settings_with(insects, helpers):
    app = show(insects.studio.open("data"), "Splits")
    app.slider[0].set_value((70, 70)).run()
    assert "move the handles apart" in helpers.texts(app)
    assert button(app, "Divide anew").disabled
    app.slider[0].set_value((70, 85)).run()
    assert "**15 %** to choose settings" in helpers.texts(app)


def test_versions_are_listed_compared_and_returned_to(insects, helpers):
    first = insects.bench.datasets.pictures(insects.id).pictures[0]
    insects.bench.editing.relabel(insects.id, [first.id], "wasp", who="*Ada*")
    app = show(insects.studio.open("data"), "History")
    assert "\\*Ada\\*" in helpers.texts(app)
    app.button(key="changed_2").click().run()
    assert "1 picture** with another class" in helpers.texts(app)
    app.text_input(key="who").set_value("Grace").run()
    app.button(key="return_1").click().run()
    newest = insects.bench.editing.versions(insects.id)[0]
    assert (newest.version, newest.who) == (3, "Grace")
    assert set(insects.bench.datasets.get(insects.id).classes) == {"ant", "bee"}


def test_an_export_is_written_beside_the_data_and_offered_once(insects):
    app = press(insects.studio.open("data"), "Export")
    button(app, "Export").click()  # a dialog reruns alone in a browser, here with the whole page
    press(app, "Write the file")
    (link,) = app.get("link_button")
    assert "/export/" in link.proto.url
    (written,) = (insects.bench.settings.workspace / "exports").iterdir()
    with zipfile.ZipFile(written) as archive:
        assert sum(name.endswith(".png") for name in archive.namelist()) == 18


def test_names_of_exported_files_are_safe_everywhere():
    assert file_name("../../etc/passwd\r\nX: y", 3) == "etc passwd X y version 3.zip"
    assert file_name("***", 1) == "dataset version 1.zip"
    assert file_name("Käfer und 蜂", 2) == "Käfer und 蜂 version 2.zip"


def test_a_dataset_is_renamed(insects):
    app = insects.studio.open("data")
    next(found for found in app.text_input if found.label == "Name of the dataset").set_value("Six legs").run()
    app.button(key="rename").click().run()
    assert insects.bench.datasets.get(insects.id).name == "Six legs"


def test_pictures_are_added_through_the_same_ways_in(insects, helpers):
    app = press(insects.studio.open("data"), "Add pictures")
    assert any("Add pictures to" in header.value for header in app.header)
    assert not app.exception
    app.button(key="close_adding").click().run()
    assert not any("Add pictures to" in header.value for header in app.header)
