"""Whether the weights of a network can be had at all, asked before a training begins. Imports no torch."""

from urllib.parse import urlsplit

from clf_core.errors import WeightsUnavailableError
from clf_core.reachability import answers

PROBE_SECONDS = 2.0
"""A page waits for the answer, so this is shorter than what a download itself allows."""


def server_of(source: str) -> str:
    """Return the address that weights are fetched from: the source's own, or that of the Hugging Face hub."""
    if urlsplit(source).scheme in ("http", "https"):
        return source
    from huggingface_hub import constants

    return str(constants.ENDPOINT)


def reachable(source: str) -> bool:
    """Whether the server that keeps these weights answers."""
    return answers(server_of(source), PROBE_SECONDS)


def unavailable(name: str, source: str) -> WeightsUnavailableError:
    """Say that weights are neither here nor reachable."""
    host = urlsplit(server_of(source)).hostname or source
    return WeightsUnavailableError(
        f"The weights of {name} are not on this machine and cannot be downloaded now",
        why=f"{host} does not answer",
        remedy="Connect this machine to the internet, or choose a network whose weights are here",
    )
