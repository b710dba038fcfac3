"""How long a run will take, before it starts; an honest rule of thumb, not a promise."""

from clf_core.device import cpu_count

_START_SECONDS = 1.5
"""Starting a process, importing numpy, scipy and OpenVINO, loading the network."""

_PREPARE_SECONDS = 6.0
"""Importing torch and timm once and compiling the network."""

_PICTURES_PER_SECOND_AND_CORE = 150.0
"""Decoding photos of about 500 px and running lite0 on them; measured on two cores: 490 pictures per second
where the processor has bfloat16, 320 where it has not."""

_HEAD_SECONDS_PER_1000 = 0.8
"""Fitting the last layer, cross-validated, with ten classes."""


_VARIANT = 1.3
"""Time of a variant over that of a picture as it is: it is not decoded again, but it is turned and recoloured.
Of the preset 'standard', measured on two cores."""


def estimate_seconds(pictures: int, first_time: bool, rate: float | None = None, variants: int = 0) -> float:
    """Seconds from the start of the worker to the result on the test split.

    Args:
        pictures: of all splits; each is run through the network once.
        first_time: whether the backbone has yet to be prepared on this machine (a download not included).
        rate: pictures per second of an earlier run here, which is better than the rule of thumb.
        variants: changed copies of training pictures that are run through the network beside them.

    Returns:
        Seconds, at least the time a process needs to start.
    """
    per_second = rate if rate and rate > 0 else _PICTURES_PER_SECOND_AND_CORE * min(cpu_count(), 16)
    head = min(pictures + variants, 50_000) / 1000 * _HEAD_SECONDS_PER_1000
    looking = (pictures + _VARIANT * variants) / per_second
    return _START_SECONDS + (_PREPARE_SECONDS if first_time else 0.0) + looking + head
