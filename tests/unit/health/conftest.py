from collections.abc import Callable, Sequence

import numpy as np
import pytest

from clf_core.health.survey import Survey
from clf_core.values import SPLITS


@pytest.fixture(scope="session")
def survey() -> Callable[..., Survey]:
    """``survey("aabb", splits="ttvs")`` returns pictures with nothing wrong but what is said.

    Labels are class names, one per picture; splits t(rain), v(al) and (te)s(t); files and groups are equal for
    equal entries; any measurement is an array of one number per picture.
    """

    def make(
        labels: Sequence[str],
        *,
        splits: str = "",
        files: Sequence[int] | None = None,
        groups: Sequence[int] | None = None,
        given: Sequence[bool] | None = None,
        searched: bool = True,
        width: object = 640,
        height: object = 480,
        size: object = 50_000,
        thumbs: np.ndarray | None = None,
        colours: np.ndarray | None = None,
        seed: int = 0,
        **numbers: object,
    ) -> Survey:
        random, count = np.random.default_rng(seed), len(labels)
        classes = tuple(sorted(set(labels)))
        usual = {
            "brightness": random.normal(120, 20, count),
            "contrast": random.normal(55, 8, count),
            "sharpness": random.lognormal(-0.5, 0.4, count),
            "entropy": np.full(count, 7.0),
            **{name: random.uniform(60, 180, count) for name in ("border_r", "border_g", "border_b", "border_std")},
        }
        return Survey(
            ids=np.arange(count) + 100,
            classes=classes,
            labels=np.array([classes.index(label) for label in labels], dtype=np.int64),
            splits=np.array(["tvs".index(split) for split in splits or "t" * count], dtype=np.int64),
            groups=np.arange(count) if groups is None else np.array(groups, dtype=np.int64),
            given=np.zeros(count, np.bool_) if given is None else np.array(given, dtype=np.bool_),
            searched=searched,
            files=np.arange(count) if files is None else np.array(files, dtype=np.int64),
            width=np.broadcast_to(np.asarray(width), count).astype(np.int64),
            height=np.broadcast_to(np.asarray(height), count).astype(np.int64),
            size=np.broadcast_to(np.asarray(size), count).astype(np.int64),
            numbers={name: np.array(values, dtype=np.float32) for name, values in (usual | numbers).items()},
            thumbs=random.integers(0, 256, (count, 24, 24), dtype=np.uint8) if thumbs is None else thumbs,
            colours=random.integers(118, 138, (count, 12, 12, 2), dtype=np.uint8) if colours is None else colours,
            measured=np.ones(count, dtype=np.bool_),
        )

    assert SPLITS == ("train", "val", "test")
    return make


@pytest.fixture(scope="session")
def kinds():
    """The kinds of some findings, each with the pictures it points at."""
    return lambda found: {one.finding.kind: sorted(one.suspects.ids.tolist()) for one in found}
