import os
import subprocess
import sys
import time

import psutil
import pytest

from clf_core.jobs import process


@pytest.fixture
def child():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    yield child
    child.kill()
    child.communicate()


def test_this_process_is_alive():
    assert process.is_alive(process.current())
    assert process.current() == process.current()


def test_a_child_is_alive_until_it_ends(child):
    identity = process.identify(child.pid)
    assert process.is_alive(identity)
    child.kill()
    child.wait()
    assert not process.is_alive(identity)
    assert process.identify(child.pid) is None


def test_an_ended_child_nobody_waited_for_is_dead(child):
    identity = process.identify(child.pid)
    child.stdin.close()
    # WNOWAIT looks without reaping, so the child is a zombie for certain.
    os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
    assert not process.is_alive(identity)


def test_another_process_with_the_same_number_is_not_taken_for_it():
    mine = process.current()
    assert not process.is_alive(mine.model_copy(update={"started": mine.started + "0"}))


def test_a_process_of_before_the_reboot_is_dead():
    mine = process.current()
    boot, ticks = mine.started.split(":")
    assert not process.is_alive(mine.model_copy(update={"started": f"{boot[::-1]}:{ticks}"}))


def test_other_systems_use_psutil_with_the_same_answers(monkeypatch, child):
    assert psutil.pid_exists(child.pid)  # imported before the system changes its name
    monkeypatch.setattr(sys, "platform", "darwin")
    identity = process.identify(child.pid)
    assert process.is_alive(identity)
    child.kill()
    child.wait()
    assert not process.is_alive(identity)


def test_times_compare_within_one_boot():
    assert process.started_in_this_boot(process.current())
    assert not process.started_in_this_boot(process.current().model_copy(update={"started": "another:1"}))


def test_ended_for_want_of_memory_is_a_count():
    assert process.memory_kills() >= 0


def test_a_mark_nobody_has_finds_nobody():
    assert process.marked("CLF_RUN_ID", "r-nobody") == ()


def test_the_age_of_a_process_counts_from_its_start():
    code = "import time; time.sleep(0.3); from clf_core.jobs import process; print(process.age())"
    began = time.monotonic()
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert 0.3 <= float(done.stdout) <= time.monotonic() - began + 0.02
