import pytest

from clf_core.errors import ConfigError, InternalError, StorageError
from clf_core.jobs.failure import in_words


@pytest.mark.parametrize(
    ("error", "kind"),
    [(ConfigError("No", field="x"), "input"), (StorageError("No"), "storage"), (InternalError("No"), "internal")],
)
def test_what_is_known_keeps_its_words(error, kind):
    words = in_words(error)
    assert (words.what, words.kind) == ("No", kind)


def test_what_is_not_known_is_a_fault_of_the_studio_with_where_to_look():
    words = in_words(KeyError("x"))
    assert "fault of the studio" in words.what
    assert "KeyError" in words.why
    assert "worker.log" in words.remedy


@pytest.mark.parametrize(
    "error", [MemoryError(), RuntimeError("CUDA out of memory"), RuntimeError("can't allocate memory: 5 bytes")]
)
def test_want_of_memory_is_named_with_what_to_do(error):
    words = in_words(error)
    assert "out of memory" in words.what
    assert "smaller batch" in words.remedy


def test_another_runtime_error_is_not_want_of_memory():
    assert "memory" not in in_words(RuntimeError("shapes differ")).what
