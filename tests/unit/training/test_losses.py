"""Losses against their definitions and against torch, timm and scikit-learn."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st

from clf_core.errors import ConfigError
from clf_core.training.losses import Loss, Targets, class_weights, focal_loss, plain_loss
from tests.unit.training.small_task import PLAN

LABELS = np.repeat([0, 1, 2], [8, 4, 2])
CPU = torch.device("cpu")


def batch(count=6, seed=0):
    generator = torch.Generator().manual_seed(seed)
    logits = torch.randn(count, 3, generator=generator) * 3
    labels = torch.randint(0, 3, (count,), generator=generator)
    return logits, labels, F.one_hot(labels, 3).float()


def test_plain_cross_entropy_is_torchs():
    logits, labels, targets = batch()
    expected = F.cross_entropy(logits, labels, reduction="none")
    assert torch.allclose(Loss(PLAN, LABELS, 3, CPU)(logits, targets), expected, atol=1e-6)
    assert torch.allclose(plain_loss(logits, targets), expected, atol=1e-6)


def test_label_smoothing_is_torchs():
    logits, labels, targets = batch()
    smooth = Loss(replace(PLAN, label_smoothing=0.2), LABELS, 3, CPU)(logits, targets)
    assert torch.allclose(smooth, F.cross_entropy(logits, labels, label_smoothing=0.2, reduction="none"), atol=1e-6)


def test_soft_labels_are_timms():
    from timm.loss import SoftTargetCrossEntropy

    logits, _, targets = batch()
    mixed = 0.3 * targets + 0.7 * targets.flip(0)
    ours = Loss(PLAN, LABELS, 3, CPU)(logits, mixed).mean()
    assert torch.allclose(ours, SoftTargetCrossEntropy()(logits, mixed), atol=1e-6)


def test_weights_are_scikit_learns():
    from sklearn.utils.class_weight import compute_class_weight

    expected = compute_class_weight("balanced", classes=np.arange(3), y=LABELS)
    assert np.allclose(class_weights(LABELS, 3), expected)
    assert class_weights(LABELS, 4)[3] == 0
    assert class_weights(LABELS, 3)[LABELS].mean() == pytest.approx(1)
    logits, labels, targets = batch()
    weighted = Loss(replace(PLAN, imbalance="weights"), LABELS, 3, CPU)(logits, targets)
    plain = F.cross_entropy(logits, labels, reduction="none")
    assert torch.allclose(weighted, plain * torch.from_numpy(expected).float()[labels], atol=1e-6)


def test_focal_loss_is_its_definition():
    logits, labels, targets = batch()
    p = logits.softmax(1)[torch.arange(6), labels]
    assert torch.allclose(focal_loss(logits, targets, 2.0), -((1 - p) ** 2) * p.log(), atol=1e-5)
    assert torch.allclose(focal_loss(logits, targets, 0.0), -p.log(), atol=1e-5)
    sure = torch.tensor([[9.0, 0.0, 0.0]])
    unsure = torch.tensor([[0.1, 0.0, 0.0]])
    one = torch.tensor([[1.0, 0.0, 0.0]])
    assert focal_loss(sure, one) / plain_loss(sure, one) < 1e-6
    assert focal_loss(unsure, one) / plain_loss(unsure, one) > 0.3


@given(st.integers(1, 40), st.integers(1, 5), st.sampled_from(["none", "weights", "focal"]))
def test_a_loss_adds_up_over_parts(count, parts, imbalance):
    logits, _, targets = batch(count)
    loss = Loss(replace(PLAN, imbalance=imbalance, label_smoothing=0.1), LABELS, 3, CPU)
    pieces = [loss(logits[k::parts], targets[k::parts]).sum() for k in range(parts)]
    assert torch.allclose(torch.stack(pieces).sum(), loss(logits, targets).sum(), rtol=1e-4)


MIXES = [replace(PLAN, mixup=0.8), replace(PLAN, cutmix=1.0), replace(PLAN, mixup=0.8, cutmix=1.0)]


@pytest.mark.parametrize("plan", MIXES, ids=["mixup", "cutmix", "both"])
@pytest.mark.parametrize("count", [5, 6])
def test_blended_pictures_and_labels_agree(plan, count):
    """Each picture is one colour, its class's: the share of a colour in a picture is the label's."""
    labels = torch.arange(count) % 3
    pictures = F.one_hot(labels, 3).float()[:, :, None, None].expand(count, 3, 16, 16).contiguous()
    before, blended = pictures.clone(), 0
    for seed in range(8):
        mixed, soft = Targets(plan, 3)(pictures, labels, seed)
        assert torch.equal(pictures, before), "what was given is not changed"
        assert torch.allclose(mixed.mean(dim=(2, 3)), soft, atol=1e-5)
        assert torch.allclose(soft.sum(1), torch.ones(count))
        blended += int((soft.max(1).values < 1).any())
    assert blended >= 4


def test_blending_depends_on_the_seed_alone_and_leaves_numpy_alone():
    targets, (pictures, labels) = Targets(MIXES[2], 3), (torch.randn(4, 3, 8, 8), torch.tensor([0, 1, 2, 0]))
    np.random.seed(1)
    state = np.random.get_state()[1].copy()
    first = targets(pictures, labels, 7)
    assert np.array_equal(np.random.get_state()[1], state)
    np.random.rand(10)
    again, other = targets(pictures, labels, 7), targets(pictures, labels, 8)
    assert torch.equal(first[0], again[0])
    assert torch.equal(first[1], again[1])
    assert not torch.equal(first[0], other[0])


def test_cutmix_needs_pictures():
    with pytest.raises(ConfigError) as refused:
        Targets(MIXES[1], 3)(torch.randn(4, 10), torch.tensor([0, 1, 2, 0]), 1)
    assert refused.value.field == "cutmix"
    mixed, _ = Targets(MIXES[0], 3)(torch.randn(4, 10), torch.tensor([0, 1, 2, 0]), 1)
    assert mixed.shape == (4, 10)
