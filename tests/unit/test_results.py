import inspect

import pytest
from pydantic import ValidationError

from clf_core import results
from clf_core.values import Value


def test_values_are_frozen_and_refuse_unknown_fields():
    skipped = results.SkippedFile(name="a.jpg", reason="not a picture")
    with pytest.raises(ValidationError):
        skipped.name = "b.jpg"
    with pytest.raises(ValidationError):
        results.SkippedFile(name="a.jpg", reason="x", path="/etc/passwd")


def test_every_result_has_a_docstring():
    for name, cls in inspect.getmembers(results, inspect.isclass):
        if issubclass(cls, Value) and cls.__module__ == results.__name__:
            assert cls.__doc__, name


def test_the_final_states_are_states():
    assert set(results.RunState.__args__) > results.FINAL_STATES
