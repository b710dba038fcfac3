"""Features in the order asked for, every picture computed once."""

import numpy as np
from PIL import Image

from clf_core.config import AugmentConfig, ImportLimits
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.features import Extraction, Variants, extract_features


def test_order_and_repetition(imported, colours):
    manifest, store = imported({"red": 5, "blue": 5})
    _, runtime = colours
    keys = [row.sha256 for row in manifest.rows()]
    once = extract_features(keys, store.read, runtime, SilentCallbacks(), ImportLimits())
    assert runtime.seen == 10
    again = extract_features([*reversed(keys), keys[0]], store.read, runtime, SilentCallbacks(), ImportLimits())
    assert runtime.seen == 20
    np.testing.assert_array_equal(again, np.concatenate([once[::-1], once[:1]]))
    assert extract_features([], store.read, runtime, SilentCallbacks(), ImportLimits()).shape == (0, 6)


def test_variants_stand_beside_their_picture(imported, colours):
    manifest, store = imported({"red": 5, "blue": 5})
    _, runtime = colours
    keys = [row.sha256 for row in manifest.rows()]
    asked = Variants([keys[7], keys[2], keys[7]], AugmentConfig(brightness=0.5), count=3, seed=1)
    work = Extraction(keys, asked, runtime.spec.preprocessing)
    assert work.inputs == 10 + 2 * 3
    plain, changed = work.run(store.read, runtime, SilentCallbacks(), ImportLimits())
    assert runtime.seen == work.inputs
    np.testing.assert_array_equal(plain, extract_features(keys, store.read, runtime, SilentCallbacks(), ImportLimits()))
    assert changed.shape == (3, 3, 6)
    np.testing.assert_array_equal(changed[0], changed[2])
    for row, key in enumerate(asked.keys):
        # Brightness scales all mean colours of a picture alike, but for the brightest, part of which is cut off at 255.
        mean = plain[keys.index(key), :3]
        ratios = (changed[row, :, :3] / mean)[:, mean < 0.5]
        assert np.ptp(ratios, axis=1).max() < 0.1
        assert np.ptp(ratios.mean(axis=1)) > 0.05


def test_another_fit_gives_other_features(colours, tmp_path):
    _, runtime = colours
    wide = np.zeros((20, 60, 3), dtype=np.uint8)
    wide[:, :20] = 255
    Image.fromarray(wide).save(tmp_path / "wide.png")
    own = runtime.spec.preprocessing
    found = [
        extract_features(
            ["a" * 64],
            lambda key: (tmp_path / "wide.png").read_bytes(),
            runtime,
            SilentCallbacks(),
            ImportLimits(),
            own.model_copy(update={"fit": fit}),
        )[0, 0]
        for fit in ("crop", "squeeze", "pad")
    ]
    assert found[0] < 0.01  # the centre is black
    assert abs(found[1] - 1 / 3) < 0.02
    assert abs(found[2] - (2 / 3 * 0.5 + 1 / 9)) < 0.03  # two thirds of it are bars of mean colour
