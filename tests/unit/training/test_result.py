import time

import pytest

from clf_core.training.result import Resources


def test_a_time_limit_is_short_of_what_went_before_and_what_comes_after(tmp_path):
    resources = Resources(
        lambda key: b"", "cpu", tmp_path, tmp_path, began=time.perf_counter() - 7.0, ending_seconds=5.0
    )
    assert resources.elsewhere() == pytest.approx(12.0, abs=0.5)
