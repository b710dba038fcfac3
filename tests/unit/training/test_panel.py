"""The pictures shown while a network learns are spread over the classes."""

import numpy as np

from clf_core.training.panel import panel_of


def test_every_class_is_shown_where_there_is_room():
    labels = np.array([2, 0, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0, 3, 3, 3, 1, 2])
    keys = [f"{n:02}" for n in range(len(labels))]
    panel = panel_of(labels, keys)
    assert len(panel) == len({row for row, _ in panel}) == 8
    assert {labels[row] for row, _ in panel} == {0, 1, 2, 3}
    assert all(keys[row] == key for row, key in panel)


def test_few_pictures_are_all_shown():
    assert sorted(panel_of(np.array([1, 0]), ["a", "b"])) == [(0, "a"), (1, "b")]
    assert panel_of(np.array([], dtype=np.int64), []) == ()
