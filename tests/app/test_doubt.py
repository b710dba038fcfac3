"""When a classifier answers: the tab 'Not sure', and what Predict says then."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from clf_core.api.insights import RunInsights
from clf_core.evaluation.answers import Answers, read_answers, write_answers
from clf_core.evaluation.unknown import References, alarm_report, write_references
from clf_core.files import write_json
from clf_core.results import Prediction
from clf_core.results.doubt import AlarmReport, PairCost
from clf_core.results.insights import Insight, Insights
from pages.components.doubt import alarm_words
from pages.components.foreign import settled_words, waiting_words
from pages.components.said import explanation, headline, one_of
from pages.components.workbench import workbench


def tab() -> None:
    """The tab alone."""
    from pages.components.doubt import show_doubt
    from pages.components.workbench import workbench

    bench = workbench()
    show_doubt(bench, bench.runs.list()[0])


@pytest.fixture
def doubtful(studio: Any) -> Iterator[Any]:
    """The studio, whose run is wrong on one picture in ten, and unsure of these."""
    folder = studio.bench.settings.workspace / "runs" / studio.run.id
    paths = [folder / "answers" / f"{split}.npz" for split in ("val", "test")]
    kept = [path.read_bytes() for path in paths]
    classes = read_answers(paths[0]).classes
    for path, count in zip(paths, (60, 90), strict=True):
        write_answers(path, planted(classes, count))
    yield studio
    for path, data in zip(paths, kept, strict=True):
        path.write_bytes(data)
    (folder / "doubt.json").unlink(missing_ok=True)


def planted(classes: tuple[str, ...], count: int) -> Answers:
    random = np.random.default_rng(count)
    true = np.arange(count) % 3
    said = np.where(np.arange(count) % 10 == 3, (true + 1) % 3, true)
    margin = np.where(said == true, random.uniform(4, 9, count), 0.5)
    logits = (np.eye(3)[said] * margin[:, None]).astype(np.float32)
    keys = tuple(f"{number:064x}" for number in range(count))
    return Answers(classes, keys, keys, np.arange(count), true.astype(np.int64), logits)


def opened() -> AppTest:
    app = AppTest.from_function(tab, default_timeout=60)
    app.run()
    assert not app.exception, app.exception
    return app


def test_what_it_answers_is_said_first(doubtful, helpers):
    app = opened()
    shown = helpers.texts(app)
    assert "Answers 90 % of pictures and is right on 100 % of those." in shown
    assert "Of 90 test pictures it answered 81" in shown
    assert "54 answered, 54 of them rightly" in shown
    assert "being worked out in the background" in shown
    assert "expect about **0 mistakes** (0 to 41) and **100 left to you**" in shown
    assert not [button for button in app.button if button.proto.type == "primary"]


def test_moving_the_slider_shows_validation_pictures_only_and_a_button_puts_it_to_use(doubtful, helpers):
    app = opened()
    use = next(button for button in app.button if button.label == "Put to use")
    assert use.disabled
    app.select_slider[0].set_value(60).run()
    shown = helpers.texts(app)
    assert "60 answered, 54 of them rightly" in shown
    assert "Of 90 test pictures it answered 81" in shown  # still of the point in use
    next(button for button in app.button if button.label == "Put to use").click().run()
    assert "Of 90 test pictures it answered 90" in helpers.texts(app)
    assert doubtful.bench.doubt.judge(doubtful.run.id).rule.limit == 1.0
    next(button for button in app.button if button.label.startswith("Back to the recommended 90 %")).click().run()
    assert "Of 90 test pictures it answered 81" in helpers.texts(app)


def test_a_mistake_that_hurts_more_is_named_and_taken_back(doubtful, helpers):
    app = opened()
    app.number_input[0].set_value(8.0)
    next(button for button in app.button if button.label == "Say so").click().run()
    assert not app.exception
    (pair,) = doubtful.bench.doubt.report(doubtful.run.id).settings.costs
    assert (pair.true, pair.said, pair.cost) == (*sorted(helpers.HOSTILE)[:2], 8.0)
    assert "counts as **8 mistakes**" in helpers.texts(app)
    assert "only from 89 % on" in helpers.texts(app)
    app.selectbox[1].set_value(pair.true).run()
    assert next(button for button in app.button if button.label == "Say so").disabled
    next(button for button in app.button if button.label == "Remove").click().run()
    assert "counts as" not in helpers.texts(app)


def test_a_run_that_kept_no_answers_says_what_to_do(doubtful, helpers):
    for path in (doubtful.bench.settings.workspace / "runs" / doubtful.run.id / "answers").iterdir():
        path.rename(path.with_suffix(".gone"))
    app = opened()
    assert "Train again" in helpers.texts(app)
    for path in (doubtful.bench.settings.workspace / "runs" / doubtful.run.id / "answers").iterdir():
        path.rename(path.with_suffix(".npz"))


def test_predict_names_the_classes_an_unsure_picture_may_be(doubtful, helpers):
    doubtful.bench.doubt.set_costs(
        doubtful.run.id, [PairCost(true=helpers.HOSTILE[2], said=name, cost=900) for name in helpers.HOSTILE[:2]]
    )
    app = doubtful.open("predict", model=doubtful.run.id)
    app.file_uploader(key="predict_files").upload("new.png", helpers.picture(1, 99)).run()
    (answer,) = helpers.parts(app, "answer")
    assert answer["label"].startswith("Not sure: ")
    assert " or " in answer["label"]
    assert "mistake would cost too much" in answer["sure"]
    # What was answered before is asked again once the settings change.
    doubtful.bench.doubt.set_costs(doubtful.run.id, [])
    app.run()
    assert helpers.parts(app, "answer")[0]["label"] == helpers.HOSTILE[1]


@pytest.fixture
def knows_little(doubtful) -> Iterator[Any]:
    """The studio, whose run takes every picture for something else."""
    folder: Path = doubtful.bench.settings.workspace / "runs" / doubtful.run.id / "insights" / "unknown"
    spec = doubtful.bench.prediction._models.get(doubtful.run.id).classifier.spec
    learned = References.of(np.random.default_rng(0).normal(size=(9, spec.feature_dim)).astype(np.float32))
    write_references(folder / "references.npz", learned)
    report = alarm_report(learned, np.full(20, 1e-6), np.full(30, 1e-6))
    write_json(folder / "alarms.json", report.model_dump(mode="json"))
    yield doubtful
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()


def test_opening_predict_has_it_worked_out_what_tells_something_else(doubtful, monkeypatch, helpers):
    started: list[str] = []

    def under_way(self: RunInsights, run_ref: str, **_: Any) -> Insights:
        features = Insight(name="features", title="Features of pictures", state="running", done=3, total=9)
        return Insights(parts=(features, Insight(name="unknown", title="Else", state="waiting")), running=True)

    def start(self: RunInsights, run_ref: str, **options: Any) -> Insights:
        started.append(run_ref)
        return under_way(self, run_ref)

    monkeypatch.setattr(RunInsights, "start", start)
    monkeypatch.setattr(RunInsights, "state", under_way)
    monkeypatch.setenv("CLF_BACKGROUND", "on")
    workbench.cache_clear()
    app = doubtful.open("predict", model=doubtful.run.id)
    shown = helpers.texts(app)
    assert started == [doubtful.run.id]
    assert "Pictures of something else cannot be told yet" in shown
    assert "Features of pictures, 3 of 9" in shown
    app = doubtful.open("predict", model="starter")
    assert "whatever it is shown" in helpers.texts(app)
    assert len(started) == 1


def test_where_pages_start_nothing_predict_offers_to(doubtful, monkeypatch, helpers):
    pressed: list[bool] = []
    monkeypatch.setattr(RunInsights, "start", lambda self, run, *, again=False: pressed.append(again))
    app = doubtful.open("predict", model=doubtful.run.id)
    next(button for button in app.button if button.label == "Work it out").click().run()
    assert pressed == [True]
    assert "cannot be told yet" in helpers.texts(app)


def test_words_for_work_that_failed_or_goes_on_with_other_things():
    failed = Insight(name="unknown", title="Else", state="failed", note="No *pictures*.")
    other = Insight(name="gallery", title="Heatmaps", state="running")
    told = waiting_words(Insights(parts=(failed, other), running=True))
    assert "No \\*pictures\\*" in told
    assert "Heatmaps" not in told


def test_words_for_what_becomes_of_something_else():
    assert "is not known beforehand" in settled_words("refused")
    assert "too few validation pictures" in settled_words("too few")
    assert "Train again" in settled_words("never")


def test_predict_gives_no_class_and_no_bars_to_a_picture_of_something_else(knows_little, helpers):
    app = knows_little.open("predict", model=knows_little.run.id)
    app.file_uploader(key="predict_files").upload("new.png", helpers.picture(1, 99)).run()
    (answer,) = helpers.parts(app, "answer")
    assert answer["label"] == "Looks like none of these"
    assert answer["rows"] == []
    assert helpers.HOSTILE[1] in answer["sure"]
    assert "gets no class" in helpers.texts(app)
    assert not helpers.parts(app, "lens")  # there is no class to show the evidence for
    app = knows_little.open("predict", model=knows_little.run.id)
    zone = app.file_uploader(key="predict_files")
    zone.upload("more.png", helpers.picture(0, 98)).upload("new.png", helpers.picture(1, 99))
    app.run()
    table = app.dataframe[0].value
    assert list(table["Answer"]) == ["None of these"] * len(table)
    assert "like none of its classes" in helpers.texts(app)


def said(**changes: object) -> Prediction:
    known = {"name": "a.png", "label": "bee", "probability": 0.5, "top": (), "milliseconds": 1.0, "judged": True}
    return Prediction.model_validate({**known, **changes})


def test_words_for_every_verdict():
    assert headline(said()) == "bee"
    unsure = said(verdict="unsure", candidates=("bee", "ant"), answers_from=0.7)
    assert headline(unsure) == "Not sure: bee or ant"
    assert explanation(unsure, "run") == "At most 50 % for one class; this classifier answers from 70 % on."
    assert explanation(said(), "run").startswith("Fairly sure: 50 %")
    assert explanation(said(judged=False), "starter") == "Not sure: 50 % among 1,000 everyday things"
    careful = said(label="ant", probability=0.4, top=({"name": "bee", "probability": 0.6},))
    assert "bee is likelier, but wrongly saying that costs more" in explanation(careful, "run")
    assert one_of(("bee", "ant", "wasp")) == "bee, ant or wasp"
    assert len(one_of(("x" * 200, "y" * 200))) < 60


def test_words_for_alarms():
    known = {"distance": 0.5, "promised": 0.05, "val": 40, "val_alarms": 2, "test": 0, "test_alarms": 0}
    report = AlarmReport(**known, references=100)
    assert "2 of 40 validation pictures, chosen to be at most 5 %." in alarm_words(report)
    tested = report.model_copy(update={"test": 50, "test_alarms": 3, "test_low": 0.02, "test_high": 0.16})
    assert "**3 of 50 test pictures**, 6.0 % (2–16 %)" in alarm_words(tested)
    assert "nothing to tell by" in alarm_words(report.model_copy(update={"distance": None, "val": 4}))
