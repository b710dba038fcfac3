"""The process that makes the parts: one after another, whatever becomes of each."""

import shutil

import pytest

from clf_core.errors import DatasetError
from clf_core.jobs import insight_worker
from clf_core.jobs.insight_worker import PARTS, InsightWorker, in_words
from clf_core.jobs.insights import folder_of, read_work


class _Part:
    """A part that writes a file, or fails."""

    def __init__(self, name, error=None):
        self.name, self.title, self.error = name, name, error

    def done(self, run):
        return (folder_of(run, self.name) / "done").exists()

    def make(self, run, _workspace, model, tell):
        tell(1, 2)
        if self.error is not None:
            raise self.error
        folder_of(run, self.name).mkdir()
        (folder_of(run, self.name) / "done").write_text(model)


@pytest.fixture
def work(run, monkeypatch):
    """``work(*parts)`` makes the parts with a model that is only a word."""

    def make(*parts):
        monkeypatch.setattr(InsightWorker, "_loaded", lambda _self: "the model")
        return InsightWorker(run, list(parts)).work()

    return make


def test_how_it_is_called(tmp_path, capsys, run):
    assert insight_worker.main([]) == insight_worker.main([str(tmp_path), "features"]) == 2
    assert insight_worker.main([str(run.path), "no-such-part"]) == 2
    assert "RUN_DIR" in capsys.readouterr().err


def test_the_parts_have_names_that_can_be_folders():
    names = [part.name for part in PARTS]
    assert len(set(names)) == len(names)
    assert all(name.isascii() and name.isalpha() and name.islower() for name in names)
    assert all(part.title for part in PARTS)


def test_a_part_that_fails_is_noted_and_the_next_one_is_made(run, work):
    good = _Part("good")
    bad, worse = _Part("bad", DatasetError("Nothing is left", remedy="Import again")), _Part("worse", KeyError("x"))
    assert work(bad, worse, good) == 0
    done = read_work(run.path / "insights")
    assert (done.state, done.part) == ("done", "")
    assert done.failed["bad"] == "Nothing is left. Import again."
    assert "fault of the studio (KeyError" in done.failed["worse"]
    assert (folder_of(run, "good") / "done").read_text() == "the model"


def test_what_is_there_is_not_made_again(run, work):
    part = _Part("good")
    assert work(part) == 0
    (folder_of(run, "good") / "done").write_text("kept")
    assert work(part) == 0
    assert (folder_of(run, "good") / "done").read_text() == "kept"


def test_a_run_that_is_gone_ends_the_work(run, work):
    class Removes(_Part):
        def make(self, run, *_):
            shutil.rmtree(run.path)

    later = _Part("later")
    assert work(Removes("removes"), later) == 1
    assert not run.path.exists()


def test_too_little_memory_is_told_as_such():
    assert "out of memory" in in_words(MemoryError())
