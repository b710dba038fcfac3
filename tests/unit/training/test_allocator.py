"""Allocator settings: given to workers that train in epochs, understood by glibc, and nobody's own are lost."""

import subprocess
import sys

import pytest

from clf_core.training.allocator import worker_environment


def on_linux(monkeypatch, libc="glibc"):
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setattr("platform.libc_ver", lambda: (libc, "2.36"))


def test_workers_that_train_in_epochs_keep_their_memory(monkeypatch):
    on_linux(monkeypatch)
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    for preset in ("balanced", "thorough", "full", "scratch"):
        assert set(worker_environment(preset)["GLIBC_TUNABLES"].split(":")) >= {
            "glibc.malloc.mmap_max=0",
            "glibc.malloc.hugetlb=1",
        }
    assert worker_environment("quick") == {}


def test_elsewhere_nothing_is_set(monkeypatch):
    on_linux(monkeypatch, libc="")  # such as musl
    assert worker_environment("full") == {}
    monkeypatch.setattr("sys.platform", "darwin")
    assert worker_environment("full") == {}


def test_what_a_person_set_wins(monkeypatch):
    on_linux(monkeypatch)
    monkeypatch.setenv("GLIBC_TUNABLES", "glibc.malloc.hugetlb=0:glibc.malloc.check=1")
    parts = worker_environment("full")["GLIBC_TUNABLES"].split(":")
    assert "glibc.malloc.hugetlb=0" in parts
    assert "glibc.malloc.check=1" in parts
    assert "glibc.malloc.hugetlb=1" not in parts
    assert "glibc.malloc.mmap_max=0" in parts


def test_it_loads_no_torch():
    code = "import sys, clf_core.training.allocator; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.skipif(not worker_environment("full"), reason="Linux with glibc only")
def test_a_process_started_so_keeps_what_it_freed():
    """A block of 200 MB is unmapped by the ordinary allocator as soon as it is freed, and kept by this one."""
    code = (
        "import ctypes\n"
        "libc = ctypes.CDLL(None)\n"
        "libc.malloc.restype, libc.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]\n"
        "libc.free.argtypes = [ctypes.c_void_p]\n"
        "place = libc.malloc(200 << 20)\n"
        "ctypes.memset(place, 1, 200 << 20)\n"
        "libc.free(place)\n"
        "print(int(open('/proc/self/statm').read().split()[1]) * 4096 >> 20)\n"
    )

    def resident(environment):
        done = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True, env=environment
        )
        return int(done.stdout)

    assert resident({}) < 150
    assert resident(worker_environment("full")) > 190
