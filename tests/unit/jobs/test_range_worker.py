from clf_core.jobs import range_worker
from clf_core.results.range_tests import RangeTestReport, RatePoint
from clf_core.workspace.run_directory import RunDirectory

REPORT = RangeTestReport(
    points=(RatePoint(rate=1e-4, loss=0.7),), suggestion=1e-4, steepest=1e-4, exploded=False, reason="Because."
)


def test_without_a_directory_it_says_how_to_call_it(tmp_path, capsys):
    assert range_worker.main([]) == range_worker.main([str(tmp_path)]) == 2
    assert "DIR" in capsys.readouterr().err


def test_a_cancel_before_the_start_is_heard(run):
    run.request_cancel()
    assert range_worker.main([str(run.path)]) == 0
    assert run.status().state == "cancelled"


def test_what_goes_wrong_is_stored_in_words(run):
    assert range_worker.main([str(run.path)]) == 1  # the dataset is not there
    status = RunDirectory(run.path).status()
    assert (status.state, status.error.kind) == ("failed", "input")


def test_what_was_found_is_kept_and_the_caches_are_not(run, monkeypatch):
    run.scratch_folder.mkdir()
    monkeypatch.setattr("clf_core.workspace.datasets.DatasetStore.manifest", lambda *_: None)
    monkeypatch.setattr(range_worker, "find_rate", lambda *_: REPORT)
    assert range_worker.main([str(run.path)]) == 0
    assert run.status().state == "done"
    assert run.range_report() == REPORT
    assert not run.scratch_folder.exists()
