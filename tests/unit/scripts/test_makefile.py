"""Setting up: what was done only in part is done again."""

import shutil
import subprocess
from pathlib import Path

MAKEFILE = Path(__file__).parents[3] / "Makefile"

_PYTHON = """#!/bin/sh
# Stands for a Python whose venv makes the folders and then fails, as Debian's does without ensurepip.
[ "$1" = -c ] && exit 0
mkdir -p "$3/bin" && touch "$3/bin/python"
exit 1
"""


def test_an_environment_made_in_part_does_not_count_as_made(tmp_path):
    shutil.copy(MAKEFILE, tmp_path)
    (tmp_path / "requirements.txt").touch()
    python = tmp_path / "python"
    python.write_text(_PYTHON)
    python.chmod(0o755)
    make = shutil.which("make")
    assert make is not None
    done = subprocess.run(
        [make, "app", f"PYTHON={python}", "VENV=env"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert (tmp_path / "env" / "bin").is_dir()
    assert not (tmp_path / "env" / "bin" / "python").exists()
