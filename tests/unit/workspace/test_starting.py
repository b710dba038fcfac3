"""What a run begins from: a published network, or the body of an own earlier run, at the size asked for."""

import shutil

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from clf_core.config import TrainConfig
from clf_core.errors import InputError, NotFoundError, StateError
from clf_core.models.backbone_files import Origin
from clf_core.models.classifier import Classifier, ClassifierSpec, save_classifier
from clf_core.models.network import load_body
from clf_core.models.trained import keep_body, own_backbone, save_trained
from clf_core.results import DatasetSummary
from clf_core.workspace import Workspace
from clf_core.workspace.records import ProcessIdentity, RunStatus
from clf_core.workspace.starting import body_of, starting_backbone

ME = ProcessIdentity(pid=1, started="once")


@pytest.fixture
def workspace(make_workspace):
    return Workspace(make_workspace())


@pytest.fixture
def run(workspace):
    """``run(name, state)`` makes a run that ended so, without a model."""

    def make(name, state="done"):
        dataset = DatasetSummary.model_construct(
            id="d_1", name="Pets", version=1, classes={"a": 2, "b": 2}, splits={"train": 4}, pictures=4
        )
        made = workspace.runs.create(dataset, TrainConfig(), name, ME)
        made.write_status(RunStatus(state=state, worker=ME, began=0.0))
        return made

    return make


@pytest.fixture(scope="module")
def trained_once(random_backbone, tmp_path_factory):
    """The folder of a trained model with classes 'a' and 'b'."""
    folder = tmp_path_factory.mktemp("trained")
    start = random_backbone("test_vit", folder / "random", 32)
    save_trained(
        folder / "model",
        load_body(start),
        (np.zeros((2, start.spec.feature_dim), np.float32), np.zeros(2, np.float32)),
        Origin("test_vit", start.spec.preprocessing, "none", "trained here"),
        ("a", "b"),
    )
    return folder / "model"


@pytest.fixture
def trained(run, trained_once):
    """A run that trained a network of its own."""
    made = run("First")
    shutil.copytree(trained_once, made.model_folder)
    return made


def silent(text):
    """Nobody listens."""


def test_without_an_earlier_run_it_is_the_published_network(workspace, lite0_spec):
    backbone = starting_backbone(workspace, TrainConfig(), silent)
    assert backbone.spec == lite0_spec


def test_an_own_network_is_gone_on_from_by_name_and_by_identifier(workspace, trained):
    for ref in ("First", trained.record.id):
        backbone = starting_backbone(workspace, TrainConfig(continue_from=ref), silent)
        assert backbone.spec == own_backbone(trained.model_folder).spec


def test_an_own_network_for_another_size_keeps_its_weights(workspace, trained):
    own = own_backbone(trained.model_folder)
    larger = starting_backbone(workspace, TrainConfig(preset="full", continue_from="First", input_size=64), silent)
    before, after = load_file(own.weights), load_file(larger.weights)
    assert larger.spec.preprocessing.input_size == 64
    assert before["pos_embed"].shape != after["pos_embed"].shape
    same = [key for key in before if before[key].shape == after[key].shape]
    assert len(same) >= len(before) - 1
    assert all(torch.equal(before[key], after[key]) for key in same)


def test_a_run_that_only_fitted_a_layer_stands_on_the_published_network(workspace, run, lite0_spec):
    quick = run("Quick")
    spec = ClassifierSpec(
        backbone=lite0_spec.name,
        weights_sha256=lite0_spec.weights_sha256,
        feature_dim=lite0_spec.feature_dim,
        preprocessing=lite0_spec.preprocessing,
        classes=("x", "y"),
    )
    save_classifier(
        quick.model_folder,
        Classifier(spec, np.zeros((2, lite0_spec.feature_dim), np.float32), np.zeros(2, np.float32)),
    )
    assert starting_backbone(workspace, TrainConfig(continue_from="Quick"), silent).spec == lite0_spec
    assert body_of(workspace, quick).spec == lite0_spec


def test_what_a_classifier_stands_on_stays_when_the_run_that_trained_it_goes(workspace, trained, run):
    later = run("Later")
    kept = keep_body(own_backbone(trained.model_folder), later.model_folder)
    shutil.rmtree(trained.model_folder)
    found = own_backbone(later.model_folder)
    assert found.spec == kept.spec
    load_body(found)  # compares the checksum of the weights


def test_a_run_that_is_gone_is_named(workspace):
    with pytest.raises(NotFoundError, match="'Summer', is not here"):
        starting_backbone(workspace, TrainConfig(continue_from="Summer"), silent)


@pytest.mark.parametrize("state", ["failed", "cancelled", "paused", "running"])
def test_a_run_without_a_network_is_refused_in_words(workspace, run, state):
    run("Half", state=state)
    with pytest.raises(StateError, match=f"'Half' cannot be gone on from.*{state}"):
        starting_backbone(workspace, TrainConfig(continue_from="Half"), silent)


def test_a_size_that_cannot_be_is_refused(workspace, trained):
    with pytest.raises(InputError, match="cannot see pictures of 50 pixels"):
        starting_backbone(workspace, TrainConfig(preset="full", continue_from="First", input_size=50), silent)


@pytest.fixture
def lite0_spec(prepared_backbones):
    from clf_core.models.backbone_store import BackboneStore

    return BackboneStore(prepared_backbones).ensure("tf_efficientnet_lite0").spec
