"""What to try next stands under the result: why, where it comes from, and one button that does it."""

import pytest

from clf_core.config import TrainConfig
from clf_core.results import EvaluationReport, Proposal

TRAIN = Proposal(
    key="preset", title="Train balanced", why="Quick leaves the network as it is.", source="settings",
    config=TrainConfig(preset="balanced"), changes=(("preset", "balanced"),),
)  # fmt: skip
ADD = Proposal(
    key="pictures", title="Add about 20 pictures of '**bold** :red[x]'", why="Recall is low.", source="test", label="x"
)

PAIR = Proposal(key="pair", title="Tell 'x' and 'y' apart", why="They are mixed up.", source="test")
LABELS = Proposal(key="labels", title="Check the labels of 2 pictures", why="It was sure.", source="test")
MERGE = Proposal(key="merge", title="Merge 'x' and 'y'", why="They are taken for each other.", source="test", label="x")


@pytest.fixture
def proposed(studio, monkeypatch):
    """``proposed(proposals)`` opens the page on a result with these proposals; ``first`` stands under the verdict."""

    def opened(*proposals, looks=1, first=None):
        kind = type(studio.bench.evaluation)
        verdict = studio.bench.evaluation.verdict(studio.run.id).model_copy(update={"next_step": first})
        report = studio.bench.evaluation.report(studio.run.id).model_copy(update={"looks": looks})
        monkeypatch.setattr(kind, "proposals", lambda self, ref: proposals)
        monkeypatch.setattr(kind, "report", lambda self, ref: report)
        monkeypatch.setattr(kind, "verdict", lambda self, ref: verdict)
        return studio.open("evaluate", run=studio.run.id)

    return opened


def labels(app):
    return [button.label for button in app.button]


def test_one_click_trains_with_the_changed_settings_and_opens_the_run(proposed, studio, monkeypatch):
    started = []

    def start(self, dataset, config, **more):
        started.append((dataset, config))
        return studio.run

    monkeypatch.setattr(type(studio.bench.runs), "start", start)
    app = proposed(TRAIN)
    next(button for button in app.button if button.label == "Train with this").click().run()
    assert started == [(studio.run.dataset_id, TRAIN.config)]
    assert app.title[0].value.startswith("Done")  # the page of the run


def test_where_pictures_are_needed_it_leads_to_them(proposed):
    app = proposed(ADD)
    assert "Add pictures" in labels(app)
    assert "Train with this" not in labels(app)
    next(button for button in app.button if button.label == "Add pictures").click().run()
    assert not app.exception
    assert next(box for box in app.text_input if box.label == "Class of pictures without a folder").value == "x"


def test_the_most_promising_stands_under_the_verdict_and_not_twice(proposed, helpers):
    words = helpers.texts(proposed(TRAIN, ADD, first=TRAIN))
    assert words.count("Train balanced") == 1
    assert "**Next: Train balanced**" in words
    assert "What else to try" in words


def test_two_classes_to_tell_apart_lead_to_their_cell(proposed, studio, helpers):
    names = list(studio.bench.datasets.get(studio.run.dataset_id).classes)
    app = proposed(PAIR.model_copy(update={"label": names[2], "other": names[0]}))
    next(button for button in app.button if button.label == "See them").click().run()
    assert app.session_state["view"] == "Mix-ups"
    (matrix,) = helpers.parts(app, "matrix")
    assert tuple(matrix["selected"]) == (2, 0)


def test_labels_in_doubt_lead_to_the_mistakes(proposed):
    app = proposed(ADD, LABELS, first=LABELS)
    next(button for button in app.button if button.label == "See them").click().run()
    assert app.session_state["view"] == "Mistakes"


def test_classes_to_merge_are_chosen_on_the_page_of_the_dataset(proposed, studio):
    names = list(studio.bench.datasets.get(studio.run.dataset_id).classes)[:2]
    app = proposed(MERGE.model_copy(update={"label": names[0], "other": names[1]}))
    next(button for button in app.button if button.label == "Merge them").click().run()
    assert app.session_state["data_tab"] == "Classes"
    assert not app.exception
    assert next(box for box in app.multiselect if box.label == "Classes").value == names


def test_names_are_literal_and_the_source_is_told(proposed, helpers):
    words = helpers.texts(proposed(TRAIN, ADD))
    assert ":red[x]" not in words.replace("\u2060", "")
    assert "from its settings" in words
    assert "seen in this test" in words


def test_choosing_by_the_test_is_said_to_flatter(proposed, helpers):
    assert "each look is noted" in helpers.texts(proposed(ADD))
    assert "looked at 7 times already" in helpers.texts(proposed(ADD, looks=7))
    assert "flatters" not in helpers.texts(proposed(TRAIN))


def test_nothing_stands_there_where_nothing_is_proposed(proposed, helpers):
    assert "What to try next" not in helpers.texts(proposed())


def test_asking_for_proposals_is_a_look_at_the_test(studio):
    before = studio.bench.evaluation.report(studio.run.id).looks
    found = studio.bench.evaluation.proposals(studio.run.id)
    assert studio.bench.evaluation.report(studio.run.id).looks >= before
    assert all(isinstance(proposal, Proposal) for proposal in found)
    assert [proposal for proposal in found if proposal.source == "dataset"]  # fourteen pictures of each class
    assert isinstance(studio.bench.evaluation.report(studio.run.id), EvaluationReport)
