import pytest

from clf_core.errors import ConfigError, StorageError
from clf_core.jobs import worker
from clf_core.workspace.run_directory import RunDirectory


def test_without_a_run_directory_it_says_how_to_call_it(tmp_path, capsys):
    assert worker.main([]) == worker.main([str(tmp_path)]) == 2
    assert "RUN_DIR" in capsys.readouterr().err


def test_a_cancel_before_the_start_is_heard(run):
    run.request_cancel()
    assert worker.main([str(run.path)]) == 0
    assert run.status().state == "cancelled"


def test_a_missing_dataset_is_a_failure_of_the_persons_making(run):
    assert worker.main([str(run.path)]) == 1
    status = RunDirectory(run.path).status()
    assert status.state == "failed"
    assert status.error.kind == "input"
    assert "version 1" in status.error.what


@pytest.mark.parametrize(
    ("error", "kind", "what"),
    [
        (ConfigError("Too big", field="x"), "input", "Too big"),
        (StorageError("The disk is full"), "storage", "The disk is full"),
        (MemoryError(), "internal", "out of memory"),
        (ZeroDivisionError("division by zero"), "internal", "fault of the studio"),
    ],
)
def test_whatever_goes_wrong_is_stored_in_words(run, monkeypatch, error, kind, what):
    def fail(_self):
        raise error

    monkeypatch.setattr(worker._Worker, "_train_and_test", fail)
    assert worker.main([str(run.path)]) == 1
    stored = run.status().error
    assert stored.kind == kind
    assert what in stored.what
