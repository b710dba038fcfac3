import dataclasses

import numpy as np
import pytest
from PIL import Image

from clf_core.config import ImportLimits
from clf_core.data.transforms import to_input
from clf_core.errors import PictureError, StateError
from clf_core.prediction.predictor import TOP, Predictor


def test_one_picture(colours):
    prediction = colours.predictor.predict("../<b>my</b>.png", colours.png(10, 250, 10))
    assert prediction.name == "../<b>my</b>.png"
    assert prediction.label == "green"
    assert [bar.name for bar in prediction.top] == ["green", "red", "blue"]
    odds = np.exp([10 * 250 / 255, 10 * 10 / 255, 10 * 10 / 255])
    assert [bar.probability for bar in prediction.top] == pytest.approx(odds / odds.sum(), abs=1e-6)
    assert prediction.probability == prediction.top[0].probability
    assert 0 < prediction.milliseconds < 10_000


def test_the_answer_names_every_class_and_lists_the_best(colours):
    classes = tuple(f"class {number}" for number in range(30))
    predictor = Predictor(colours.classifier(classes), colours.runtime())
    answer = predictor.answer(predictor.prepare(colours.png(0, 0, 255)))
    assert answer.label == "class 2"
    assert len(answer.top) == TOP
    assert [bar.name for bar in answer.top[1:]] == ["class 0", "class 1", "class 3", "class 4"]  # equals: class order
    assert list(answer.probabilities) == list(classes)
    assert sum(answer.probabilities.values()) == pytest.approx(1)
    assert answer.probabilities["class 2"] == answer.probability


def test_a_text_file_is_refused_with_its_reason(colours):
    with pytest.raises(PictureError) as caught:
        colours.predictor.predict("a.jpg", b"hello")
    assert caught.value.what


def test_the_limits_hold(colours):
    predictor = Predictor(colours.classifier(), colours.runtime(), ImportLimits(max_pixels=100))
    with pytest.raises(PictureError):
        predictor.predict("a.png", colours.png(1, 2, 3))


def reading(folder):
    """As the picture store reads."""
    return lambda name: (folder / name).read_bytes()


def test_stored_pictures_give_the_same_answers_in_order(colours, tmp_path):
    shades = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (90, 100, 80), (0, 250, 9)]
    paths = [tmp_path / f"{index}" for index in range(len(shades))]
    for path, shade in zip(paths, shades, strict=True):
        path.write_bytes(colours.png(*shade))
    done = []
    probabilities = colours.predictor.probabilities([path.name for path in paths], reading(tmp_path), done.append)
    assert (probabilities.shape, probabilities.dtype) == ((5, 3), np.float32)
    assert done == [1, 2, 3, 4, 5]
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-6)
    for row, path in zip(probabilities, paths, strict=True):
        answer = colours.predictor.answer(colours.predictor.prepare(path.read_bytes()))
        np.testing.assert_allclose(row, list(answer.probabilities.values()), atol=1e-6)


def test_a_large_photo_is_seen_alike_one_by_one_and_stored(colours, tmp_path):
    """Large JPEG files are decoded at reduced scale, which must happen the same way everywhere."""
    coarse = np.random.default_rng(0).integers(0, 256, (9, 12, 3), dtype=np.uint8)
    photo = tmp_path / "photo"
    Image.fromarray(coarse).resize((900, 700), Image.Resampling.BICUBIC).save(photo, "JPEG")
    stored = colours.predictor.probabilities(["photo"], reading(tmp_path))[0]
    single = colours.predictor.answer(colours.predictor.prepare(photo.read_bytes()))
    assert stored.tolist() == list(single.probabilities.values())


def test_what_is_said_is_calibrated_and_names_the_same_class(colours, tmp_path):
    (tmp_path / "photo").write_bytes(colours.png(250, 100, 0))
    calm = Predictor(colours.classifier().calibrated(4.0), colours.runtime())
    logits = calm.logits(["photo"], reading(tmp_path))
    np.testing.assert_array_equal(logits, colours.predictor.logits(["photo"], reading(tmp_path)))
    expected = np.exp(logits[0] / 4.0) / np.exp(logits[0] / 4.0).sum()
    np.testing.assert_allclose(calm.probabilities(["photo"], reading(tmp_path))[0], expected, atol=1e-6)
    sure, said = (
        predictor.predict("photo", (tmp_path / "photo").read_bytes()) for predictor in (colours.predictor, calm)
    )
    assert said.label == sure.label
    assert said.probability == pytest.approx(float(expected.max()), abs=1e-6)
    assert said.probability < sure.probability


def test_no_stored_pictures(colours, tmp_path):
    assert colours.predictor.probabilities([], reading(tmp_path)).shape == (0, 3)
    assert colours.predictor.logits([], reading(tmp_path)).shape == (0, 3)


def test_a_damaged_stored_picture_is_not_passed_over(colours, tmp_path):
    (tmp_path / "a").write_bytes(colours.png(1, 2, 3))
    (tmp_path / "b").write_bytes(b"damaged")
    with pytest.raises(PictureError):
        colours.predictor.probabilities(["a", "b"], reading(tmp_path))


def test_a_classifier_of_other_weights_is_refused(colours):
    classifier = colours.classifier()
    stranger = dataclasses.replace(classifier, spec=classifier.spec.model_copy(update={"weights_sha256": "f" * 64}))
    with pytest.raises(StateError):
        Predictor(stranger, colours.runtime())


@pytest.mark.parametrize(("fit", "expected"), [("crop", "green"), ("squeeze", "red"), ("pad", "red")])
def test_pictures_are_made_square_as_the_model_says(colours, tmp_path, fit, expected):
    """A wide picture, red at both ends and green in its middle; whatever the network's own description says."""
    pixels = np.zeros((20, 80, 3), dtype=np.uint8)
    pixels[:, :, 0] = 250
    pixels[:, 30:50] = (0, 250, 0)
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    classifier = colours.classifier()
    own = classifier.spec.preprocessing.model_copy(update={"fit": fit})
    spec = classifier.spec.model_copy(update={"preprocessing": own})
    predictor = Predictor(dataclasses.replace(classifier, spec=spec), colours.runtime())
    data = (tmp_path / "wide.png").read_bytes()
    np.testing.assert_array_equal(predictor.prepare(data), to_input(Image.fromarray(pixels), own))
    one, many = predictor.predict("wide.png", data), predictor.probabilities(["wide.png"], reading(tmp_path))
    assert one.label == expected
    assert many[0].max() == pytest.approx(one.probability)
