import inspect

from clf_core import errors
from clf_core.errors import ClfError, ConfigError, InputError


def test_the_three_parts_become_sentences():
    error = ClfError("The archive is broken", why="it ends too early.", remedy="Make it again")
    assert str(error) == "The archive is broken. it ends too early. Make it again."


def test_missing_parts_leave_no_trace():
    assert str(ClfError("Nothing found")) == "Nothing found."


def test_a_config_error_names_its_field():
    assert ConfigError("No", field="seed").field == "seed"


def test_every_error_is_drawn_in_the_module_docstring():
    classes = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, ClfError)]
    assert InputError in classes
    for cls in classes:
        assert cls.__name__ in (errors.__doc__ or "")
