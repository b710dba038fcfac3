import os
import subprocess
import sys

import pytest
import torch

from clf_core import device
from clf_core.errors import ConfigError


def test_there_is_at_least_one_core():
    assert 1 <= device.cpu_count() <= (os.cpu_count() or 1)


def test_without_a_driver_auto_means_cpu_and_torch_stays_out():
    code = (
        "import sys; from clf_core import device; device._has_nvidia_driver = lambda: False;"
        "assert device.choose('auto') == 'cpu'; assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("available", "wanted", "chosen"), [(True, "auto", "cuda"), (False, "auto", "cpu")])
def test_with_a_driver_torch_decides(monkeypatch, available, wanted, chosen):
    monkeypatch.setattr(device, "_has_nvidia_driver", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: available)
    assert device.choose(wanted) == chosen


def test_asking_for_a_missing_card_is_refused_not_ignored(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ConfigError) as caught:
        device.choose("cuda")
    assert caught.value.field == "device"
