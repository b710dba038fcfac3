from clf_core.workspace import looks
from clf_core.workspace.looks import LookLog


def test_each_process_adds_a_look_and_reruns_do_not(run):
    server, terminal = LookLog(), LookLog()
    assert [server.count_look(run) for _ in range(3)] == [1, 1, 1]
    assert terminal.count_look(run) == 2
    assert len((run.path / "looks.log").read_text().splitlines()) == 2


def test_coming_back_later_is_another_look(run, monkeypatch):
    log = LookLog()
    log.count_look(run)
    monkeypatch.setattr(looks, "_SAME_LOOK_SECONDS", -1.0)
    assert log.count_look(run) == 2


def test_looks_are_counted_without_looking(run):
    log = LookLog()
    assert [LookLog.count(run), log.count_look(run), LookLog.count(run), LookLog.count(run)] == [0, 1, 1, 1]
