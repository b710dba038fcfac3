"""Heatmaps, pairs of them and how far to trust them, through the facade, of the starter model."""

import numpy as np
import pytest

from clf_core.api import STARTER
from clf_core.config import HeatmapConfig
from clf_core.errors import ConfigError, NotFoundError, PictureError
from clf_core.results import Trust


@pytest.fixture
def bench(ready_bench):
    return ready_bench.explanation


def test_several_pictures_at_once(bench, png):
    files = [("a.png", png()), ("b.png", png("blue", (60, 50)))]
    both = bench.explain_many(STARTER, files)
    assert bench.explain_many(STARTER, []) == ()
    for explained, (name, data) in zip(both, files, strict=True):
        alone = bench.explain(STARTER, data, name=name)
        assert (explained.label, explained.target, explained.top) == (alone.label, alone.target, alone.top)
        np.testing.assert_allclose(explained.heatmap, alone.heatmap, rtol=0, atol=1e-4)
    with pytest.raises(PictureError, match=r"'x\.png'"):
        bench.explain_many(STARTER, [*files, ("x.png", b"no picture")])


def test_methods_layers_and_smoothings_can_be_chosen(bench, png):
    assert next(iter(bench.methods())) == "gradcam" == bench.method_details()[0].key
    recommended, *others = bench.layers(STARTER)
    assert recommended.recommended
    finer = next(layer for layer in others if layer.side > recommended.side)
    usual = bench.explain(STARTER, png())
    other = bench.explain(STARTER, png(), look=HeatmapConfig(method="layercam", layer=finer.name, smooth="augment"))
    assert (usual.layer, usual.smooth) == (recommended.name, "none")
    assert (other.method, other.layer, other.smooth) == ("layercam", finer.name, "augment")
    assert not np.array_equal(usual.heatmap, other.heatmap)
    for field in ("layer", "smooth", "method"):
        with pytest.raises(ConfigError) as caught:
            bench.explain(STARTER, png(), look=HeatmapConfig(**{field: "x"}))
        assert caught.value.field == field
    assert "augment" in bench.smoothings()


def test_why_a_and_not_b(bench, png):
    answer = bench.explain(STARTER, png())
    contrast = bench.contrast(STARTER, png())
    assert (contrast.first, contrast.second) == (answer.top[0].name, answer.top[1].name)
    assert contrast.first_probability == pytest.approx(answer.top[0].probability)
    side = contrast.picture.shape[0]
    for heatmap in (contrast.first_heatmap, contrast.second_heatmap, contrast.difference):
        assert heatmap.shape == (side, side)
    assert contrast.words.endswith(".")
    assert bench.overlay_difference(contrast, 0.5).shape == (side, side, 3)
    assert bench.overlay_map(contrast.picture, contrast.first_heatmap, 0.5).dtype == np.uint8
    assert bench.difference_legend().shape == bench.legend().shape


def test_the_pair_may_be_named(bench, png):
    top = bench.explain(STARTER, png()).top
    named = bench.contrast(STARTER, png(), top[3].name, top[2].name)
    assert (named.first, named.second, named.label) == (top[3].name, top[2].name, top[0].name)
    assert bench.contrast(STARTER, png(), b=top[0].name).first == top[1].name
    with pytest.raises(ConfigError, match="with itself"):
        bench.contrast(STARTER, png(), top[0].name, top[0].name)
    with pytest.raises(NotFoundError, match="unicorn"):
        bench.contrast(STARTER, png(), "unicorn")
    with pytest.raises(ConfigError, match="two classes"):
        bench.contrast(STARTER, png(), look=HeatmapConfig(method="eigencam"))


def test_how_far_to_trust_a_heatmap(bench, png):
    told = bench.trust(STARTER, png())
    explained = bench.explain(STARTER, png())
    assert told.target == explained.label
    assert told.probability == pytest.approx(explained.probability, abs=0.02)
    assert Trust.model_validate_json(told.model_dump_json()) == told
    assert told.target in told.words
    with pytest.raises(NotFoundError, match="unicorn"):
        bench.trust(STARTER, png(), target="unicorn")
