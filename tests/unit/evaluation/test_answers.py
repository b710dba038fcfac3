import io
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax

from clf_core.errors import StorageError
from clf_core.evaluation.answers import Answers, numbered, read_answers, write_answers


def made(count: int = 5, classes: int = 3, **changes) -> Answers:
    random = np.random.default_rng(0)
    values = {
        "classes": tuple(f"class {number}" for number in range(classes)),
        "sha256": tuple(f"{number:064x}" for number in range(count)),
        "source_names": tuple(f"{number}.jpg" for number in range(count)),
        "groups": np.arange(count, dtype=np.int64) // 2,
        "true_index": random.integers(0, classes, count),
        "logits": random.normal(0, 5, (count, classes)).astype(np.float32),
    }
    return Answers(**{**values, **changes})


def same(one: Answers, other: Answers) -> bool:
    texts = all(getattr(one, name) == getattr(other, name) for name in ("classes", "sha256", "source_names"))
    return texts and all(
        np.array_equal(getattr(one, name), getattr(other, name)) for name in ("groups", "true_index", "logits")
    )


names = st.text(st.characters(), max_size=20)


@settings(max_examples=40)
@given(st.lists(names, min_size=2, max_size=4), st.lists(names, max_size=6))
def test_any_names_come_back_as_they_were(tmp_path_factory, classes, pictures):
    path = tmp_path_factory.mktemp("answers") / "test.npz"
    answers = replace(made(len(pictures), len(classes)), classes=tuple(classes), source_names=tuple(pictures))
    write_answers(path, answers)
    assert same(read_answers(path), answers)


def test_half_a_surrogate_pair_and_an_ending_nul_come_back(tmp_path):
    answers = made(2, source_names=("\udc80.jpg", "x\0"))
    write_answers(tmp_path / "a.npz", answers)
    assert read_answers(tmp_path / "a.npz").source_names == ("\udc80.jpg", "x\0")


def test_one_long_name_does_not_make_the_file_large(tmp_path):
    answers = made(1000, source_names=("n" * 5000, *("s" for _ in range(999))))
    write_answers(tmp_path / "a.npz", answers)
    assert (tmp_path / "a.npz").stat().st_size < 200_000


def test_what_was_read_cannot_be_changed(tmp_path):
    write_answers(tmp_path / "a.npz", made())
    with pytest.raises(ValueError, match="read-only"):
        read_answers(tmp_path / "a.npz").logits[0, 0] = 1


def _altered(data: bytes, **changes) -> bytes:
    with np.load(io.BytesIO(data)) as arrays:
        kept = {**arrays, **changes}
    buffer = io.BytesIO()
    np.savez(buffer, **{name: array for name, array in kept.items() if array is not None})
    return buffer.getvalue()


@pytest.mark.parametrize(
    "damage",
    [
        lambda _data: b"",
        lambda data: data[: len(data) // 2],
        lambda _data: b"PK\x03\x04 no archive",
        lambda data: _altered(data, logits=None),
        lambda data: _altered(data, groups=np.zeros(4, dtype=np.int64)),
        lambda data: _altered(data, true_index=np.full(5, 3)),
        lambda data: _altered(data, true_index=np.full(5, -1)),
        lambda data: _altered(data, logits=np.zeros((5, 3))),
        lambda data: _altered(data, sha256=np.frombuffer(b"[1, 2, 3, 4, 5]", dtype=np.uint8)),
        lambda data: _altered(data, sha256=np.frombuffer(b'["a"', dtype=np.uint8)),
        lambda data: _altered(data, classes=np.array([1.5])),
        lambda data: _altered(data, logits=np.array([{"pickled": 1}], dtype=object)),
    ],
)
def test_a_damaged_file_is_told_in_words(tmp_path, damage):
    path = tmp_path / "val.npz"
    write_answers(path, made())
    path.write_bytes(damage(path.read_bytes()))
    with pytest.raises(StorageError, match=r"cannot be read\. .*val\.npz"):
        read_answers(path)


def test_a_missing_file_is_told_in_words(tmp_path):
    with pytest.raises(StorageError):
        read_answers(tmp_path / "test.npz")


@pytest.mark.parametrize("temperature", [0.05, 1.0, 3.0])
def test_probabilities_are_those_of_an_independent_implementation(temperature):
    answers = made(50, 7)
    expected = softmax(answers.logits.astype(np.float64) / temperature, axis=1)
    np.testing.assert_allclose(answers.probabilities(temperature), expected, atol=1e-12)
    np.testing.assert_array_equal(answers.probabilities(temperature).argmax(axis=1), answers.predicted)


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan")])
def test_a_temperature_is_above_zero(temperature):
    with pytest.raises(ValueError, match="above 0"):
        made().probabilities(temperature)


def test_groups_get_numbers():
    assert numbered(["b", "a", "b", ""]).tolist() == [2, 1, 2, 0]
    assert numbered([]).tolist() == []
