"""Telling one process from another, also after a restart of the studio or of the machine.

A pid alone is reused. Together with the start time it is unique; on Linux that is taken in clock ticks
since boot, with the identifier of the boot, because wall-clock start times move when the clock is set.
"""

import contextlib
import os
import signal
import sys
import time
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


def age() -> float:
    """Return the seconds since this process began, the start of the interpreter included."""
    began = identify(os.getpid())
    if began is None or sys.platform != "linux":
        import psutil

        return max(0.0, time.time() - float(psutil.Process().create_time()))
    since_boot = float(Path("/proc/uptime").read_text("ascii").split()[0])
    return max(0.0, since_boot - int(began.started.rpartition(":")[2]) / os.sysconf("SC_CLK_TCK"))


def is_alive(identity: ProcessIdentity) -> bool:
    """True while that very process runs; false for a zombie and for another process with its pid."""
    return identify(identity.pid) == identity


def started_in_this_boot(identity: ProcessIdentity) -> bool:
    """True when times by the clock that never jumps (``time.monotonic``) of that process compare with ours."""
    if sys.platform != "linux":
        return is_alive(identity)
    return identity.started.split(":")[0] == _boot()


def marked(name: str, value: str) -> tuple[int, ...]:
    """Return the pids of this user's processes that were started with this environment variable.

    Workers under torchrun lead sessions of their own, so ending a process group does not reach them; their
    environment does tell whose they are.
    """
    wanted = f"{name}={value}".encode()
    if sys.platform != "linux":
        return _marked_elsewhere(name, value)
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            with contextlib.suppress(OSError):  # another user's, or ended in the meantime
                if wanted in (folder / "environ").read_bytes().split(b"\0"):
                    found.append(int(folder.name))
    return tuple(found)


def kill(pid: int) -> None:
    """End a process at once, if it is still there."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, signal.SIGTERM if os.name == "nt" else signal.SIGKILL)


def memory_kills() -> int:
    """Return how many processes this machine, or this container, has ended for want of memory; 0 where unknown."""
    counts = []
    for path in (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat")):
        with contextlib.suppress(OSError, ValueError):
            lines = (line.split() for line in path.read_text("ascii").splitlines())
            counts.append(sum(int(words[1]) for words in lines if len(words) == 2 and words[0] == "oom_kill"))
    return sum(counts)


def _started_linux(pid: int) -> str | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_bytes()
        boot = _boot()
    except OSError:
        return None
    # pid (name) state ppid …: the name may hold spaces and brackets, so fields are counted from its end.
    fields = stat[stat.rindex(b")") + 2 :].split()
    state, start_ticks = fields[0].decode(), int(fields[19])
    return None if state in _DEAD_STATES else f"{boot}:{start_ticks}"


def _boot() -> str:
    return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip()


def _started_elsewhere(pid: int) -> str | None:
    import psutil

    try:
        process = psutil.Process(pid)
        return None if process.status() == psutil.STATUS_ZOMBIE else repr(process.create_time())
    except psutil.Error:
        return None


def _marked_elsewhere(name: str, value: str) -> tuple[int, ...]:
    import psutil

    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error, OSError):
            if process.environ().get(name) == value:
                found.append(process.pid)
    return tuple(found)
