"""A search from its start to its winner: judged by validation pictures alone, killed and gone on with, on time."""

import os
import signal
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from clf_core.api import Workbench
from clf_core.config import search_config
from clf_core.errors import StateError
from clf_core.settings import Settings

TINY = {
    "input_size": 16,
    "layers": [{"kind": "convolution", "filters": 8}, {"kind": "pooling"}, {"kind": "flatten"}],
}


@pytest.fixture(scope="module")
def bench(make_workspace, tmp_path_factory) -> Workbench:
    """Two datasets with the same pictures but for the test split."""
    bench = Workbench(Settings(workspace=make_workspace()))
    for name, test_seed in (("Shades", 1), ("Other test", 2)):
        folder = tmp_path_factory.mktemp("pictures")
        for split, count, seed in (("train", 15, 0), ("val", 15, 9), ("test", 8, test_seed)):
            write_shades(folder / split, count, seed, swapped=test_seed == 2 and split == "test")
        bench.imports.path(folder, name)
    return bench


def write_shades(folder: Path, count: int, seed: int, *, swapped: bool) -> None:
    """Two classes of grey noise, one a little lighter; ``swapped`` puts each into the other's folder."""
    random = np.random.default_rng(seed)
    for shade, name in ((118, "dark"), (138, "light")):
        into = folder / (("light" if name == "dark" else "dark") if swapped else name)
        into.mkdir(parents=True)
        for number in range(count):
            pixels = np.clip(random.normal(shade + random.normal(0, 12), 40, (24, 24, 3)), 0, 255)
            Image.fromarray(pixels.astype(np.uint8)).save(into / f"{number:03}.png")


def wait_for(condition, seconds: float = 60.0) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.02)


def ended(bench, search):
    return [trial for trial in bench.searches.progress(search.id).trials if trial.state != "running"]


def processes_of(search) -> list[int]:
    """Every living process whose command names the search's directory."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                if search.id.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def worker_of(bench, search) -> int:
    return bench.searches._find(search.id).launched().pid


def test_the_winner_is_chosen_by_validation_pictures_only_and_tested_once(bench):
    base = {"device": "cpu"}
    configs = [
        search_config({"settings": ["fit", "augment"], "trials": 3, "slots": 1, "base": base, "train_winner": trained})
        for trained in (True, False)
    ]
    outcomes = []
    for name, config in zip(("Shades", "Other test"), configs, strict=True):
        search = bench.searches.wait(bench.searches.start(name, config).id)
        assert search.state == "done", search.error
        progress = bench.searches.progress(search.id)
        assert progress.trials[0].drawn == {"fit": "crop", "augment": "auto"}
        outcomes.append(([(t.drawn, t.accuracy, t.loss) for t in progress.trials], progress.best))
        best = bench.searches.trial_config(search.id, progress.best)
        assert best.refit
    assert len(outcomes[0][0]) == 3
    assert outcomes[0] == outcomes[1]
    second, first = bench.searches.list()
    assert bench.searches.winner(second.id) is None
    run = bench.runs.wait(bench.searches.winner(first.id).id)
    assert bench.runs.config(run.id) == bench.searches.trial_config(first.id, outcomes[0][1])
    assert (run.state, 0 <= run.metrics["accuracy"] <= 1) == ("done", True)  # 16 pictures: luck decides how good


def test_a_killed_search_leaves_no_process_behind_and_goes_on_where_it_was(bench):
    config = search_config(
        {
            "base": {"preset": "scratch", "network": TINY, "epochs": 4, "device": "cpu"},
            "settings": ["learning_rate", "augment"],
            "trials": 5,
            "slots": 2,
            "train_winner": False,
        }
    )
    search = bench.searches.start("Shades", config, name="killed")
    wait_for(lambda: len(ended(bench, search)) >= 2)
    wait_for(lambda: any(trial.state == "running" for trial in bench.searches.progress(search.id).trials))
    os.kill(worker_of(bench, search), signal.SIGKILL)
    wait_for(lambda: bench.searches.get(search.id).state == "interrupted", 5)
    wait_for(lambda: not processes_of(search), 5)
    before = bench.searches.progress(search.id).trials
    assert bench.searches.get(search.id).resumable
    assert "Resume" in bench.searches.get(search.id).error.remedy
    bench.searches.resume("KILLED")
    assert bench.searches.wait(search.id).state == "done"
    after = bench.searches.progress(search.id).trials
    kept = [trial for trial in before if trial.state in ("done", "pruned")]
    assert kept == [trial for trial in after[: len(before)] if trial.state in ("done", "pruned")]
    counted = [trial for trial in after if trial.state != "cut"]
    assert len(counted) == len({str(trial.drawn) for trial in counted}) == 5
    again = [trial.drawn for trial in after if trial.state == "cut"]
    assert all(drawn in [trial.drawn for trial in counted] for drawn in again)
    assert not bench.searches._find(search.id).shared_folder.exists()
    wait_for(lambda: not processes_of(search), 5)
    with pytest.raises(StateError, match="done"):
        bench.searches.resume(search.id)
    with pytest.raises(StateError, match="already done"):
        bench.searches.stop(search.id)
