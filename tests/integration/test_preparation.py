"""One preparation everywhere: training, test, prediction and explanation see the same square."""

import io
import zipfile

import numpy as np
import pytest
from PIL import Image

from clf_core.api import Workbench
from clf_core.config import Preprocessing, TrainConfig
from clf_core.data.transforms import to_input
from clf_core.settings import Settings

COLOURS = {"red ends": (220, 30, 30), "blue ends": (30, 30, 220)}


def wide_picture(colour: tuple[int, int, int], number: int) -> Image.Image:
    """160 x 40 pixels of grey noise, with ``colour`` only in the outer fifth at either end."""
    noise = np.random.default_rng([*colour, number]).integers(60, 180, (40, 160, 1))
    pixels = np.repeat(noise, 3, axis=2).astype(np.uint8)
    for end in (slice(0, 32), slice(128, 160)):
        pixels[:, end] = (pixels[:, end] // 3 + np.array(colour) * 2 // 3).astype(np.uint8)
    return Image.fromarray(pixels)


@pytest.fixture(scope="module")
def bench(make_workspace) -> Workbench:
    bench = Workbench(Settings(workspace=make_workspace()))
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, colour in COLOURS.items():
            for number in range(30):
                picture = io.BytesIO()
                wide_picture(colour, number).save(picture, "PNG")
                archive.writestr(f"{name}/{number}.png", picture.getvalue())
    packed.seek(0)
    bench.imports.files([("wide.zip", packed)], name="Wide")
    return bench


def run_with(bench, **settings):
    run = bench.runs.wait(bench.runs.start("Wide", TrainConfig.model_validate(settings)).id)
    assert run.state == "done", run.error
    return run


@pytest.mark.parametrize("fit", ["squeeze", "pad"])
def test_what_only_the_ends_show_is_learned_where_they_are_seen(bench, fit):
    run = run_with(bench, fit=fit, augment={"preset": "light"}, views=1)
    assert bench.runs.config(run.id).fit == fit
    assert bench.runs.config(run.id).augment.preset == "light"
    assert bench.evaluation.report(run.id).accuracy > 0.9
    for label, colour in COLOURS.items():
        tested = bench.evaluation.cell(run.id, label, label)[0]
        data = bench.datasets.picture_bytes(tested.sha256)
        answer = bench.prediction.predict(run.id, "x.png", data)
        assert answer.label == tested.predicted == label
        assert answer.probability == pytest.approx(tested.probability, abs=0.02)
        explained = bench.explanation.explain(run.id, data)
        chosen = Preprocessing(mean=(0.5,) * 3, std=(0.5,) * 3, fit=fit)
        np.testing.assert_array_equal(explained.picture, to_input(Image.open(io.BytesIO(data)), chosen))
        assert explained.label == label
        unseen = io.BytesIO()
        wide_picture(colour, 99).save(unseen, "PNG")
        assert bench.prediction.predict(run.id, "new.png", unseen.getvalue()).label == label


def test_cut_to_the_centre_they_cannot_be(bench):
    assert bench.evaluation.report(run_with(bench, fit="crop").id).accuracy < 0.85
