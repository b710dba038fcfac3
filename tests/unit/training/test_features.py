"""Features in the order asked for, every picture computed once."""

import numpy as np

from clf_core.config import ImportLimits
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.features import extract_features


def test_order_and_repetition(imported, colours):
    manifest, store = imported({"red": 5, "blue": 5})
    _, runtime = colours
    keys = [row.sha256 for row in manifest.rows()]
    once = extract_features(keys, store.path, runtime, SilentCallbacks(), ImportLimits())
    assert runtime.seen == 10
    again = extract_features([*reversed(keys), keys[0]], store.path, runtime, SilentCallbacks(), ImportLimits())
    assert runtime.seen == 20
    np.testing.assert_array_equal(again, np.concatenate([once[::-1], once[:1]]))
    assert extract_features([], store.path, runtime, SilentCallbacks(), ImportLimits()).shape == (0, 6)
