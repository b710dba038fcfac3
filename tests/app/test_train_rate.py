"""Finding a learning rate from the form: offered, followed, plotted, taken."""

import pytest

from clf_core.config import TrainConfig
from clf_core.results import ErrorWords, RangeTestReport, RangeTestState, RatePoint
from pages.components.rate_finding import rate_spec

REPORT = RangeTestReport(
    points=tuple(
        RatePoint(rate=10.0**k, loss=loss) for k, loss in zip(range(-6, 1), (2, 2, 1.8, 1, 0.9, 3, 40), strict=True)
    ),
    suggestion=3e-4,
    steepest=1e-3,
    exploded=True,
    reason="The loss falls steadily there.",
)


@pytest.fixture
def tested(studio, monkeypatch):
    """``tested(state, …)`` decides how far the test is that the page starts; the settings asked about are noted."""
    asked, tests = [], type(studio.bench.runs.range_tests)
    known = {"test": RangeTestState(id="t-1", state="running", stage="tune", done=30, total=100)}
    monkeypatch.setattr(tests, "start", lambda self, ref, config: asked.append(config) or known["test"])
    monkeypatch.setattr(tests, "get", lambda self, identifier: known["test"])
    monkeypatch.setattr(tests, "cancel", lambda self, identifier: asked.append("cancel"))

    def make(**fields):
        known["test"] = known["test"].model_copy(update=fields)

    make.asked = asked
    return make


def opened(studio, preset="full"):
    app = studio.open("train", new="1")
    app.session_state["preset"] = preset
    app.session_state["rate_part"] = True
    return app.run()


def button(app, key):
    return next((one for one in app.button if one.key == key), None)


def test_quick_has_no_learning_rate_to_find(studio):
    assert button(opened(studio, "quick"), "rate_find") is None


def test_it_is_followed_and_can_be_cancelled(studio, tested):
    app = opened(studio)
    button(app, "rate_find").click().run()
    assert tested.asked == [TrainConfig(preset="full")]
    assert not app.exception
    button(app, "rate_cancel").click().run()
    assert tested.asked[1:] == ["cancel"]


def test_what_it_found_is_plotted_and_taken_in_one_press(studio, tested, helpers):
    app = opened(studio)
    tested(state="done", report=REPORT)
    button(app, "rate_find").click().run()
    assert "Suggestion: 0.0003." in helpers.texts(app)
    button(app, "rate_use").click().run()
    assert app.number_input(key="config_learning_rate").value == pytest.approx(3e-4)
    assert button(app, "rate_use") is not None, "what was found is about the same settings still"
    app.number_input(key="config_epochs").set_value(3).run()
    assert button(app, "rate_use") is None, "other settings need another test"


def test_one_that_failed_says_why(studio, tested, helpers):
    app = opened(studio)
    tested(state="failed", error=ErrorWords(what="The machine ran out of memory", remedy="Take a smaller batch"))
    button(app, "rate_find").click().run()
    assert "ran out of memory" in helpers.texts(app)
    assert button(app, "rate_find") is not None


def test_an_exploding_loss_does_not_flatten_the_chart():
    spec = rate_spec(REPORT)
    assert spec["yAxis"]["max"] < 5
    assert spec["series"][0]["markLine"]["data"] == [{"xAxis": 3e-4}]
