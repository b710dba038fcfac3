"""Networks of every family train, are saved on the way, go on from there and are judged; nobody trained them before."""

import numpy as np
import pytest

from clf_core.config import ImportLimits, TrainConfig
from clf_core.data.store import PictureStore
from clf_core.errors import PausedError
from clf_core.evaluation.evaluator import evaluate
from clf_core.importing.importer import import_pictures
from clf_core.importing.source import open_source
from clf_core.models.classifier import load_classifier
from clf_core.models.runtime import open_runtime
from clf_core.models.trained import own_backbone
from clf_core.prediction.predictor import Predictor
from clf_core.training.callbacks import SilentCallbacks
from clf_core.training.result import Resources

# timm's tiny network of the family where there is one, else the smallest; the least size that makes sense for it.
FAMILIES = {
    "resnet": ("test_resnet", 32),
    "efficientnet": ("test_efficientnet", 32),
    "mobilenetv4": ("mobilenetv4_conv_small_035", 32),
    "convnext": ("test_convnext", 32),
    "vit": ("test_vit", 32),
    "swin": ("swin_tiny_patch4_window7_224", 32),
    "efficientformerv2": ("efficientformerv2_s0", 32),
}
CONFIG = TrainConfig(preset="full", epochs=1, batch_size=8, precision="float32", learning_rate=1e-3)


@pytest.fixture(scope="module")
def dataset(tmp_path_factory, write_pictures):
    """Manifest and store: 16 pictures to learn from, 2 to choose by, 4 to test with."""
    counts = {f"{split}/{name}": n for split, n in (("train", 8), ("val", 1), ("test", 2)) for name in ("red", "blue")}
    folder = write_pictures(tmp_path_factory.mktemp("families") / "pictures", counts, size=32)
    store = PictureStore(tmp_path_factory.mktemp("store"))
    with open_source(folder, ImportLimits()) as source:
        manifest = import_pictures(source, store, limits=ImportLimits()).manifest
    assert [len(manifest.select(split)) for split in ("train", "val", "test")] == [16, 2, 4]
    return manifest, store


@pytest.fixture(autouse=True)
def one_thread():
    """Threads that wait for each other cost more than such small pictures take."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(autouse=True)
def narrow_swin(monkeypatch):
    """timm has no tiny Swin: the smallest one, a quarter as wide and half as deep, still with shifted windows."""
    from timm.models import swin_transformer

    create = swin_transformer._create_swin_transformer
    sizes = {"embed_dim": 24, "depths": (1, 1, 2, 1), "num_heads": (1, 2, 4, 8)}
    monkeypatch.setattr(
        swin_transformer, "_create_swin_transformer", lambda *names, **settings: create(*names, **(settings | sizes))
    )


class PauseAfterTheFirstStep(SilentCallbacks):
    def __init__(self):
        self.steps, self.saved = 0, []

    def step(self, done, point):
        self.steps = done

    def save(self, checkpoint):
        self.saved.insert(0, checkpoint)

    def wish(self):
        return "pause" if self.steps == 1 else ""


@pytest.mark.parametrize("family", FAMILIES)
def test_two_steps_a_pause_between_them_and_a_look_at_the_test_pictures(family, dataset, random_backbone, tmp_path):
    from clf_core.training.full import train_full

    manifest, store = dataset
    name, size = FAMILIES[family]
    backbone = random_backbone(name, tmp_path / "published", size)

    def resources(checkpoints=()):
        runtime = open_runtime(backbone, "cpu")
        return Resources(
            store.read, "cpu", tmp_path / "scratch", tmp_path / "model", backbone, runtime, checkpoints=checkpoints
        )

    first = PauseAfterTheFirstStep()
    with pytest.raises(PausedError):
        train_full(manifest, resources(), CONFIG, first)
    assert first.steps == 1
    second = PauseAfterTheFirstStep()
    second.steps = -1  # it is told of the second step only
    result = train_full(manifest, resources(first.saved), CONFIG, second)
    assert second.steps == 2
    assert [point.epoch for point in result.epochs] == [0, 1]
    assert all(np.isfinite(point.val_loss) for point in result.epochs)

    trained, classifier = own_backbone(tmp_path / "model"), load_classifier(tmp_path / "model")
    assert trained.spec.weights_sha256 == classifier.spec.weights_sha256 == result.backbone.spec.weights_sha256
    rows = manifest.select("test")
    predictor = Predictor(classifier, open_runtime(trained, "cpu"))
    probabilities = predictor.probabilities(rows.sha256, store.read, lambda done: None)
    report = evaluate(family, manifest.classes, rows.label_index, probabilities, {"red": 8, "blue": 8})
    assert report.n == 4
    assert np.isfinite(probabilities).all()
    assert trained.spec.weights_sha256 != backbone.spec.weights_sha256 or result.epochs[0].best
