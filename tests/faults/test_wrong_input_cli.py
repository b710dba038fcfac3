"""Wrong input in the terminal: exit status 2, one line that helps, never a traceback, nothing left behind."""

import json
import struct
import time
import zipfile
import zlib

import pytest

from clf_core.workspace.names import MAX_NAME_LENGTH


@pytest.fixture(scope="module")
def workspace(make_workspace):
    return make_workspace()


@pytest.fixture(scope="module")
def pets(in_terminal, workspace, write_pictures, tmp_path_factory):
    folder = write_pictures(tmp_path_factory.mktemp("pets"), {"red": 6, "blue": 6})
    assert in_terminal(workspace, "datasets", "import", folder, "--name", "Pets").returncode == 0
    return folder


@pytest.fixture(scope="module")
def refused(in_terminal, workspace, pets):
    """``refused(...)`` runs a command that must be refused and returns its one line."""

    def ask(*arguments, **environment):
        done = in_terminal(workspace, *arguments, **environment)
        assert done.returncode == 2, (done.returncode, done.stderr)
        assert "Traceback" not in done.stderr
        assert done.stdout == ""
        (line,) = done.stderr.strip().splitlines()
        assert line.startswith("error: ")
        return line

    return ask


def _import(refused, source):
    return refused("datasets", "import", source, "--name", "Wrong")


def _declared_png(width: int, height: int) -> bytes:
    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(bytes(1000))) + chunk(b"IEND", b"")


def test_a_missing_source(refused, tmp_path):
    assert "nowhere" in _import(refused, tmp_path / "nowhere")


def test_a_broken_zip(refused, tmp_path):
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04" + bytes(200))
    assert "archive" in _import(refused, broken)


def test_a_truncated_zip(refused, pets, tmp_path):
    whole = tmp_path / "whole.zip"
    with zipfile.ZipFile(whole, "w") as archive:
        for path in pets.rglob("*.png"):
            archive.write(path, path.relative_to(pets))
    whole.write_bytes(whole.read_bytes()[:-100])
    assert "archive" in _import(refused, whole)


def test_an_empty_folder(refused, tmp_path):
    _import(refused, tmp_path)


@pytest.mark.fault("D1")
def test_one_class_only_is_imported_but_not_trained_on(in_terminal, workspace, refused, write_pictures, tmp_path):
    folder = write_pictures(tmp_path, {"red": 3})
    done = in_terminal(workspace, "datasets", "import", folder, "--name", "one class")
    assert done.returncode == 0, done.stderr
    assert "Only one class so far" in done.stdout + done.stderr
    assert "second class" in refused("train", "one class")


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("text.jpg", b"this is a text, not a picture\n" * 20, "picture"),
        ("small.png", None, "1 x 1"),
        ("huge.png", _declared_png(30_000, 30_000), "pixels"),
    ],
)
def test_a_file_that_is_no_usable_picture_is_skipped_with_its_reason(
    in_terminal, workspace, write_pictures, tmp_path, name, content, reason
):
    folder = write_pictures(tmp_path / "in", {"red": 3, "blue": 3}, seed=hash(name) % 1000)
    write_pictures(tmp_path / "tiny", {"red": 1}, size=1)
    (folder / "red" / name).write_bytes(content or (tmp_path / "tiny" / "red" / "0000.png").read_bytes())
    done = in_terminal(workspace, "datasets", "import", folder, "--name", f"with {name}", "--json")
    assert done.returncode == 0, done.stderr
    (skipped,) = json.loads(done.stdout)["skipped"]
    assert skipped["name"].endswith(name)
    assert reason in skipped["reason"]


def test_nothing_but_unusable_pictures(refused, tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "text.jpg").write_text("no picture")
    _import(refused, tmp_path)


def test_a_class_with_one_picture_is_learned_from_and_announced(in_terminal, workspace, write_pictures, tmp_path):
    folder = write_pictures(tmp_path, {"red": 6, "blue": 1}, seed=9)
    done = in_terminal(workspace, "datasets", "import", folder, "--name", "One blue", "--json")
    assert done.returncode == 0, done.stderr
    assert any("blue" in notice for notice in json.loads(done.stdout)["notices"])


def test_names_taken_empty_and_unreadable(refused, pets):
    assert "already a dataset called 'Pets'" in refused("datasets", "import", pets, "--name", "PETS")
    for name, reason in (
        ("", "at least one"),
        ("a\tb", "control characters"),
        ("x" * (MAX_NAME_LENGTH + 1), "allowed"),
    ):
        assert reason in refused("datasets", "import", pets, "--name", name)


def test_a_hostile_name_is_kept_as_text_and_cannot_steer_the_terminal(in_terminal, workspace, pets):
    name = "../../<b>\N{HONEYBEE}</b> %s {0} '; DROP TABLE entries"
    assert in_terminal(workspace, "datasets", "import", pets, "--name", name).returncode == 0
    shown = in_terminal(workspace, "datasets", "show", name, "--json")
    assert json.loads(shown.stdout)["dataset"] == name
    answer = in_terminal(workspace, "datasets", "show", "\x1b[31mred")
    assert answer.returncode == 2
    assert "\x1b" not in answer.stderr


def test_unknown_things_are_told_with_those_there_are(refused, pets, tmp_path):
    picture = next(pets.rglob("*.png"))
    assert "There is 'Pets'" in refused("train", "Pests")
    assert "sample" in refused("datasets", "import", "sample:none", "--name", "x")
    for arguments in (
        ("evaluate", "nobody"),
        ("evaluate", b"no text: \xff".decode(errors="surrogateescape")),
        ("runs", "show", "nobody"),
        ("runs", "cancel", "../../etc"),
        ("predict", "nobody", pets, "--out", tmp_path / "x.csv"),
        ("explain", "nobody", picture, "--out", tmp_path / "x.png"),
    ):
        assert "There is no run called" in refused(*arguments)
    assert list(tmp_path.iterdir()) == []


def test_settings_that_cannot_be_used_are_named(refused):
    for setting, words in (
        ("colour=red", "'colour'"),
        ("strengths=[0.1,-1]", "strengths must be positive"),
        ("seed=many", "'seed'"),
        (b"backbone=\xff".decode(errors="surrogateescape"), "'backbone'"),
        ("refit", "--set field=value"),
    ):
        assert words in refused("train", "Pets", "--set", setting)
    assert "quick" in refused("train", "Pets", "--preset", "slow")


def test_what_cannot_be_typed(refused):
    assert "--help" in refused("trian", "Pets")
    assert "--help" in refused("datasets", "import", "x")


def test_evaluate_before_the_run_is_done(in_terminal, workspace, refused):
    slow = ("--preset", "scratch", "--set", "minutes=5")  # so that it lasts until it is cancelled
    started = in_terminal(workspace, "train", "Pets", "--detach", "--name", "early", *slow, "--json")
    assert started.returncode == 0
    assert "not done yet" in refused("evaluate", "early")
    assert in_terminal(workspace, "runs", "cancel", "early").returncode == 0
    assert "no model" in refused("evaluate", "early")


def test_a_file_that_cannot_be_written_or_read(refused, pets, tmp_path):
    picture = next(pets.rglob("*.png"))
    assert "folder" in refused("predict", "starter", pets, "--out", tmp_path)
    assert "folder" in refused("explain", "starter", picture, "--out", tmp_path / "no" / "x.png")
    assert "too long" in refused("predict", "starter", pets, "--out", tmp_path / ("x" * 300))
    assert "nothing at" in refused("explain", "starter", tmp_path / "none.png", "--out", tmp_path / "x.png")
    assert "device" in refused("explain", "starter", "/dev/zero", "--out", tmp_path / "x.png")
    assert "unicorn" in refused("explain", "starter", picture, "--class", "unicorn", "--out", tmp_path / "x.png")


def test_an_unknown_network_is_told_within_ten_seconds(refused):
    started = time.monotonic()
    assert "tf_efficientnet_lite9" in refused("train", "Pets", "--set", "backbone=tf_efficientnet_lite9")
    assert time.monotonic() - started < 20  # 10 s on a machine that does nothing else


def test_a_network_that_cannot_be_fetched_is_told_with_what_is_here(refused):
    # Nothing answers on this port: the same as no network, at once and on any machine.
    nowhere = {
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HTTPS_PROXY": "http://127.0.0.1:9",
        "HTTP_PROXY": "http://127.0.0.1:9",
    }
    started = time.monotonic()
    line = refused("train", "Pets", "--set", "backbone=resnet18", **nowhere)
    assert "tf_efficientnet_lite0" in line
    assert time.monotonic() - started < 20


def test_with_json_the_reason_is_an_object_too(in_terminal, workspace):
    done = in_terminal(workspace, "evaluate", "nobody", "--json")
    assert done.returncode == 2
    assert "nobody" in json.loads(done.stdout)["error"]
