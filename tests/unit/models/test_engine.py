"""The README promises that the studio sends nothing anywhere."""

import os
import subprocess
import sys


def test_openvino_reports_nothing(tmp_path):
    """Left to itself it leaves an identifier for its reports in the home directory, already when imported."""
    code = (
        "import sys, warnings; warnings.simplefilter('ignore')\n"
        "from pathlib import Path; import torch\n"
        "from clf_core.config import Preprocessing\n"
        "from clf_core.models.compiled import write_compiled\n"
        "class Body(torch.nn.Module):\n"
        "    def forward_features(self, pictures): return pictures * 2\n"
        "    def forward_head(self, maps, pre_logits): return maps.mean((2, 3))\n"
        "plain = Preprocessing(input_size=32, resize_size=32, mean=(0.5,) * 3, std=(0.5,) * 3)\n"
        f"assert write_compiled(Body(), plain, Path({str(tmp_path)!r}))\n"
        "print(sys.modules['openvino_telemetry'], 'openvino' in sys.modules)\n"
    )
    home = tmp_path / "home"
    home.mkdir()
    environment = {**os.environ, "HOME": str(home), "USERPROFILE": str(home)}
    environment.pop("CI", None)  # there OpenVINO keeps quiet by itself
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, check=True, env=environment
    )
    assert done.stdout.split() == ["None", "True"]
    assert not (home / "intel").exists()
