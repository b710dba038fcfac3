import time

import numpy as np
import pytest

from clf_core.errors import ConfigError, NotFoundError, StateError
from clf_core.evaluation.answers import Answers
from clf_core.evaluation.nearest import FeatureTable, write_features
from clf_core.jobs.insights import folder_of
from clf_core.jobs.unknown_part import Unknown
from clf_core.models.classifier import save_classifier
from clf_core.results.doubt import PairCost
from clf_core.workspace import Workspace
from clf_core.workspace.run_directory import RunDirectory
from tests.pretended_model import pretended_model

CLASSES = ("blue", "red")


def answers(count: int, seed: int) -> Answers:
    """Pictures of which one in ten is answered wrongly, and unsurely."""
    random = np.random.default_rng(seed)
    true = random.integers(0, 2, count)
    margin = np.where(np.arange(count) % 10 == 3, -0.3, random.uniform(1.5, 4, count))
    logits = np.stack([np.zeros(count), np.where(true == 1, margin, -margin)], axis=1).astype(np.float32)
    keys = tuple(f"{number:064x}" for number in range(count))
    return Answers(CLASSES, keys, keys, np.arange(count), true.astype(np.int64), logits)


@pytest.fixture
def run(bench, run_in_state) -> RunDirectory:
    """A finished run with answers to validation and test pictures, and its head."""
    found = Workspace(bench.settings.workspace).runs.find(run_in_state("done"))
    found.write_answers("val", answers(60, 1))
    found.write_answers("test", answers(90, 2))
    save_classifier(found.model_folder, pretended_model(CLASSES).classifier)
    return found


def test_unsure_mistakes_are_left_and_the_rest_is_right(bench, run):
    report = bench.doubt.report(run.record.id)
    assert (report.chosen.val.total, report.chosen.val.answered, report.chosen.val.right) == (60, 54, 54)
    assert (report.test.total, report.test.answered, report.test.right) == (90, 81, 81)
    assert report.alarms is None
    assert report.settings.changes == 0
    judge = bench.doubt.judge(run.record.name)
    assert judge.rule.limit == report.chosen.limit
    assert judge.references is None


def test_a_choice_is_kept_and_can_be_taken_back(bench, run):
    before = bench.doubt.state_of(run.record.id)
    report = bench.doubt.answer(run.record.id, 1.0)
    assert (report.test.answered, report.test.right) == (90, 81)
    assert bench.doubt.state_of(run.record.id) != before
    assert bench.doubt.judge(run.record.id).rule.limit == 1.0
    again = bench.doubt.answer(run.record.id, None)
    assert again.chosen == again.recommended
    assert again.settings.changes == 2
    with pytest.raises(ConfigError, match="cannot answer 0 %"):
        bench.doubt.answer(run.record.id, 0.0)


def test_costs_are_kept_and_decide(bench, run):
    bench.doubt.answer(run.record.id, 1.0)
    report = bench.doubt.set_costs(run.record.id, [PairCost(true="red", said="blue", cost=20.0)])
    assert report.settings.answered == 1.0
    assert report.costs.kinds[0].after < report.costs.kinds[0].before
    assert bench.doubt.judge(run.record.id).rule.costs.pairs == ((1, 0, 20.0),)
    with pytest.raises(ConfigError, match="no class 'green'"):
        bench.doubt.set_costs(run.record.id, [PairCost(true="red", said="green", cost=2.0)])
    with pytest.raises(ConfigError, match="one cost"):
        bench.doubt.set_costs(run.record.id, [PairCost(true="red", said="red", cost=2.0)])
    assert bench.doubt.report(run.record.id).settings == report.settings
    assert bench.doubt.set_costs(run.record.id, []).pair_limits == ()


def test_a_report_is_a_look_at_the_test(bench, run):
    bench.doubt.report(run.record.id)
    assert len((run.path / "looks.log").read_bytes().splitlines()) == 1


def test_a_run_without_such_answers_says_so_and_is_asked_as_before(bench, run_in_state):
    identifier = run_in_state("done")
    with pytest.raises(StateError, match="sure enough"):
        bench.doubt.report(identifier)
    with pytest.raises(StateError, match="sure enough"):
        bench.doubt.answer(identifier, 0.5)
    assert bench.doubt.judge(identifier) is None
    assert bench.doubt.judge("starter") is None
    with pytest.raises(NotFoundError):
        bench.doubt.report("no such run")


def make_unknown(bench, run: RunDirectory) -> list[tuple[int, int]]:
    """Work the part out for a run whose training pictures are of the colours of the test's."""
    random = np.random.default_rng(0)
    features = np.repeat(np.array([[1, 0, 0], [0, 0, 1]], dtype=np.float32), 20, axis=0)
    features += random.uniform(0, 0.02, features.shape).astype(np.float32)
    for split, rows in (("train", features[::2]), ("val", features[1::2])):
        keys = tuple(f"{number:064x}" for number in range(len(rows)))
        write_features(folder_of(run, "features") / f"{split}.npz", FeatureTable(keys, rows))
    told: list[tuple[int, int]] = []
    model = pretended_model(CLASSES)
    Unknown().make(run, Workspace(bench.settings.workspace), model, lambda done, total: told.append((done, total)))
    return told


def test_pictures_of_something_else_are_told_once_that_is_worked_out(bench, run, pets):
    assert not Unknown().done(run)
    told = make_unknown(bench, run)
    assert Unknown().done(run)
    tested = pets_in_test(bench, run)
    assert told[-1] == (tested, tested)
    alarms = bench.doubt.report(run.record.id).alarms
    assert (alarms.val, alarms.val_alarms, alarms.test, alarms.references) == (20, 0, tested, 20)
    judge = bench.doubt.judge(run.record.id)
    features = np.array([[1.01, 0.01, 0.01], [0.5, 1, 0.4]], dtype=np.float32)
    sure = np.array([[0.0, 1.0]] * 2, dtype=np.float32)
    assert [made.verdict for made in judge.judge(features, sure)] == ["answer", "unknown"]
    assert bench.doubt.foreign(run.record.id) == "refused"


def pets_in_test(bench, run: RunDirectory) -> int:
    manifest = Workspace(bench.settings.workspace).datasets.manifest(run.record.dataset_id, run.record.version)
    return len(set(manifest.select("test").sha256))


def test_test_pictures_that_can_no_longer_be_read_do_not_count(bench, run, monkeypatch):
    from clf_core.errors import PictureError
    from clf_core.jobs import unknown_part

    real = unknown_part._Maker._extract

    def refuse(self, keys):
        if len(keys) > 1 or keys[0] in bad:
            raise PictureError("It can no longer be read")
        return real(self, keys)

    manifest = Workspace(bench.settings.workspace).datasets.manifest(run.record.dataset_id, run.record.version)
    bad = manifest.select("test").sha256[:1]
    monkeypatch.setattr(unknown_part._Maker, "_extract", refuse)
    make_unknown(bench, run)
    assert bench.doubt.report(run.record.id).alarms.test == pets_in_test(bench, run) - 1


@pytest.mark.parametrize("file", ["alarms.json", "references.npz"])
def test_a_damaged_part_counts_as_not_worked_out(bench, run, file):
    make_unknown(bench, run)
    time.sleep(0.01)
    (folder_of(run, "unknown") / "references.npz").write_bytes(b"nothing")
    (folder_of(run, "unknown") / file).write_bytes(b"nothing")
    judge = bench.doubt.judge(run.record.id)
    assert judge.references is None
    assert bench.doubt.foreign(run.record.id) == "not yet"
    assert not Unknown().done(run)  # so it is made again
    assert bench.doubt.report(run.record.id).chosen.val.answered == 54
