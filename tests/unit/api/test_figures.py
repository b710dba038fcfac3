import numpy as np
import pytest

from clf_core.api import Workbench
from clf_core.errors import StateError
from clf_core.evaluation import figures as evaluation_figures
from clf_core.workspace import Workspace
from tests.planted_runs import answers_of, dataset_answers, plant_run


@pytest.fixture
def dataset(bench, pets):
    return bench.datasets.get(pets.dataset_id)


def test_figures_are_worked_out_once_and_kept_with_the_run(bench, dataset, monkeypatch):
    run = plant_run(bench, dataset, dataset_answers(bench, dataset, [False] + [True] * 3), "Ann")
    figures = bench.figures.of("Ann")
    assert figures.n == bench.evaluation.report(run).n == 4
    assert figures.accuracy.value == 0.75
    monkeypatch.setattr(evaluation_figures, "figures_of", None)
    assert bench.figures.of(run) == figures
    assert Workbench(bench.settings).figures.of(run) == figures


def test_looking_at_figures_is_no_look_of_its_own(bench, dataset):
    run = plant_run(bench, dataset, dataset_answers(bench, dataset, [True] * 4), "Ann")
    bench.figures.of(run)
    assert bench.evaluation.report(run).looks == 1


def test_a_run_without_answers_or_without_a_test_says_so(bench, dataset):
    old = plant_run(bench, dataset, dataset_answers(bench, dataset, [True] * 4), "Old", with_answers=False)
    with pytest.raises(StateError, match="earlier version"):
        bench.figures.of(old)
    run = plant_run(bench, dataset, dataset_answers(bench, dataset, [True] * 4), "Ann")
    (Workspace(bench.settings.workspace).runs.find(run).path / "evaluation.json").unlink()
    with pytest.raises(StateError, match="no test pictures"):
        bench.figures.of(run)


def test_the_verdict_of_a_run(bench, dataset):
    digests = [f"{number:064x}" for number in range(60)]
    true = np.arange(60) % 2
    said = np.where(np.isin(np.arange(60), [0, 2, 4, 5]), 1 - true, true)
    sure = np.where(said != true, 0.97, 0.9)
    run = plant_run(bench, dataset, answers_of(("blue", "red"), digests, true, said, sure=sure), "Ann")
    verdict = bench.evaluation.verdict(run)
    assert verdict.accuracy == "56 of 60 right; on new pictures like these expect 84–98 %."
    assert verdict.beats_baseline == "yes"
    assert [weak.name for weak in verdict.weakest] == ["blue", "red"]
    assert (verdict.mix_up.true, verdict.mix_up.count, verdict.mix_up.back) == ("blue", 3, 1)
    assert verdict.mix_up.mistaken.sha256 in (digests[0], digests[2], digests[4])
    assert "labels" in [proposal.key for proposal in bench.evaluation.proposals(run)]
    assert verdict.next_step == bench.evaluation.proposals(run)[0]
    assert verdict.next_step is not None
    assert bench.evaluation.report(run).looks == 1
