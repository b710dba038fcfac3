"""Predictions and explanations of the starter model, which needs no training."""

import dataclasses
import io
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from clf_core.api import STARTER
from clf_core.api.loaded_models import LoadedModels
from clf_core.config import HeatmapConfig, ImportLimits
from clf_core.errors import ConfigError, NotFoundError, PictureError


def test_the_starter_answers_with_five_of_its_classes(ready_bench, png):
    answer = ready_bench.prediction.predict(STARTER, "red.png", png())
    assert len(answer.top) == 5
    assert answer.label == answer.top[0].name
    with pytest.raises(PictureError, match=r"'x\.jpg' cannot be used\. .+ Give a JPEG"):
        ready_bench.prediction.predict(STARTER, "x.jpg", b"no picture")


def test_the_explanation_repeats_the_answer_of_prediction(ready_bench, png):
    data = png("orange", (300, 200))
    answer = ready_bench.prediction.predict(STARTER, "x.png", data)
    explanation = ready_bench.explanation.explain(STARTER, data)
    assert (explanation.label, explanation.probability, explanation.top) == (
        answer.label,
        answer.probability,
        answer.top,
    )
    assert explanation.target == answer.label
    other = ready_bench.explanation.explain(STARTER, data, target=answer.top[1].name)
    assert (other.label, other.target) == (answer.label, answer.top[1].name)
    assert other.target_probability == pytest.approx(answer.top[1].probability)


def test_an_explanation_can_be_drawn(ready_bench, png):
    explanation = ready_bench.explanation.explain(STARTER, png())
    side = explanation.picture.shape[0]
    assert explanation.heatmap.shape == (side, side)
    overlay = ready_bench.explanation.overlay(explanation, 0.5)
    assert (overlay.shape, overlay.dtype) == ((side, side, 3), np.uint8)
    assert np.array_equal(ready_bench.explanation.overlay(explanation, 0.0), explanation.picture)
    assert ready_bench.explanation.legend().shape[2] == 3
    assert "gradcam" in ready_bench.explanation.methods()
    assert len(ready_bench.explanation.classes(STARTER)) == 1000


def test_unknown_classes_methods_and_models_are_refused(ready_bench, png):
    with pytest.raises(NotFoundError, match="no class called 'unicorn'"):
        ready_bench.explanation.explain(STARTER, png(), target="unicorn")
    with pytest.raises(ConfigError, match="heatmap method 'x'"):
        ready_bench.explanation.explain(STARTER, png(), look=HeatmapConfig(method="x"))
    with pytest.raises(NotFoundError, match="no run called 'x'"):
        ready_bench.prediction.predict("x", "x.png", png())
    with pytest.raises(NotFoundError):
        ready_bench.explanation.explain_test_picture(STARTER, "0" * 64)


def test_many_uploads_become_a_table(ready_bench, png):
    files = [("a/=cmd.png", io.BytesIO(png())), ("b.txt", io.BytesIO(b"x")), ("c.png", io.BytesIO(png("blue")))]
    seen = []
    report = ready_bench.prediction.predict_uploads(STARTER, files, progress=lambda *counts: seen.append(counts))
    assert (report.predicted, report.skipped_count) == (2, 1)
    assert seen[-1] == (3, 3)
    header, *lines = ready_bench.prediction.csv(report).decode().splitlines()
    assert header == "name,label,probability,status,reason,verdict,candidates"
    assert len(lines) == 3


def test_a_folder_is_predicted_too(ready_bench, write_pictures, tmp_path):
    folder = write_pictures(tmp_path / "in", {"red": 3})
    assert ready_bench.prediction.predict_path(STARTER, folder).predicted == 3


def test_threads_share_one_model_and_agree(ready_bench, png):
    data = png("green")
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: ready_bench.prediction.predict(STARTER, "x", data).top, range(8)))
    assert len(set(answers)) == 1


def test_two_models_are_kept_and_the_one_unused_longest_goes(ready_bench):
    loads = []

    class Counted(LoadedModels):
        def _load_starter(self):
            loads.append(1)
            return super()._load_starter()

    models = Counted(ready_bench.explanation._workspace, ready_bench.runs, ImportLimits())
    first = models.get(STARTER)
    assert models.get(STARTER) is first
    for other in ("a", "b"):
        models._remembered(other, lambda: first)
    models.get(STARTER)
    assert len(loads) == 2


def test_backbones_say_what_is_on_this_machine(ready_bench):
    default = ready_bench.backbones.list()[0]
    assert default.on_machine
    assert default.licence


def test_a_picture_file_is_explained_for_a_class_in_any_unicode_form(ready_bench, png, tmp_path, monkeypatch):
    (tmp_path / "x.png").write_bytes(png())
    model = ready_bench.explanation._models.get(STARTER)
    spec = model.classifier.spec
    renamed = spec.model_copy(update={"classes": ("caf\u00e9", *spec.classes[1:])})
    other = dataclasses.replace(model, classifier=dataclasses.replace(model.classifier, spec=renamed))
    monkeypatch.setattr(ready_bench.explanation._models, "get", lambda _: other)
    explanation = ready_bench.explanation.explain_path("any", tmp_path / "x.png", target="cafe\u0301")
    assert explanation.target == "caf\u00e9"
