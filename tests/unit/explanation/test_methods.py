import pytest

from clf_core.errors import ConfigError
from clf_core.explanation.methods import DEFAULT_METHOD, METHODS, SMOOTHINGS, require_method, require_smoothing


def test_each_method_says_what_it_does_and_where_it_comes_from():
    assert next(iter(METHODS)) == DEFAULT_METHOD
    for key, method in METHODS.items():
        assert method.key == key
        assert method.note.endswith(".")
        assert any(character.isdigit() for character in method.source) or "package" in method.source


@pytest.mark.parametrize(("smooth", "asked"), [("none", (False, False)), ("both", (True, True))])
def test_smoothings(smooth, asked):
    assert require_smoothing(smooth, METHODS["gradcam"]) == asked


def test_what_there_is_none_of_is_told_with_what_there_is():
    with pytest.raises(ConfigError) as method:
        require_method("x")
    assert all(key in method.value.remedy for key in METHODS)
    with pytest.raises(ConfigError) as smoothing:
        require_smoothing("x", METHODS["gradcam"])
    assert all(key in smoothing.value.remedy for key in SMOOTHINGS)
