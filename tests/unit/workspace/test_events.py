from hypothesis import given
from hypothesis import strategies as st

from clf_core.results import RunEvent
from clf_core.workspace.events import EventTail

FIRST = RunEvent(time=1.0, kind="stage", stage="features", total=10)
SECOND = RunEvent(time=2.0, kind="progress", stage="features", done=5, total=10, rate=5.0)


def _line(event: RunEvent) -> bytes:
    return event.model_dump_json().encode() + b"\n"


def test_only_what_is_new_is_returned(tmp_path):
    path = tmp_path / "events.jsonl"
    tail = EventTail(path)
    assert tail.read_new() == []
    path.write_bytes(_line(FIRST))
    assert tail.read_new() == [FIRST]
    assert tail.read_new() == []
    with path.open("ab") as file:
        file.write(_line(SECOND))
    assert tail.read_new() == [SECOND]


def test_a_damaged_line_does_not_hide_the_next(tmp_path):
    path = tmp_path / "events.jsonl"
    path.write_bytes(b'{"time": "never"}\n\xff\xfe\n\n' + _line(FIRST))
    assert EventTail(path).read_new() == [FIRST]


@given(cut=st.integers(0, len(_line(FIRST) + _line(SECOND))))
def test_half_a_line_is_waited_for(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("events") / "events.jsonl"
    whole = _line(FIRST) + _line(SECOND)
    path.write_bytes(whole[:cut])
    tail = EventTail(path)
    seen = tail.read_new()
    path.write_bytes(whole)
    assert seen + tail.read_new() == [FIRST, SECOND]
