import io
import tarfile
import zipfile

import pytest

from clf_core.api import Workbench
from clf_core.errors import CancelledError, DatasetError, NotFoundError, SourceError, StateError
from clf_core.settings import Settings


@pytest.fixture
def archive(png):
    """A zip of two classes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        for label in ("red", "blue"):
            for number in range(6):
                opened.writestr(f"{label}/{number}.png", png(label, (40 + number, 30)))
    return buffer.getvalue()


def send(bench, data, name="Pets.zip"):
    upload = bench.uploads.begin(name, len(data), "print")
    half = len(data) // 2
    bench.uploads.append(upload.id, 0, data[:half])
    return bench.uploads.append(upload.id, half, data[half:])


def test_a_finished_upload_becomes_a_dataset_and_is_gone(bench, archive):
    upload = send(bench, archive)
    report = bench.imports.upload(upload.id, "Pets")
    assert report.accepted == 12
    assert bench.uploads.list() == ()
    with pytest.raises(NotFoundError):
        bench.imports.upload(upload.id, "Again")


def test_what_it_is_shows_in_its_content_not_in_its_name(bench, archive):
    assert bench.imports.upload(send(bench, archive, name="no ending").id, "Pets").accepted == 12


def test_an_unfinished_one_is_refused(bench, archive):
    upload = bench.uploads.begin("Pets.zip", len(archive), "print")
    bench.uploads.append(upload.id, 0, archive[:-1])
    with pytest.raises(StateError, match="Pets"):
        bench.imports.upload(upload.id, "Pets")


def test_a_failed_or_cancelled_import_keeps_the_upload(bench, archive, png):
    broken = send(bench, b"PK\x03\x04 and then nothing", name="Holiday.zip")
    with pytest.raises(SourceError, match="Holiday"):
        bench.imports.upload(broken.id, "Holiday")
    upload = send(bench, archive)
    with pytest.raises(CancelledError):
        bench.imports.upload(upload.id, "Pets", cancelled=lambda: True)
    assert {one.id for one in bench.uploads.list()} == {broken.id, upload.id}
    assert bench.imports.upload(upload.id, "Pets").accepted == 12


def test_the_operator_limits_the_size(tmp_path):
    bench = Workbench(Settings(workspace=tmp_path, max_upload_bytes=100))
    with pytest.raises(SourceError, match="CLF_MAX_UPLOAD_GB"):
        bench.uploads.begin("large.zip", 101, "print")
    assert bench.uploads.begin("small.zip", 100, "print").size == 100


def test_without_a_usable_picture_it_is_refused_and_the_upload_waits(bench):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as opened:
        opened.writestr("red/1.png", b"no picture")
    upload = send(bench, buffer.getvalue())
    with pytest.raises(DatasetError):
        bench.imports.upload(upload.id, "Pets")
    assert bench.uploads.get(upload.id).complete


@pytest.mark.parametrize("kind", ["w", "w:gz"])
def test_a_tar_is_opened_too(bench, png, kind):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=kind) as opened:
        for label in ("red", "blue"):
            for number in range(6):
                data = png(label, (40 + number, 30))
                member = tarfile.TarInfo(f"{label}/{number}.png")
                member.size = len(data)
                opened.addfile(member, io.BytesIO(data))
    upload = send(bench, buffer.getvalue(), name="Pets")
    assert bench.imports.upload(upload.id, "Pets").accepted == 12
