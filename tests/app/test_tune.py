"""Looking for better settings: the form, a search in each of its states, and what one can do in each."""

import time

import pytest

from clf_core.config import SearchConfig, TrainConfig
from clf_core.results import ErrorWords, SearchForecast, SearchProgress, SearchSummary, Trial
from pages.components.search_charts import history_chart, importance_chart, parallel_chart
from pages.components.search_form import KINDS, forecast_words
from pages.components.search_view import trial_rows
from pages.components.search_words import DRAWN, SEARCHED, value_words


def as_one(value):
    return value if isinstance(value, str) else value[0]


def button(app, label):
    return next(button for button in app.button if button.label == label)


def labels(app):
    return [button.label for button in app.button]


def trial(number, accuracy, state="done", **drawn):
    low, high = (None, None) if accuracy is None else (max(0.0, accuracy - 0.1), min(1.0, accuracy + 0.1))
    return Trial(
        number=number,
        state=state,
        drawn=drawn or {"fit": "pad", "backbone": "<b>net</b>"},
        accuracy=accuracy,
        accuracy_low=low,
        accuracy_high=high,
        loss=None if accuracy is None else 1 - accuracy,
        seconds=3.0,
        began=0.0,
        reason="It *broke*." if state == "failed" else "",
    )


TRIALS = (
    trial(0, 0.8, fit="crop", preset="quick"),
    trial(1, 0.9, fit="pad", preset="balanced", learning_rate=3e-4),
    trial(2, 0.5, state="pruned", fit="pad", preset="balanced", learning_rate=1e-2),
    trial(3, None, state="failed", fit="squeeze", preset="quick"),
    trial(4, None, state="running", fit="squeeze", preset="balanced", learning_rate=1e-3),
)


@pytest.fixture
def search_in(studio, monkeypatch):
    """``search_in(state)`` opens the page on a search in that state."""

    def opened(state, trials=TRIALS, **more):
        shown = trials if state in ("starting", "running") else tuple(one for one in trials if one.state != "running")
        ended = sum(one.state != "running" for one in shown)
        search = SearchSummary(
            id="s-00000000000000000001", name="My **search**", dataset=studio.run.dataset,
            dataset_id=studio.run.dataset_id, version=1, state=state, created=0.0, seconds=90.0, trials=ended,
            accuracy=0.9, resumable=state != "done", **more,
        )  # fmt: skip
        best = 1 if any(one.number == 1 for one in shown) else None
        progress = SearchProgress(
            search=search, trials=shown, best=best, importances=(("preset", 0.7), ("fit", 0.3)) if best else (),
            validation_pictures=40, share=0.4, eta_seconds=120.0,
        )  # fmt: skip
        kind = type(studio.bench.searches)
        monkeypatch.setattr(kind, "get", lambda self, ref: search)
        monkeypatch.setattr(kind, "list", lambda self: (search,))
        monkeypatch.setattr(kind, "progress", lambda self, ref: progress)
        monkeypatch.setattr(kind, "winner", lambda self, ref: studio.run if search.winner_run else None)
        return studio.open("tune", search=search.id)

    return opened


def test_what_will_happen_is_said_before_it_does(studio, helpers):
    app = studio.open("tune", new="1")
    words = helpers.texts(app)
    assert "sets of settings" in words
    assert "tested once" in words
    assert "validation picture" in words
    assert "never shown" in words
    assert button(app, "Start searching").proto.type == "primary"
    assert not app.exception


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_of_search_can_be_started_as_it_is_offered(studio, monkeypatch, kind):
    started = []

    def start(self, dataset, config, *, name=None, priority=0):
        started.append(config)
        raise RuntimeError("enough")

    monkeypatch.setattr(type(studio.bench.searches), "start", start)
    monkeypatch.setattr(type(studio.bench.searches), "problems", lambda self, ref, config=None: ())
    app = studio.open("tune", new="1")
    app.radio(key="search_kind").set_value(kind).run()
    button(app, "Start searching").click().run()
    assert started[0].settings == KINDS[kind].settings
    assert started[0].base.preset == KINDS[kind].base
    assert started[0].minutes == KINDS[kind].minutes


def test_advanced_fields_are_explained_and_a_contradiction_blocks_the_start(studio):
    app = studio.open("tune", new="1")
    app.session_state["search_advanced"] = True
    app.run()
    helps = {widget.help for kind in ("number_input", "toggle", "selectbox") for widget in app.get(kind)}
    for name in ("slots", "pruning", "judge", "seed"):
        assert SearchConfig.model_fields[name].description in helps
    app.session_state[f"search_settings_{KINDS['quick'].title}"] = ["learning_rate"]
    app.run()
    assert button(app, "Start searching").disabled
    assert "What to try" in app.warning[0].value


def test_the_settings_of_a_run_can_be_begun_from(studio, monkeypatch):
    configs = []
    monkeypatch.setattr(
        type(studio.bench.searches),
        "forecast",
        lambda self, ref, config: configs.append(config) or SearchForecast(trials=1, seconds=1.0, at_once=1),
    )
    own = TrainConfig(fit="squeeze")
    monkeypatch.setattr(type(studio.bench.runs), "config", lambda self, ref: own)
    studio.open("tune", **{"new": "1", "from": studio.run.id})
    assert configs[-1].base == own


def test_without_pictures_there_is_a_way_to_begin(empty):
    app = empty.open("tune")
    assert app.title[0].value == "Nothing to tune yet"
    assert "Use it" in labels(app)


def test_without_validation_pictures_it_says_why_and_what_to_do(studio, monkeypatch):
    problem = ("There are no validation pictures to compare settings on.",)
    monkeypatch.setattr(type(studio.bench.searches), "problems", lambda self, ref, config=None: problem)
    app = studio.open("tune", new="1")
    assert button(app, "Start searching").disabled
    assert "no validation pictures" in app.warning[0].value


def test_a_running_search_shows_the_best_so_far_and_can_be_stopped(search_in, helpers):
    app = search_in("running")
    assert app.title[0].value == "Best so far: 90.0 % of the validation pictures right"
    assert button(app, "Stop and train the best").proto.type == "primary"
    assert "Cancel" in labels(app)
    assert len(app.get("plotly_chart")) == 3
    assert len(app.dataframe[0].value) == 5
    assert "80–100 %" in helpers.texts(app)


def test_a_search_that_waits_says_its_place_and_can_be_put_first_or_cancelled(search_in, helpers, studio, monkeypatch):
    kind, called = type(studio.bench.searches), []
    monkeypatch.setattr(kind, "move", lambda self, ref, place: called.append(place))
    monkeypatch.setattr(kind, "cancel", lambda self, ref: called.append("cancel"))
    app = search_in("queued", trials=(), place=3)
    assert "waits for its turn" in app.title[0].value
    assert "Number 3 in line; 2 are to begin before it." in helpers.texts(app)
    assert "Stop and train the best" not in labels(app)
    button(app, "Put it first").click().run()
    button(search_in("queued", trials=(), place=1), "Cancel").click().run()
    assert called == [1, "cancel"]


def test_before_the_first_result_there_is_nothing_to_stop_for(search_in):
    app = search_in("starting", trials=())
    assert "Looking for good settings" in app.title[0].value
    assert button(app, "Stop and train the best").disabled
    assert not app.get("plotly_chart")


def test_a_done_search_names_the_winner_and_its_one_test(search_in, studio, helpers):
    app = search_in("done", winner_run=studio.run.id)
    words = helpers.texts(app)
    assert app.title[0].value.startswith("Best of 4 sets of settings")
    assert "tested once" in words
    assert "looks a little better than it is" in words
    assert button(app, "See how good it is").proto.type == "primary"


def test_a_winner_that_is_still_being_trained_is_led_to(search_in, studio, monkeypatch):
    monkeypatch.setattr(studio, "run", studio.run.model_copy(update={"state": "running", "metrics": {}}))
    app = search_in("done", winner_run=studio.run.id)
    assert button(app, "Watch its training").proto.type == "primary"


@pytest.mark.parametrize(
    ("state", "words"), [("cancelled", "was stopped"), ("interrupted", "was interrupted"), ("failed", "failed")]
)
def test_every_other_ending_is_told_and_can_be_gone_on_from(search_in, helpers, state, words):
    error = ErrorWords(what="The disk is full", remedy="Free some space", kind="storage") if state == "failed" else None
    app = search_in(state, error=error)
    assert words in app.title[0].value
    assert r"\*\*search\*\*" in app.title[0].value
    assert button(app, "Resume").proto.type == "primary"
    assert {"Train the best", "New search"} <= set(labels(app))
    assert ("The disk is full" in helpers.texts(app)) == (state == "failed")


def test_resume_and_cancel_and_train_the_best_do_what_they_say(search_in, studio, monkeypatch):
    called = []
    kind = type(studio.bench.searches)
    monkeypatch.setattr(kind, "resume", lambda self, ref, **more: called.append("resume"))
    monkeypatch.setattr(kind, "cancel", lambda self, ref: called.append("cancel"))
    monkeypatch.setattr(kind, "stop", lambda self, ref: called.append("stop"))
    monkeypatch.setattr(kind, "trial_config", lambda self, ref, number: TrainConfig(fit="pad"))

    def start(self, dataset, config, **more):
        called.append(config.fit)
        return studio.run

    monkeypatch.setattr(type(studio.bench.runs), "start", start)
    button(search_in("running"), "Cancel").click().run()
    button(search_in("running"), "Stop and train the best").click().run()
    button(search_in("cancelled"), "Resume").click().run()
    button(search_in("cancelled"), "Train the best").click().run()
    assert called == ["cancel", "stop", "resume", "pad"]


def test_an_unknown_search_in_the_address_is_told_and_the_form_shown(studio):
    app = studio.open("tune", search="s-unknown", new="1")
    assert len(app.warning) == 1
    assert "Start searching" in labels(app)


def test_a_real_search_is_started_once_by_a_double_click_watched_and_cancelled(studio):
    tabs = [studio.open("tune", new="1") for _ in range(2)]
    for tab in tabs:
        button(tab, "Start searching").click().run()
    search = as_one(tabs[0].query_params["search"])
    assert search == as_one(tabs[1].query_params["search"])
    assert [found.id for found in studio.bench.searches.list()] == [search]
    deadline = time.monotonic() + 60
    while not studio.bench.searches.progress(search).trials and time.monotonic() < deadline:
        time.sleep(0.1)
    assert studio.bench.searches.cancel(search).state == "cancelled"
    assert "was stopped" in studio.open("tune", search=search).title[0].value
    assert [found.id for found in studio.bench.searches.list()] == [search]


def test_tables_and_charts_hold_every_trial_and_show_names_literally():
    trials = (*TRIALS, trial(5, 0.7))
    rows = trial_rows(trials)
    assert [row["Trial"] for row in rows] == [6, 5, 4, 3, 2, 1]
    assert rows[2]["How it ended"] == "It *broke*."
    assert rows[0]["Network"] == "<b>net</b>"
    assert rows[0]["Learning rate"] == "–"
    history = history_chart(trials)
    assert list(history["data"][0]["y"]) == [0.8, 0.9, 0.5, 0.7]
    assert history["data"][1]["y"] == [0.8, 0.9, 0.9, 0.9]
    assert "<b>" not in history["data"][0]["text"][-1].replace("<br>", "")


def test_the_parallel_chart_has_a_line_for_each_finished_trial_and_an_axis_for_each_setting_that_differs():
    figure = parallel_chart(TRIALS, ())
    axes = figure["data"][0]["dimensions"]
    assert [axis["label"] for axis in axes] == ["Way to train", "Learning rate", "Shape", "Right"]
    assert all(len(axis["values"]) == 2 for axis in axes)
    for axis in axes[:-1]:
        assert all(axis["range"][0] <= value <= axis["range"][1] for value in axis["values"])
        assert len(axis["tickvals"]) == len(axis["ticktext"])
    assert parallel_chart(TRIALS[:1], ()) is None


def test_the_most_important_setting_stands_on_top():
    figure = importance_chart((("preset", 0.7), ("fit", 0.3)))
    assert figure["data"][0]["y"][-1] == "Way to train"


def test_every_setting_has_words():
    from clf_core.config import SEARCHED_SETTINGS

    assert set(SEARCHED) == set(SEARCHED_SETTINGS)
    assert {"preset", "backbone", "augment", "views", "input_size", "fit", "learning_rate"} <= set(DRAWN)
    assert value_words("learning_rate", 3.2e-4) == "3.2e-4"
    assert value_words("preset", "scratch") == "From scratch"
    assert value_words("input_size", 224) == "224 px"


def test_the_forecast_is_a_sentence():
    config = SearchConfig(minutes=5)
    words = forecast_words(SearchForecast(trials=12, seconds=299.0, at_once=2), config)
    assert words.startswith("About 12 sets of settings in 5 minutes, 2 at a time. Then the best")
    once = SearchConfig(trials=1, train_winner=False)
    assert forecast_words(SearchForecast(trials=1, seconds=3, at_once=1), once) == (
        "About 1 set of settings in 3 seconds, one at a time."
    )
