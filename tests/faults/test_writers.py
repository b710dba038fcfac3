"""Eight processes write into the index and the queue at once, and some are killed."""

import random
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from clf_core.workspace.index import Index
from clf_core.workspace.queue import Queue

SCRIPT = Path(__file__).parent / "writers.py"
WRITERS, WRITES, KILLED = 8, 120, 3


@pytest.fixture(scope="module")
def outcome(tmp_path_factory):
    """The workspace, and what the writers said: (exit status, stderr) by number; others follow those killed."""
    root, chance = tmp_path_factory.mktemp("written"), random.Random(0)

    def write(number: int) -> subprocess.Popen[str]:
        command = [sys.executable, str(SCRIPT), str(root), str(number), str(WRITES)]
        return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    writers = [write(number) for number in range(WRITERS)]
    while not (root / "queue.sqlite3").exists():
        time.sleep(0.01)
    for number in range(KILLED):
        time.sleep(chance.uniform(0.05, 0.3))
        writers[number].kill()
        writers[number].communicate()
        writers[number] = write(100 + number)
    said = [writer.communicate(timeout=150) for writer in writers]
    return root, [(writer.returncode, error) for writer, (_, error) in zip(writers, said, strict=True)]


@pytest.mark.fault("A6")
@pytest.mark.parametrize("number", range(WRITERS))
def test_no_writer_hears_of_a_lock(outcome, number):
    assert outcome[1][number] == (0, "")


@pytest.mark.fault("A6")
@pytest.mark.parametrize("file", ["index.sqlite3", "queue.sqlite3"])
def test_the_files_are_whole_afterwards(outcome, file):
    connection = sqlite3.connect(outcome[0] / file)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


@pytest.mark.fault("A6")
def test_every_write_that_was_made_is_there(outcome):
    root, _ = outcome
    names = {entry.name for entry in Index(root / "index.sqlite3").entries("run")}
    for number in [*range(KILLED, WRITERS), *range(100, 100 + KILLED)]:
        assert {f"{number} {turn}" for turn in range(0, WRITES, 4)} <= names
    assert len(Queue(root / "queue.sqlite3").tickets()) < len(names)
