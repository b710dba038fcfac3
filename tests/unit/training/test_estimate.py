"""The estimate grows with the work and trusts a measured rate."""

from clf_core.training.estimate import estimate_seconds


def test_more_work_takes_longer():
    assert estimate_seconds(100, False) < estimate_seconds(1000, False) < estimate_seconds(1000, True)
    assert estimate_seconds(0, False) > 0


def test_a_measured_rate_replaces_the_rule():
    assert estimate_seconds(10_000, False, rate=100) - estimate_seconds(10_000, False, rate=200) == 50
    assert estimate_seconds(1000, False, rate=0) == estimate_seconds(1000, False)


def test_variants_take_time():
    plain = estimate_seconds(1000, False, rate=100)
    assert 10 < estimate_seconds(1000, False, rate=100, variants=1000) - plain < 20
