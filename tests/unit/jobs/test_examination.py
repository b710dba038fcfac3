"""The last thing a run does: answers, temperature, report; the test split comes last and changes nothing."""

from types import SimpleNamespace

import numpy as np
import pytest

from clf_core.config import Preprocessing, TrainConfig
from clf_core.data.manifest import Manifest, ManifestRow
from clf_core.jobs import process
from clf_core.jobs.examination import Examination
from clf_core.models.classifier import Classifier, ClassifierSpec, load_classifier
from clf_core.training.callbacks import SilentCallbacks
from clf_core.workspace import Workspace
from clf_core.workspace.datasets import Draft

SPLITS = {"train": 20, "val": 40, "test": 30}


def _rows(splits):
    kinds = [split for split, count in splits.items() for _ in range(count)]
    for number, split in enumerate(kinds):
        sha256 = f"{number:064x}"
        yield ManifestRow(sha256, 10, 8, 8, "ab"[number % 2], split, f"group {number // 4}", f"{number}.png")


def _add(workspace, splits=SPLITS, name="Pets"):
    draft = Draft(what="Made", manifest=Manifest.from_rows(list(_rows(splits))))
    return workspace.datasets.add(name, draft, "me")


@pytest.fixture
def workspace(tmp_path):
    return Workspace(tmp_path)


@pytest.fixture
def asked(monkeypatch):
    """What the network was asked, in order; its logits are those of ``logits_of``."""
    keys = []

    class Predictor:
        def __init__(self, *_):
            pass

        def logits(self, sha256, _read, progress):
            keys.extend(sha256)
            progress(len(sha256))
            return logits_of(sha256)

    monkeypatch.setattr("clf_core.prediction.predictor.Predictor", Predictor)
    return keys


def logits_of(sha256, seed=0):
    """Twice too sure, and right three times in four."""
    rows = []
    for key in sha256:
        random = np.random.default_rng([int(key, 16), seed])
        label = int(key, 16) % 2 if random.random() < 0.75 else 1 - int(key, 16) % 2
        rows.append([4.0 * (label == 0) + random.normal(), 4.0 * (label == 1)])
    return np.array(rows, dtype=np.float32).reshape(len(rows), 2)


class Told(SilentCallbacks):
    def __init__(self):
        self.stages, self.done, self.messages = [], [], []

    def stage(self, stage, total):
        self.stages.append((stage, total))

    def progress(self, done):
        self.done.append(done)

    def message(self, text):
        self.messages.append(text)


@pytest.fixture
def examine(workspace):
    """``examine(dataset, held_out=..., manifest=..., config=...)`` returns the run, the report and what was told."""

    def hold(dataset, held_out=None, manifest=None, config=None):
        run = workspace.runs.create(dataset, config or TrainConfig(), None, process.current())
        manifest = manifest or workspace.datasets.manifest(dataset.id, 1)
        spec = ClassifierSpec(
            backbone="none",
            weights_sha256="0" * 64,
            feature_dim=3,
            preprocessing=Preprocessing(input_size=16, resize_size=16, mean=(0.5,) * 3, std=(0.5,) * 3),
            classes=("a", "b"),
        )
        classifier = Classifier(spec, np.ones((2, 3), np.float32), np.zeros(2, np.float32))
        trained = SimpleNamespace(
            classifier=classifier, runtime=None, result=SimpleNamespace(held_out=held_out, classifier=classifier)
        )
        told = Told()
        return run, Examination(run, workspace, manifest, trained, told).hold(), told

    return hold


def test_the_answers_the_temperature_and_the_report_belong_together(workspace, examine, asked):
    run, report, told = examine(_add(workspace))
    val, test = run.answers("val"), run.answers("test")
    assert (len(val), len(test)) == (40, 30)
    assert asked == [*val.sha256, *test.sha256]
    assert told.stages == [("test", 70)]
    assert told.done == [40, 70]
    np.testing.assert_array_equal(test.logits, logits_of(test.sha256))
    assert len(np.unique(test.groups)) == 8
    temperature = load_classifier(run.model_folder).spec.temperature
    assert temperature > 1.5
    calibration = report.calibration
    assert (calibration.temperature, calibration.fitted_on) == (temperature, 40)
    assert (report.nll, report.ece) == (calibration.after.nll, calibration.after.ece)
    assert calibration.after.nll < calibration.before.nll
    probabilities = test.probabilities(temperature)
    assert [picture.probability for picture in run.tested()] == pytest.approx(probabilities.max(axis=1).tolist())
    assert run.evaluation() == report
    assert report.correct == int((test.predicted == test.true_index).sum())


@pytest.mark.fault("D3")
def test_scrambled_test_pictures_leave_the_temperature_as_it_is(workspace, examine, asked, monkeypatch):
    dataset = _add(workspace)
    run, report, _ = examine(dataset)
    manifest = workspace.datasets.manifest(dataset.id, 1)
    tested = set(manifest.select("test").sha256)
    labels = [
        "ba"["ab".index(label)] if key in tested else label
        for key, label in zip(manifest.column("sha256"), manifest.column("label"), strict=True)
    ]
    scrambled = {key: row * 3 for key, row in zip(tested, logits_of(tested), strict=True)}
    monkeypatch.setitem(
        globals(),
        "logits_of",
        lambda keys, known=logits_of: np.stack([scrambled.get(key, known([key])[0]) for key in keys]),
    )
    other, changed, _ = examine(dataset, manifest=manifest.replaced(label=labels))
    assert changed.accuracy != report.accuracy
    assert changed.calibration.before.nll != report.calibration.before.nll
    assert changed.calibration.temperature == report.calibration.temperature
    models = [(ref.model_folder / "model.json").read_bytes() for ref in (run, other)]
    assert models[0] == models[1]


def test_what_was_said_before_it_learned_from_them_is_not_asked_again(workspace, examine, asked):
    held_out = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    run, _, told = examine(_add(workspace), held_out)
    np.testing.assert_array_equal(run.answers("val").logits, held_out)
    assert asked == list(run.answers("test").sha256)
    assert told.stages == [("test", 30)]


def test_what_an_earlier_version_noted_nothing_of_is_not_made_up(workspace, examine, asked):
    run, report, _ = examine(_add(workspace), np.zeros((0, 0), np.float32))
    assert run.answers("val") is None
    assert (report.calibration.temperature, report.calibration.fitted_on) == (1.0, 0)
    assert report.calibration.before == report.calibration.after


def test_few_validation_pictures_are_kept_but_not_fitted_on(workspace, examine, asked):
    run, report, _ = examine(_add(workspace, {"train": 4, "val": 6, "test": 4}))
    assert len(run.answers("val")) == 6
    assert (report.calibration.temperature, report.calibration.fitted_on) == (1.0, 0)


def test_without_test_pictures_the_temperature_is_fitted_all_the_same(workspace, examine, asked):
    run, report, told = examine(_add(workspace, {"train": 4, "val": 40}))
    assert report is None
    assert run.evaluation() is None
    assert load_classifier(run.model_folder).spec.temperature > 1.5
    assert "no test pictures" in told.messages[0]
    assert told.stages == [("test", 40)]


def test_pictures_an_earlier_run_taught_the_network_are_no_evidence(workspace, examine, asked):
    first = _add(workspace, {"train": 20, "val": 10}, "First")
    second = _add(workspace, {"train": 5, "val": 40, "test": 10}, "Second")
    config = TrainConfig(preset="balanced")
    earlier = workspace.runs.create(first, config, None, process.current())
    later = TrainConfig(preset="balanced", continue_from=earlier.record.id)
    run, report, _ = examine(second, config=later)
    # The rows of both begin with the same pictures: numbers 5 to 29 of the second's validation split were learned from.
    assert run.answers("val").sha256 == tuple(f"{number:064x}" for number in range(30, 45))
    assert report.calibration.fitted_on == 0
    assert len(run.answers("test")) == 10
