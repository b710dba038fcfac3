"""The compiled form against torch, its stream, and its end."""

import subprocess
import sys
import threading

import numpy as np
import pytest

from clf_core.errors import StateError, StorageError
from clf_core.models.backbone import Backbone
from clf_core.models.classifier import starter_classifier
from clf_core.models.network import build_network, load_body, normalise
from clf_core.models.runtime import TorchRuntime, open_runtime


@pytest.fixture(scope="module")
def pictures():
    """[6, 224, 224, 3] uint8: noise over gradients, so that every channel matters."""
    random = np.random.default_rng(0)
    ramp = np.linspace(0, 160, 224)[None, :, None] * random.uniform(0, 1, (6, 1, 1, 3))
    return (ramp[:, :, :, :] + random.integers(0, 96, (6, 224, 224, 3))).astype(np.uint8)


def test_float32_equals_torch(lite0, pictures):
    compiled = open_runtime(lite0, "cpu", "float32").features(pictures)
    torch_features = TorchRuntime(lite0, "cpu").features(pictures)
    assert np.abs(compiled - torch_features).max() <= 1e-3 * np.abs(torch_features).max()


def test_default_precision_stays_close(lite0, pictures):
    """bfloat16 keeps 8 bits of mantissa. On photos the cosine is above 0.995; this noise is harder."""
    exact = open_runtime(lite0, "cpu", "float32").features(pictures)
    quick = open_runtime(lite0, "cpu").features(pictures)
    cosine = (exact * quick).sum(axis=1) / np.linalg.norm(exact, axis=1) / np.linalg.norm(quick, axis=1)
    assert cosine.min() > 0.97


def test_the_network_gives_the_classifiers_logits(lite0, pictures):
    import torch

    classifier = starter_classifier(lite0)
    network = build_network(lite0, classifier)
    with torch.inference_mode():
        logits = network(normalise(pictures, lite0.spec.preprocessing)).numpy()
    assert not network.training
    ours = classifier.logits(open_runtime(lite0, "cpu", "float32").features(pictures))
    np.testing.assert_allclose(ours, logits, atol=1e-3 * np.abs(logits).max())


def test_the_stream_keeps_the_order_and_is_lazy(lite0, pictures):
    runtime = open_runtime(lite0, "cpu")
    drawn = []

    def inputs():
        for index in range(40):
            drawn.append(index)
            yield pictures[index % 6]

    stream = runtime.stream(inputs())
    first = next(stream)
    assert len(drawn) < 40
    rows = np.stack([first, *stream])
    np.testing.assert_array_equal(rows, runtime.features(pictures)[np.arange(40) % 6])


def test_an_error_of_the_inputs_passes_through(lite0, pictures):
    def inputs():
        yield from pictures
        raise ValueError("broken picture")

    with pytest.raises(ValueError, match="broken picture"):
        list(open_runtime(lite0, "cpu").stream(inputs()))


def test_leaving_early_and_nothing_at_all(lite0, pictures):
    runtime = open_runtime(lite0, "cpu")
    stream = runtime.stream(pictures)
    next(stream)
    stream.close()
    assert runtime.features(pictures[:0]).shape == (0, 1280)
    assert list(runtime.stream([])) == []


def test_several_threads_share_a_runtime(lite0, pictures):
    runtime = open_runtime(lite0, "cpu")
    expected = runtime.features(pictures)
    wrong = []

    def work(index: int) -> None:
        for _ in range(5):
            if not np.array_equal(runtime.features(pictures[index : index + 1]), expected[index : index + 1]):
                wrong.append(index)

    threads = [threading.Thread(target=work, args=(index,)) for index in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_dropping_a_runtime_right_after_use_never_hangs(lite0):
    """It did while OpenVINO's threads held Python callbacks (see ``OpenVinoRuntime.stream``)."""
    code = (
        "import numpy as np, clf_core; from pathlib import Path\n"
        "from clf_core.models.backbone import Backbone, BackboneSpec\n"
        "from clf_core.models.runtime import open_runtime\n"
        f"folder = Path({str(lite0.folder)!r})\n"
        "spec = BackboneSpec.model_validate_json((folder / 'spec.json').read_bytes())\n"
        "pictures = np.zeros((8, 224, 224, 3), np.uint8)\n"
        "for _ in range(25):\n"
        "    open_runtime(Backbone(spec, folder), 'cpu').features(pictures)\n"
        "print('done')\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert result.stdout.strip() == "done", result.stderr


def test_torch_takes_over_where_there_is_no_compiled_form(lite0, pictures):
    spec = lite0.spec.model_copy(
        update={"files": {name: digest for name, digest in lite0.spec.files.items() if name != "network.xml"}}
    )
    runtime = open_runtime(Backbone(spec, lite0.folder), "cpu")
    assert runtime.engine == "torch on cpu, float32"
    assert runtime.features(pictures[:1]).shape == (1, 1280)


def test_other_weights_and_damaged_weights_are_refused(lite0):
    other = lite0.spec.model_copy(update={"weights_sha256": "0" * 64})
    with pytest.raises(StateError, match="other weights"):
        build_network(Backbone(other, lite0.folder), starter_classifier(lite0))
    with pytest.raises(StorageError, match="damaged") as caught:
        load_body(Backbone(other, lite0.folder))
    assert str(lite0.folder) in caught.value.remedy  # a restart would not look at the weights again


def test_a_damaged_compiled_form_is_explained(lite0, tmp_path):
    (tmp_path / "network.xml").write_text("<net")
    with pytest.raises(StorageError, match="cannot be loaded"):
        open_runtime(Backbone(lite0.spec, tmp_path), "cpu")
