"""Whether weights can be had is asked once in a while, and told in words."""

import pytest

from clf_core.api import backbones
from clf_core.errors import NotFoundError, WeightsUnavailableError
from clf_core.models import availability


@pytest.fixture
def asked(monkeypatch, tmp_path):
    """Servers asked, none of which answers."""
    from huggingface_hub import constants

    seen = []
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "ENDPOINT", "https://hub.example")
    monkeypatch.setattr(availability, "answers", lambda address, seconds: seen.append(address))
    return seen


def test_what_is_here_is_not_asked_for(bench, asked):
    bench.backbones.check("tf_efficientnet_lite0")
    assert asked == []


def test_what_is_neither_here_nor_reachable_is_told(bench, asked):
    for _ in range(2):
        with pytest.raises(WeightsUnavailableError, match=r"hub\.example does not answer"):
            bench.backbones.check("resnet50.a1_in1k")
    assert asked == ["https://hub.example"]  # the answer is good for a while


def test_the_answer_is_asked_for_again_later(bench, asked, monkeypatch):
    monkeypatch.setattr(backbones, "_ASK_AGAIN_SECONDS", -1.0)
    for _ in range(2):
        with pytest.raises(WeightsUnavailableError):
            bench.backbones.check("resnet50.a1_in1k")
    assert len(asked) == 2


def test_weights_of_other_places_are_asked_for_there(bench, asked):
    with pytest.raises(WeightsUnavailableError, match=r"github\.com does not answer"):
        bench.backbones.check("gcvit_tiny.in1k")
    assert asked[0].startswith("https://github.com/")


def test_a_server_that_answers_is_enough(bench, asked, monkeypatch):
    monkeypatch.setattr(availability, "answers", lambda address, seconds: True)
    bench.backbones.check("resnet50.a1_in1k")


def test_unknown_names(bench, asked):
    with pytest.raises(NotFoundError):
        bench.backbones.check("../../etc")
