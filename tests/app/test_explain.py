"""Heatmaps of test pictures and of one's own, why this class and not that, and what is worked out beside the page."""

import time

import pytest

from clf_core.api.prediction import Predictions
from clf_core.errors import HeatmapError
from clf_core.explanation import evidence
from clf_core.jobs.feature_part import Features
from clf_core.jobs.gallery_part import Gallery
from clf_core.jobs.insight_worker import InsightWorker
from clf_core.jobs.insights import InsightJobs
from clf_core.prediction.loaded_model import LoadedModel
from clf_core.workspace import Workspace
from pages.components.escaping import plain


@pytest.fixture(scope="module")
def worked_out(trained):
    """The features and the gallery of the finished run: the one by a process of its own, the other here."""
    run = Workspace(trained.bench.settings.workspace).runs.find(trained.run.id)
    jobs = InsightJobs((Features(),))
    jobs.start(run)
    deadline = time.monotonic() + 60
    while jobs.state(run).running:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert [part.state for part in jobs.state(run).parts] == ["done"], jobs.state(run)
    assert InsightWorker(run, [Gallery()]).work() == 0
    return trained


@pytest.fixture
def a_picture(studio):
    """The address of a page that explains a test picture."""
    picture = studio.bench.datasets.pictures(studio.run.dataset_id, split="test", limit=1).pictures[0]
    return {"run": studio.run.id, "picture": picture.sha256}


def test_test_pictures_are_offered(studio, helpers):
    (offered,) = helpers.parts(studio.open("explain"), "gallery")
    assert offered["items"]
    assert offered["action"] == "Explain"


def test_a_picture_in_the_address_is_explained_for_any_class(studio, helpers):
    picture = studio.bench.datasets.pictures(studio.run.dataset_id, split="test", limit=1).pictures[0]
    app = studio.open("explain", run=studio.run.id, picture=picture.sha256)
    (lens,), (answer,) = helpers.parts(app, "lens"), helpers.parts(app, "answer")
    assert answer["label"] in helpers.HOSTILE
    right = answer["label"] == picture.label
    assert answer["sure"].endswith(", and right" if right else f", but it is {picture.label}")
    chips = next(group for group in app.pills if group.label == "Show the evidence for")
    other = next(name for name in helpers.HOSTILE if name != answer["label"])
    chips.set_value(other).run()
    (changed,) = helpers.parts(app, "lens")
    assert other in changed["alt"]
    assert changed["picture"] == lens["picture"]


def test_an_unknown_picture_leads_back_to_the_choice(studio, helpers):
    app = studio.open("explain", run=studio.run.id, picture="0" * 64)
    assert helpers.parts(app, "gallery")
    assert not app.error


def test_the_layer_is_named_under_advanced(studio, helpers):
    picture = studio.bench.datasets.pictures(studio.run.dataset_id, split="test", limit=1).pictures[0]
    app = studio.open("explain", run=studio.run.id, picture=picture.sha256)
    assert "layer" in helpers.texts(app)


def test_without_a_run_the_starter_model_is_explained(empty):
    app = empty.open("explain")
    assert app.file_uploader
    assert "starter" in app.markdown[-1].value.lower()


def test_every_class_can_be_asked_about_not_only_the_likely_ones(empty, helpers):
    app = empty.open("explain")
    app.file_uploader(key="explain_file").upload("a.png", helpers.picture(0, 1, side=200)).run()
    likely = [row["name"] for row in helpers.parts(app, "answer")[0]["rows"]]
    choice = next(box for box in app.selectbox if "other classes" in box.label)
    assert len(choice.options) == 1000 - len(likely)
    other = next(label for label in choice.options if label not in likely)
    choice.set_value(other).run()
    assert other in helpers.parts(app, "lens")[0]["alt"]
    assert f"**{other}** has" in helpers.texts(app)
    chips = next(group for group in app.pills if group.label == "Show the evidence for")
    assert chips.value is None
    chips.set_value(likely[1]).run()
    assert likely[1] in helpers.parts(app, "lens")[0]["alt"]


def test_a_run_without_test_pictures_asks_for_ones_own(untested, helpers):
    app = untested.open("explain", run=untested.run.id)
    assert "no test pictures" in helpers.texts(app)
    assert not app.warning
    app.file_uploader(key="explain_file").upload("mine.png", helpers.picture(0, 9)).run()
    assert helpers.parts(app, "lens")


def test_what_each_layer_sees_is_shown_once_asked_for(studio, helpers):
    picture = studio.bench.datasets.pictures(studio.run.dataset_id, split="test", limit=1).pictures[0]
    app = studio.open("explain", run=studio.run.id, picture=picture.sha256)
    assert not helpers.parts(app, "maps")
    app.session_state["layers_part"] = True
    app.run()
    filters, maps = helpers.parts(app, "maps")
    assert len(filters["items"]) == 32  # lite0's first convolution
    assert all(item["pixels"] and item["src"].startswith("data:image/png") for item in filters["items"])
    assert [item["caption"] for item in maps["items"]][:2] == ["picture", ""]
    choice = next(box for box in app.selectbox if box.label == "Layer")
    assert choice.options[0].startswith("First convolution, 32 filters")
    choice.set_value("blocks.4").run()
    deeper = helpers.parts(app, "maps")[1]
    assert len(deeper["items"]) == 1 + 64
    assert deeper["items"][1]["src"] != maps["items"][1]["src"]
    assert "64 of 112 maps of 14 × 14" in helpers.texts(app)


def test_picture_and_heatmap_are_shown_one_over_the_other_or_side_by_side(studio, helpers, a_picture):
    app = studio.open("explain", **a_picture)
    assert helpers.parts(app, "lens")
    view = next(group for group in app.segmented_control if group.label == "Heatmap")
    view.set_value("Side by side").run()
    assert not helpers.parts(app, "lens")
    beside = helpers.parts(app, "panes")[0]["items"]
    assert beside[0]["title"] == "What the model saw"
    assert beside[0]["src"] != beside[1]["src"]


def test_why_this_and_not_that_sets_any_two_classes_side_by_side(studio, helpers, a_picture):
    app = studio.open("explain", **a_picture)
    top = [row["name"] for row in helpers.parts(app, "answer")[0]["rows"]]
    (contrast,) = helpers.parts(app, "panes")
    first, second, apart = contrast["items"]
    assert (first["title"], second["title"]) == (f"Evidence for {top[0]}", f"Evidence for {top[1]}")
    ends = [apart["legend"][end] for end in ("low", "high")]
    assert ends == [f"for {plain(top[1], 30)}", f"for {plain(top[0], 30)}"]
    choice = next(box for box in app.selectbox if box.label == "and not")
    choice.set_value(top[2]).run()
    changed = helpers.parts(app, "panes")[0]["items"]
    assert changed[1]["title"] == f"Evidence for {top[2]}"
    assert changed[2]["src"] != apart["src"]
    choice = next(box for box in app.selectbox if box.label == "and not")
    choice.set_value(top[0]).run()
    assert "two different classes" in helpers.texts(app)


def test_how_far_to_trust_the_heatmap_is_worked_out_once_asked_for(studio, helpers, a_picture):
    app = studio.open("explain", **a_picture)
    assert not app.dataframe
    app.session_state["trust_part"] = True
    app.run()
    tables = [list(table.value.columns) for table in app.dataframe]
    assert ["Covered", "Brightest first", "Darkest first"] in tables
    assert "Random weights" in helpers.texts(app)


def test_method_layer_and_smoothing_are_chosen_under_advanced(studio, helpers, a_picture):
    app = studio.open("explain", **a_picture)
    usual = helpers.parts(app, "lens")[0]["heatmap"]
    seen = {usual}
    for label, value in (("Layer it is read from", 1), ("Method", "eigencam"), ("Smoothing", "augment")):
        box = next(box for box in app.selectbox if box.label == label)
        chosen = box.set_value(value) if isinstance(value, str) else box.select_index(value)
        chosen.run()
        assert not app.exception
        assert not app.warning
        seen.add(helpers.parts(app, "lens")[0]["heatmap"])
    assert len(seen) == 4  # each of them changed the map
    assert "stand out to the network, whichever the class" in helpers.texts(app)
    assert "same map for every class" in helpers.texts(app)  # which leaves the comparison with Grad-CAM
    box = next(box for box in app.selectbox if box.label == "Smoothing")
    assert len(box.options) == 2  # Eigen-CAM has no main pattern to be reduced to


@pytest.fixture
def without_heatmaps(monkeypatch):
    """Networks that keep no places apart, such as one that flattens the picture first."""

    def refuse(model):
        raise HeatmapError("A heatmap cannot be made for this network", why="It is <flat>", remedy="Train another")

    monkeypatch.setattr(LoadedModel, "heatmaps", property(refuse))


def test_without_a_heatmap_the_answer_and_the_nearest_pictures_are_there_all_the_same(
    worked_out, studio, helpers, a_picture, without_heatmaps
):
    app = studio.open("explain", **a_picture)
    assert not app.exception
    assert not app.warning
    assert not helpers.parts(app, "lens")
    (message,) = app.info
    assert message.value.startswith("A heatmap cannot be made for this network. It is \\<flat\\>. Train another.")
    assert helpers.parts(app, "answer")[0]["rows"]
    assert "Training pictures like this" in [part["label"] for part in helpers.parts(app, "gallery")]
    assert not [box for box in app.selectbox if box.label in ("Method", "Why", "and not")]


def test_a_method_that_cannot_read_a_layer_can_be_changed_again(studio, helpers, a_picture, monkeypatch):
    monkeypatch.setattr(evidence, "_MOST_PLACES_OF_KERNEL", 0)
    app = studio.open("explain", **a_picture)
    for method, lenses in (("kpcacam", 0), ("gradcam", 1)):
        next(box for box in app.selectbox if box.label == "Method").set_value(method).run()
        assert len(helpers.parts(app, "lens")) == lenses
        assert ("KPCA\\-CAM cannot read" in "".join(info.value for info in app.info)) == (not lenses)
        assert helpers.parts(app, "answer")


def test_several_pictures_without_heatmaps(studio, helpers, without_heatmaps):
    app = studio.open("explain")
    next(group for group in app.segmented_control if group.label == "Which picture").set_value(
        "Several of your own"
    ).run()
    app.file_uploader(key="explain_files").upload("a.png", helpers.picture(0, 98)).run()
    (many,) = helpers.parts(app, "panes")
    assert many["items"][0]["title"].startswith(helpers.HOSTILE[0])
    assert [info.value.startswith("A heatmap cannot be made") for info in app.info] == [True]


def test_several_pictures_at_once(studio, helpers):
    app = studio.open("explain")
    next(group for group in app.segmented_control if group.label == "Which picture").set_value(
        "Several of your own"
    ).run()
    zone = app.file_uploader(key="explain_files")
    zone.upload("a.png", helpers.picture(0, 98)).upload("b.png", helpers.picture(2, 97)).upload("c.png", b"no picture")
    app.run()
    (many,) = helpers.parts(app, "panes")
    assert [item["title"].rpartition(",")[0] for item in many["items"]] == [helpers.HOSTILE[0], helpers.HOSTILE[2]]
    assert "c\\.png" in helpers.texts(app)
    next(box for box in app.selectbox if box.label == "Method").set_value("layercam").run()
    other = helpers.parts(app, "panes")[0]["items"]
    assert [item["src"] for item in other] != [item["src"] for item in many["items"]]
    box = next(box for box in app.selectbox if box.label == "Show the evidence for")
    box.set_value(helpers.HOSTILE[1]).run()
    assert all(
        helpers.HOSTILE[1] in item["note"] or "nothing speaks" in item["note"]
        for item in helpers.parts(app, "panes")[0]["items"]
    )


def test_what_is_not_worked_out_yet_says_so_and_can_be_asked_for(untested, helpers):
    app = untested.open("explain", run=untested.run.id)
    assert "not worked out yet" in helpers.texts(app)
    assert [button.label for button in app.button if button.label == "Work out the rest"]


def test_the_nearest_training_pictures_and_what_they_say(worked_out, studio, helpers, a_picture):
    app = studio.open("explain", **a_picture)
    nearest = studio.bench.insights.nearest(studio.run.id, studio.bench.datasets.picture_bytes(a_picture["picture"]))
    shown = next(part for part in helpers.parts(app, "gallery") if part["label"] == "Training pictures like this")
    assert [item["id"] for item in shown["items"]] == [neighbour.sha256 for neighbour in nearest.neighbours]
    assert [neighbour.label for neighbour in nearest.neighbours].count(nearest.answer) == nearest.agreeing >= 5
    assert "because of pictures like these: of the training pictures most like this one" in helpers.texts(app)
    sure = [neighbour.similarity for neighbour in nearest.neighbours]
    assert sure == sorted(sure, reverse=True)
    assert {rival.label for rival in nearest.rivals} == {nearest.rival}
    assert not nearest.learned_from
    learned = studio.bench.insights.nearest(
        studio.run.id, studio.bench.datasets.picture_bytes(nearest.neighbours[0].sha256), count=3
    )
    assert learned.learned_from
    assert learned.neighbours[0].sha256 == nearest.neighbours[0].sha256
    assert learned.neighbours[0].similarity == pytest.approx(1, abs=0.02)


def test_a_picture_of_something_else_is_given_no_class_here_either(worked_out, helpers, studio, a_picture, monkeypatch):
    def none_of_these(self, model, name, data, _predict=Predictions.predict):
        return _predict(self, model, name, data).model_copy(update={"verdict": "unknown"})

    monkeypatch.setattr(Predictions, "predict", none_of_these)
    app = studio.open("explain", **a_picture)
    (answer,) = helpers.parts(app, "answer")
    assert (answer["label"], answer["rows"]) == ("Looks like none of these", [])
    assert "None of the training pictures is much like this one" in helpers.texts(app)
    assert helpers.parts(app, "lens")  # why, should it have to be one of them


def test_the_gallery_shows_pictures_of_each_class_under_their_heatmaps(worked_out, studio, helpers):
    app = studio.open("explain")
    (first,) = helpers.parts(app, "heatmaps")
    gallery = studio.bench.insights.gallery(studio.run.id)
    box = next(box for box in app.selectbox if box.label == "Pictures")
    name = next(name for name in helpers.HOSTILE if f"class {name}" != box.value)
    box.set_value(f"class {name}").run()
    (other,) = helpers.parts(app, "heatmaps")
    wanted = [picture for picture in gallery.pictures if picture.true == name]
    assert [item["id"] for item in other["items"]] == [picture.sha256 for picture in wanted]
    assert other["items"] != first["items"]
    assert all(item["picture"].startswith(f"/drawn/{studio.run.id}/gallery/") for item in other["items"])
    data = studio.bench.insights.picture(studio.run.id, "gallery", wanted[0].said_heat)
    assert data[8:12] == b"WEBP"
