"""What is kept between two courses; how their checkpoints are told apart is tested with ``partial``."""

import numpy as np

from clf_core.training.two_courses import Notes, Tuned

TUNED = Tuned(epochs=(), best_epoch=2, images_per_second=3.0, learning_rate=1e-3, again=True)


def test_notes_come_back(tmp_path):
    said = np.random.default_rng(0).normal(size=(5, 3)).astype(np.float32)
    assert Notes(tmp_path).read() is None
    Notes(tmp_path).write(TUNED, said)
    assert Notes(tmp_path).read() == TUNED
    np.testing.assert_array_equal(Notes(tmp_path).said(), said)


def test_notes_that_cannot_be_read_count_as_none(tmp_path):
    Notes(tmp_path).write(TUNED, np.zeros((2, 2), dtype=np.float32))
    (tmp_path / "tuned.json").write_bytes(b"{")
    assert Notes(tmp_path).read() is None
    for content in (b"", b"no array", None):
        if content is None:
            (tmp_path / "held-out.npy").unlink()
        else:
            (tmp_path / "held-out.npy").write_bytes(content)
        assert Notes(tmp_path).said().shape == (0, 0)
