"""Heatmaps for a test picture and for one's own."""


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
