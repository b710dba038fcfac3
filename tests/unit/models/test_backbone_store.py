"""Preparing backbones: once, whole, also without a network and with several at once."""

import os
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import filelock
import numpy as np
import pytest

from clf_core.errors import InputError, NotFoundError, WeightsUnavailableError
from clf_core.models import backbone_store, pretrained
from clf_core.models.backbone_store import BackboneStore
from clf_core.models.catalogue import Catalogue
from clf_core.models.classifier import starter_classifier
from clf_core.models.runtime import open_runtime

SMALL = "test_vit.r160_in1k"


def test_prepared_backbones_open_without_torch(prepared_backbones, lite0):
    import subprocess
    import sys

    code = (
        "import sys; from pathlib import Path; import clf_core\n"
        "from clf_core.models.backbone_store import BackboneStore\n"
        "from clf_core.models.runtime import open_runtime\n"
        "import numpy as np\n"
        f"store = BackboneStore(Path({str(prepared_backbones)!r}))\n"
        "runtime = open_runtime(store.ensure('tf_efficientnet_lite0'), 'cpu')\n"
        "print(runtime.features(np.zeros((2, 224, 224, 3), np.uint8)).shape, 'torch' in sys.modules)\n"
    )
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.strip() == "(2, 1280) False"
    assert lite0.spec.class_names[207] == "golden retriever"
    assert len(set(lite0.spec.class_names)) == 1000


def test_another_model_from_a_finished_download(tmp_path, hub_cache):
    hub_cache(SMALL)
    store = BackboneStore(tmp_path / "backbones")
    backbone = store.ensure(SMALL)
    assert backbone.compiled is not None
    assert backbone.spec.licence == "apache-2.0"
    assert "timm" in backbone.spec.source
    assert starter_classifier(backbone).weight.shape == (1000, backbone.spec.feature_dim)
    assert open_runtime(backbone, "cpu").features(np.zeros((1, 160, 160, 3), dtype=np.uint8)).shape == (
        1,
        backbone.spec.feature_dim,
    )
    assert store.on_machine(SMALL)
    assert SMALL in store.names()
    assert SMALL in [info.name for info in Catalogue(store).recommended() if info.on_machine]
    assert "/" not in os.path.relpath(backbone.folder, tmp_path / "backbones")


def test_several_processes_and_threads_make_one(tmp_path, hub_cache, monkeypatch):
    hub_cache(SMALL)
    loaded: list[str] = []
    load = pretrained.load
    monkeypatch.setattr(pretrained, "load", lambda name, *rest: loaded.append(name) or load(name, *rest))
    stores = [BackboneStore(tmp_path / "backbones") for _ in range(2)]  # one lock each, as two processes have
    with ThreadPoolExecutor(4) as executor:
        made = list(executor.map(lambda store: store.ensure(SMALL), stores * 2))
    assert len({backbone.spec.weights_sha256 for backbone in made}) == 1
    assert [path.name for path in (tmp_path / "backbones").iterdir()] == [made[0].folder.name]
    assert loaded == [SMALL]


def test_a_damaged_backbone_is_made_again(tmp_path, hub_cache):
    hub_cache(SMALL)
    store = BackboneStore(tmp_path / "backbones")
    backbone = store.ensure(SMALL)
    whole = (backbone.folder / "network.bin").read_bytes()
    (backbone.folder / "network.bin").write_bytes(whole[:100])
    told: list[str] = []
    assert store.ensure(SMALL, told.append).folder == backbone.folder
    assert (backbone.folder / "network.bin").read_bytes() == whole
    assert "Preparing" in told[0]


def test_who_asks_for_one_network_does_not_wait_for_another(tmp_path, hub_cache, monkeypatch):
    hub_cache(SMALL)
    store = BackboneStore(tmp_path / "backbones")
    store.ensure(SMALL)
    began, go_on = threading.Event(), threading.Event()

    def slow(name, *rest):
        began.set()
        go_on.wait(30)
        raise WeightsUnavailableError("not here")

    monkeypatch.setattr(pretrained, "load", slow)
    with ThreadPoolExecutor(1) as executor:
        other = executor.submit(store.ensure, "resnet18.a1_in1k")
        assert began.wait(30)
        assert store.ensure(SMALL).spec.name == SMALL  # would wait for ever behind the other
        go_on.set()
        with pytest.raises(WeightsUnavailableError):
            other.result()


def test_another_input_size_is_prepared_once_and_gives_the_same_features(tmp_path, hub_cache):
    hub_cache(SMALL)
    store = BackboneStore(tmp_path / "backbones")
    own, smaller = store.ensure(SMALL), store.ensure(SMALL, input_size=96)
    assert smaller.spec.preprocessing.input_size == 96
    assert smaller.spec.feature_dim == own.spec.feature_dim
    told: list[str] = []
    assert store.ensure(SMALL, told.append, 96).folder == smaller.folder
    assert store.ensure(SMALL, told.append, 160).folder == own.folder
    assert told == []
    assert [spec.name for spec in store.prepared()] == [SMALL]  # what is resized is no network of its own
    features = open_runtime(smaller, "cpu", "float32").features(np.full((1, 96, 96, 3), 90, dtype=np.uint8))
    assert features.shape == (1, own.spec.feature_dim)
    assert np.isfinite(features).all()


def test_a_size_that_does_not_fit_is_refused_in_words(tmp_path, hub_cache):
    hub_cache(SMALL)
    with pytest.raises(InputError, match="cannot see pictures of 100 pixels"):
        BackboneStore(tmp_path / "backbones").ensure(SMALL, input_size=100)


def test_who_has_waited_long_enough_leaves_the_lock_of_another_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(backbone_store, "_WAIT_SECONDS", 0.05)
    store = BackboneStore(tmp_path)
    held = store._folder("resnet_18").with_suffix(".lock")
    with filelock.FileLock(held):
        with pytest.raises(NotFoundError):
            store.ensure("resnet_18")
        assert held.exists()


def test_abandoned_work_is_cleared_and_fresh_work_is_not(tmp_path, hub_cache):
    hub_cache(SMALL)
    root = tmp_path / "backbones"
    old, fresh = root / ".making-old", root / ".making-fresh"
    old.mkdir(parents=True)
    fresh.mkdir()
    os.utime(old, (0, 0))
    BackboneStore(root).ensure(SMALL)
    assert not old.exists()
    assert fresh.exists()


@pytest.mark.parametrize("name", ["resnet_18", "resnet18.nonsense", "../../etc", "hf-hub:someone/model", "local-dir:x"])
def test_unknown_names(tmp_path, name):
    with pytest.raises(NotFoundError, match="no pretrained model called"):
        BackboneStore(tmp_path).ensure(name)
    assert list(tmp_path.iterdir()) == []


def test_close_names_are_offered(tmp_path):
    with pytest.raises(NotFoundError, match=r"Did you mean .*resnet18"):
        BackboneStore(tmp_path).ensure("resnet_18")


def test_no_network_answers_quickly(tmp_path, monkeypatch):
    """A server that accepts and never answers is the worst case: nothing fails by itself."""
    from huggingface_hub import constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    for variable in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(pretrained, "PROBE_SECONDS", 1.0)
    with socket.create_server(("127.0.0.1", 0)) as server:
        monkeypatch.setattr(constants, "ENDPOINT", f"http://127.0.0.1:{server.getsockname()[1]}")
        started = time.monotonic()
        with pytest.raises(WeightsUnavailableError) as caught:
            BackboneStore(tmp_path / "backbones").ensure("resnet18")
    assert time.monotonic() - started < 9
    assert "could not be reached" in str(caught.value)
    assert "tf_efficientnet_lite0" in caught.value.remedy
    assert pretrained.PROBE_SECONDS < 6


def test_a_failing_download_is_explained(tmp_path, monkeypatch, hub_cache):
    import timm

    def refuse(name, **options):
        raise ValueError("the server said no\nand more")

    monkeypatch.setattr(pretrained, "answers", lambda address, seconds: True)
    monkeypatch.setattr(timm, "create_model", refuse)
    told: list[str] = []
    with pytest.raises(WeightsUnavailableError, match="the server said no"):
        BackboneStore(tmp_path / "backbones").ensure("resnet18", told.append)
    assert any("Downloading" in text for text in told)


def test_any_answer_counts_as_reachable():
    with socket.create_server(("127.0.0.1", 0)) as server:

        def reply() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(1000)
                connection.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")

        threading.Thread(target=reply, daemon=True).start()
        assert pretrained.answers(f"http://127.0.0.1:{server.getsockname()[1]}", 5)
    assert not pretrained.answers("file:///etc/hostname", 1)


def test_models_for_other_inputs_are_refused(tmp_path, monkeypatch):
    class Model:
        pass

    import timm.data

    monkeypatch.setattr(
        timm.data, "resolve_data_config", lambda *_, **__: {"input_size": (1, 224, 224), "mean": (0.5,), "crop_pct": 1}
    )
    with pytest.raises(InputError, match="1 x 224 x 224"):
        pretrained._preprocessing("some", Model())


def test_shared_words_are_told_apart():
    assert pretrained.distinct(["crane", "owl", "crane"], ["bird", "x", "machine"]) == (
        "crane (bird)",
        "owl",
        "crane (machine)",
    )
