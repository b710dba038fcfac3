"""The page about a dataset: import, report, counts, gallery."""


def test_skipped_files_are_listed_with_their_reason(studio):
    app = studio.open("data")
    assert app.expander[0].label == "1 file could not be used"
    row = app.dataframe[0].value.iloc[0]
    assert row["File"].endswith("broken.png")
    assert row["Reason"]


def test_counts_and_gallery_show_literal_names(studio, helpers):
    app = studio.open("data")
    (balance,) = helpers.parts(app, "balance")
    assert {row["name"] for row in balance["rows"]} == set(helpers.HOSTILE)
    (gallery,) = helpers.parts(app, "gallery")
    assert len(gallery["items"]) == 42
    assert all(item["src"].startswith("/thumb/") and item["alt"] for item in gallery["items"])


def test_the_gallery_can_be_filtered(studio, helpers):
    app = studio.open("data")
    next(box for box in app.selectbox if box.label == "Class").set_value(helpers.HOSTILE[1]).run()
    (gallery,) = helpers.parts(app, "gallery")
    assert {item["title"] for item in gallery["items"]} == {helpers.HOSTILE[1]}
