"""Telling one process from another, also after a restart of the studio or of the machine.

A pid alone is reused. Together with the start time it is unique; on Linux that is taken in clock ticks
since boot, with the identifier of the boot, because wall-clock start times move when the clock is set.
"""

import os
import sys
from pathlib import Path

from clf_core.workspace.records import ProcessIdentity

_DEAD_STATES = frozenset("ZXx")
"""Zombie and dead, as in proc(5): a child that ended and was not waited for yet is as dead as any."""


def current() -> ProcessIdentity:
    """Return the identity of this process."""
    identity = identify(os.getpid())
    if identity is None:
        raise RuntimeError("this process cannot find itself")
    return identity


def identify(pid: int) -> ProcessIdentity | None:
    """Return the identity of a living process, None if there is none of that number."""
    started = _started_linux(pid) if sys.platform == "linux" else _started_elsewhere(pid)
    return ProcessIdentity(pid=pid, started=started) if started else None


def is_alive(identity: ProcessIdentity) -> bool:
    """True while that very process runs; false for a zombie and for another process with its pid."""
    return identify(identity.pid) == identity


def _started_linux(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        boot = Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()
    except OSError:
        return None
    # pid (name) state ppid …: the name may hold spaces and brackets, so fields are counted from its end.
    fields = stat[stat.rindex(b")") + 2 :].split()
    state, start_ticks = fields[0].decode(), int(fields[19])
    return None if state in _DEAD_STATES else f"{boot}:{start_ticks}"


def _started_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
    except psutil.Error:
        return None
