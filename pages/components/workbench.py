"""The one workbench of this server process, shared by all sessions and by the routes."""

from functools import lru_cache

from clf_core.api import Workbench, open_workbench


@lru_cache(maxsize=1)
def workbench() -> Workbench:
    """Return the workbench on the operator's settings; made at first use."""
    return open_workbench()
