import io
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from clf_core.config import ImportLimits, ImportOptions
from clf_core.data.decoding import decode
from clf_core.errors import CancelledError, SourceError
from clf_core.importing import video
from clf_core.importing.entries import SourceFile
from clf_core.importing.kinds import START_BYTES, video_format
from clf_core.importing.source import open_source, uploaded_source
from clf_core.importing.video import decode_video
from clf_core.results import SkippedFile

CODECS = {"mp4": "mp4v", "mov": "mp4v", "mkv": "mp4v", "avi": "MJPG", "webm": "VP80", "ts": "MPG2"}
FRAMES, RATE = 50, 10

Write = Callable[..., Path]


@pytest.fixture(scope="session")
def write_video() -> Write:
    """Write five seconds at ten frames per second; frame n is grey of brightness 4 n."""
    import cv2

    def write(path: Path, frames: int = FRAMES, size: tuple[int, int] = (64, 48)) -> Path:
        code = cv2.VideoWriter.fourcc(*CODECS[path.suffix[1:]])
        writer = cv2.VideoWriter(str(path), cv2.CAP_FFMPEG, code, RATE, size)
        assert writer.isOpened()
        for number in range(frames):
            writer.write(np.full((size[1], size[0], 3), 4 * number, np.uint8))
        writer.release()
        return path

    return write


def entries(path: Path, rate: float = 2.0, limits: ImportLimits | None = None) -> list[tuple[str, str, float]]:
    """(name, reason or '', brightness) of everything a source gives."""
    limits = limits or ImportLimits()
    found = []
    with open_source(path, limits, options=ImportOptions(frames_per_second=rate)) as source:
        for entry in source.files():
            if isinstance(entry, SkippedFile):
                found.append((entry.name, entry.reason, -1.0))
            else:
                found.append((entry.name, "", float(np.asarray(decode(entry.read(), limits)).mean())))
    return found


@pytest.mark.parametrize("ending", CODECS)
def test_one_frame_of_each_half_second(ending: str, write_video: Write, tmp_path: Path) -> None:
    path = write_video(tmp_path / f"clip.{ending}")
    assert video_format(path.read_bytes()[:START_BYTES])
    found = entries(path)
    assert [name for name, _, _ in found][:2] == [
        f"clip.{ending}/frame 000001 at 0m00.000s.jpg",
        f"clip.{ending}/frame 000002 at 0m00.500s.jpg",
    ]
    # Half a second is five frames, each 4 brighter.
    assert [light for _, _, light in found] == pytest.approx([20 * n for n in range(10)], abs=6)


def test_a_rate_above_the_videos_own_gives_every_frame(write_video: Write, tmp_path: Path) -> None:
    assert len(entries(write_video(tmp_path / "clip.mp4", 20), rate=60)) == 20
    assert len(entries(tmp_path / "clip.mp4", rate=0.1)) == 1


def test_videos_in_folders_and_archives_among_pictures(write_video: Write, tmp_path: Path) -> None:
    folder = tmp_path / "pets"
    (folder / "ant").mkdir(parents=True)
    write_video(folder / "ant" / "clip.mp4")
    (folder / "ant" / "1.txt").write_text("x")
    with zipfile.ZipFile(tmp_path / "pets.zip", "w") as archive:
        for path in folder.rglob("*.*"):
            archive.write(path, path.relative_to(folder))
    for source in (folder, tmp_path / "pets.zip"):
        with open_source(source, ImportLimits(), options=ImportOptions()) as opened:
            files = [entry for entry in opened.files() if isinstance(entry, SourceFile)]
            frames = [file for file in files if file.video]
            assert len(frames) == 5
            assert {file.video for file in frames} == {"ant/clip.mp4"}
            assert [file.name for file in files if not file.video] == ["ant/1.txt"]
            assert all(file.read() == file.read() for file in frames)


def test_a_hostile_name_never_reaches_the_decoder(write_video: Write, tmp_path: Path) -> None:
    data = write_video(tmp_path / "clip.mp4").read_bytes()
    name = "../../ant/concat:http:__x|y %d.mp4"
    with uploaded_source([(name, io.BytesIO(data))], ImportLimits(), options=ImportOptions()) as source:
        assert len(list(source.files())) == 5


def test_a_video_whatever_its_name(write_video: Write, tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4").rename(tmp_path / "clip")
    assert len(entries(tmp_path / "clip")) == 10


def test_a_video_that_is_asked_about_is_refused(write_video: Write, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a video"):
        open_source(write_video(tmp_path / "clip.mp4"), ImportLimits())


def test_temporary_files_are_gone_afterwards(
    write_video: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    path = write_video(tmp_path / "clip.mp4")
    with open_source(path, ImportLimits(), options=ImportOptions()) as source:
        files = list(source.files())
        assert len(list(tmp_path.iterdir())) == 2
    assert list(tmp_path.iterdir()) == [path]
    assert isinstance(files[0], SourceFile)
    with pytest.raises(Exception, match="any more"):
        files[0].read()


class TestLimits:
    def test_frames_of_one_video(self, write_video: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(video, "MOST_FRAMES", 3)
        *frames, last = entries(write_video(tmp_path / "clip.mp4"))
        assert len(frames) == 3
        assert "Only its first 3 frames" in last[1]

    def test_files_and_bytes_of_all(self, write_video: Write, tmp_path: Path) -> None:
        for name in ("a.mp4", "b.mp4"):
            write_video(tmp_path / name)
        with pytest.raises(SourceError, match="more than 15 files"):
            entries(tmp_path, limits=ImportLimits(max_files=15))

    def test_bytes_of_one(self, write_video: Write, tmp_path: Path) -> None:
        path = write_video(tmp_path / "clip.avi")
        frames, _ = _decode(path, ImportLimits())
        *_, reason = _decode(path, ImportLimits(max_total_bytes=sum(frame.size for frame in frames[:4]) + 1))
        assert reason == "bytes"

    def test_pixels(self, write_video: Write, tmp_path: Path) -> None:
        ((_, reason, _),) = entries(write_video(tmp_path / "clip.mp4"), limits=ImportLimits(max_pixels=1000))
        assert "more pixels than allowed" in reason

    @pytest.mark.skipif(os.name == "nt", reason="there are no such limits")
    def test_memory(self, write_video: Write, tmp_path: Path) -> None:
        """The child's own limit is what stops it: with one far too small, it fails and nothing else does."""
        code = (
            "import sys; from clf_core.importing import video_frames as v; v.MOST_MEMORY = 2**25; v.main(sys.argv[1:])"
        )
        path = write_video(tmp_path / "clip.webm", 2, (2000, 2000))
        arguments = [
            str(path),
            "matroska",
            "1.0",
            "9",
            "99999999",
            "99999999",
            str(tmp_path / "f"),
            str(tmp_path / "i"),
        ]
        subprocess.run([sys.executable, "-c", code, *arguments], cwd=Path(video.__file__).parents[2], timeout=60)
        assert "frame" not in (tmp_path / "i").read_text()


def _decode(path: Path, limits: ImportLimits) -> tuple[list[video._Frame], str]:
    kind = video_format(path.read_bytes()[:START_BYTES])
    return decode_video(path, kind, 2.0, path.with_suffix(".frames"), limits)


class TestFaults:
    def test_cut_off(self, write_video: Write, tmp_path: Path) -> None:
        path = write_video(tmp_path / "clip.avi")
        path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
        frames = [name for name, reason, _ in entries(path) if not reason]
        assert 2 <= len(frames) < 10

    def test_an_mp4_without_its_index(self, write_video: Write, tmp_path: Path) -> None:
        path = write_video(tmp_path / "clip.mp4")
        path.write_bytes(path.read_bytes()[:2000])
        ((name, reason, _),) = entries(path)
        assert (name, "cannot be decoded" in reason) == ("clip.mp4", True)

    def test_something_else_named_as_a_video(self, tmp_path: Path) -> None:
        (tmp_path / "a.mp4").write_bytes(b"hello")
        assert entries(tmp_path) == [("a.mp4", video._NO_VIDEO, -1.0)]

    @pytest.mark.parametrize(
        "text",
        [
            "#EXTM3U\n#EXTINF:1,\n{}\n#EXT-X-ENDLIST\n",
            "ffconcat version 1.0\nfile '{}'\n",
            ";FFMETADATA1\ntitle={}\n",
            '<?xml version="1.0"?><MPD><Period><BaseURL>{}</BaseURL></Period></MPD>',
        ],
    )
    def test_a_playlist_is_never_followed(self, text: str, write_video: Write, tmp_path: Path) -> None:
        secret = write_video(tmp_path / "secret.ts")
        playlist = tmp_path / "in" / "list.mp4"
        playlist.parent.mkdir()
        playlist.write_text(text.format(secret))
        assert entries(playlist.parent) == [("list.mp4", video._NO_VIDEO, -1.0)]
        # Even if one got past the look at its first bytes, the decoder opens nothing but the announced container.
        for kind in ("mov", "matroska", "avi", "mpegts"):
            frames, reason = decode_video(playlist, kind, 2.0, tmp_path / "frames", ImportLimits())
            assert (frames, reason) == ([], "unreadable")

    def test_a_decoder_that_crashes_hangs_or_is_cancelled(
        self, write_video: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = write_video(tmp_path / "clip.mp4")
        real = subprocess.Popen

        def instead(code: str) -> None:
            def start(arguments: list[str], **options: Any) -> object:
                return real([sys.executable, "-c", code], **options)

            monkeypatch.setattr(video.subprocess, "Popen", start)

        instead("import os; os.abort()")
        assert entries(path) == [("clip.mp4", "A video that cannot be decoded: it is damaged", -1.0)]
        monkeypatch.setattr(video, "_SILENT_SECONDS", 0.3)
        instead("import time; time.sleep(60)")
        started = time.monotonic()
        ((_, reason, _),) = entries(path)
        assert "nothing came of it" in reason
        options = ImportOptions()
        with (
            open_source(path, ImportLimits(), options=options, cancelled=lambda: True) as source,
            pytest.raises(CancelledError),
        ):
            list(source.files())
        assert time.monotonic() - started < 5

    def test_damaged_at_many_places(self, write_video: Write, tmp_path: Path) -> None:
        sound = {ending: write_video(tmp_path / f"clip.{ending}").read_bytes() for ending in ("mp4", "webm", "avi")}
        chance = np.random.default_rng(0)
        for ending, data in sound.items():
            for number in range(4):
                damaged = bytearray(data)
                for at in chance.integers(16, len(damaged), 40):
                    damaged[at] = chance.integers(0, 256)
                path = tmp_path / f"damaged{number}.{ending}"
                path.write_bytes(damaged)
                started = time.monotonic()
                assert entries(path)
                assert time.monotonic() - started < 20
