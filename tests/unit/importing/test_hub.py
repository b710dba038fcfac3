import io
import json
import pickle
import socket
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from clf_core.config import ImportLimits
from clf_core.data.decoding import decode
from clf_core.errors import CancelledError, NotFoundError, PictureError, SourceError, StorageError
from clf_core.importing import hub, torchvision_sets
from clf_core.importing.entries import SourceFile
from clf_core.importing.hub import open_hub
from clf_core.results import SkippedFile

Encode = Callable[..., bytes]
FEATURES = {
    "image": {"_type": "Image"},
    "label": {"_type": "ClassLabel", "names": ["ant", "bee/../wasp"]},
}


def write_shard(
    path: Path,
    pictures: Sequence[tuple[bytes | None, object]],
    *,
    features: object = FEATURES,
    plain: bool = False,
) -> None:
    """Write (picture, label) rows as Hugging Face does, two rows to a group."""
    if plain:
        images = pa.array([data for data, _ in pictures], pa.binary())
    else:
        rows = [{"bytes": data, "path": f"x/{n}.png"} for n, (data, _) in enumerate(pictures)]
        images = pa.array(rows, pa.struct([("bytes", pa.binary()), ("path", pa.string())]))
    table = pa.table({"image": images, "label": pa.array([label for _, label in pictures])})
    table = table.replace_schema_metadata({"huggingface": json.dumps({"info": {"features": features}})})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path, row_group_size=2)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for what Hugging Face holds: a folder of files per revision."""
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    root = tmp_path / "repository"

    def answer(error: type[Exception]) -> Exception:
        return error("not there", response=SimpleNamespace(headers={}, request=None))  # type: ignore[call-arg]

    class Interface:
        def __init__(self, token: object) -> None:
            assert token is False

        def list_repo_tree(self, repository: str, *, recursive: bool, revision: str | None, repo_type: str) -> Any:
            assert recursive
            assert repo_type == "dataset"
            if repository != "owner/pets":
                raise answer(RepositoryNotFoundError)
            folder = root / (revision or "main").replace("/", "_")
            if not folder.exists():
                raise answer(RevisionNotFoundError)
            for path in sorted(folder.rglob("*")):
                name = path.relative_to(folder).as_posix()
                yield (
                    SimpleNamespace(path=name, size=path.stat().st_size)
                    if path.is_file()
                    else SimpleNamespace(path=name)
                )

    def download(repository: str, path: str, *, repo_type: str, revision: str | None, token: object) -> str:
        assert token is False
        return str(root / (revision or "main").replace("/", "_") / path)

    monkeypatch.setattr("huggingface_hub.HfApi", Interface)
    monkeypatch.setattr("huggingface_hub.hf_hub_download", download)
    monkeypatch.setattr(hub, "answers", lambda *_: True)
    return root


@pytest.fixture
def converted(repository: Path) -> Path:
    return repository / "refs_convert_parquet"


def entries(name: str = "hf:owner/pets", **options: Any) -> list[SourceFile | SkippedFile]:
    with open_hub(name, options.pop("limits", ImportLimits()), **options) as source:
        return list(source.files())


def files(name: str = "hf:owner/pets", **options: Any) -> list[SourceFile]:
    return [entry for entry in entries(name, **options) if isinstance(entry, SourceFile)]


class TestHuggingFace:
    def test_pictures_classes_and_splits(self, converted: Path, picture_bytes: Encode) -> None:
        data = [picture_bytes((shade, 0, 0)) for shade in range(5)]
        write_shard(converted / "default" / "train" / "0000.parquet", [(data[0], 0), (data[1], 1), (data[2], 0)])
        write_shard(converted / "default" / "validation" / "0000.parquet", [(data[3], 1)])
        write_shard(converted / "default" / "test" / "0000.parquet", [(data[4], 0)])
        found = files()
        assert [(file.label, file.split) for file in found] == [
            ("ant", "train"),
            ("bee/../wasp", "train"),
            ("ant", "train"),
            ("bee/../wasp", "val"),
            ("ant", "test"),
        ]
        assert found[1].name == "train/000-000001 1.png"
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(lambda file: file.read(), found * 4)) == data * 4
        assert [file.split for file in files(split="validation")] == ["val"]
        assert [file.split for file in files(split="val")] == ["val"]
        assert len(files(most=2)) == 2

    def test_its_own_files_where_there_is_no_conversion(self, repository: Path, picture_bytes: Encode) -> None:
        for split, number in (("test", 0), ("train", 0), ("train", 1)):
            name = f"{split}-0000{number}-of-00002.parquet"
            write_shard(repository / "main" / "data" / name, [(picture_bytes(), number)])
        assert [(file.label, file.split) for file in files()] == [
            ("ant", "train"),
            ("bee/../wasp", "train"),
            ("ant", "test"),
        ]

    def test_a_configuration(self, converted: Path, picture_bytes: Encode) -> None:
        write_shard(converted / "cats" / "train" / "0000.parquet", [(picture_bytes(), 0)])
        write_shard(converted / "dogs" / "train" / "0000.parquet", [(picture_bytes(), 1)])
        assert [file.label for file in files()] == ["ant"]
        assert [file.label for file in files("hf:owner/pets/dogs")] == ["bee/../wasp"]
        with pytest.raises(NotFoundError, match="configuration called 'cows'") as caught:
            files("hf:owner/pets/cows")
        assert "'cats', 'dogs'" in caught.value.remedy

    @pytest.mark.parametrize("labels", [[3, 4], ["three", "four"]])
    def test_without_published_features(self, converted: Path, picture_bytes: Encode, labels: list[object]) -> None:
        rows = [(picture_bytes(), label) for label in labels]
        write_shard(converted / "default" / "train" / "0000.parquet", rows, features={"x": 3}, plain=True)
        assert [file.label for file in files()] == [str(label) for label in labels]
        assert files()[0].read() == picture_bytes()

    def test_rows_without_a_class_or_a_picture(self, converted: Path, picture_bytes: Encode) -> None:
        rows = [(picture_bytes(), -1), (picture_bytes(), None), (picture_bytes(), 2), (None, 0)]
        write_shard(converted / "default" / "test" / "0000.parquet", rows)
        *without, last = entries()
        assert {entry.reason for entry in without if isinstance(entry, SkippedFile)} == {
            "The dataset gives it no class"
        }
        assert len(without) == 3
        assert isinstance(last, SourceFile)
        with pytest.raises(PictureError, match="no picture here"):
            last.read()

    @pytest.mark.parametrize(
        ("table", "words"),
        [
            (pa.table({"text": ["a"], "label": [1]}), "no column of pictures"),
            (pa.table({"image": pa.array([b"x"], pa.binary()), "size": [1]}), "no column of classes"),
        ],
    )
    def test_no_pictures_or_no_classes(self, converted: Path, table: pa.Table, words: str) -> None:
        (converted / "default" / "train").mkdir(parents=True)
        pq.write_table(table, converted / "default" / "train" / "0000.parquet")
        with pytest.raises(SourceError, match=words):
            entries()

    def test_a_damaged_file(self, converted: Path) -> None:
        (converted / "default" / "train").mkdir(parents=True)
        (converted / "default" / "train" / "0000.parquet").write_bytes(b"PAR1" + bytes(50) + b"PAR1")
        with pytest.raises(SourceError, match="A Parquet file is damaged"):
            entries()

    def test_what_is_not_there(self, repository: Path, converted: Path, picture_bytes: Encode) -> None:
        with pytest.raises(NotFoundError, match="has no dataset 'owner/none'"):
            entries("hf:owner/none")
        (repository / "main").mkdir(parents=True)
        with pytest.raises(SourceError, match="no Parquet files"):
            entries()
        write_shard(converted / "default" / "train" / "0000.parquet", [(picture_bytes(), 0)])
        with pytest.raises(NotFoundError, match="split called 'x'"):
            entries(split="x")

    def test_limits_cancelling_and_a_full_disk(
        self, converted: Path, picture_bytes: Encode, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        write_shard(converted / "default" / "train" / "0000.parquet", [(picture_bytes(), 0)] * 3)
        with pytest.raises(SourceError, match="more than 2 files"):
            entries(limits=ImportLimits(max_files=2))
        with pytest.raises(SourceError, match="hold more than"):
            entries(limits=ImportLimits(max_total_bytes=100))
        with pytest.raises(CancelledError):
            entries(cancelled=lambda: True)
        monkeypatch.setattr(hub.shutil, "disk_usage", lambda _: SimpleNamespace(free=2**20))
        with pytest.raises(StorageError, match="not enough room"):
            entries()


@pytest.mark.parametrize(
    "name", ["pets", "hf:", "hf:../../etc", "hf:a/b/c/d", "hf:a b", "http://x", "torchvision:", ""]
)
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(NotFoundError, match="not the name of a published dataset"):
        open_hub(name, ImportLimits())


@pytest.mark.parametrize("name", ["hf:owner/pets", "torchvision:MNIST"])
def test_without_a_network_it_is_said_within_seconds(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that takes the connection and never answers is the worst case; the limit is lowered for the test."""
    import torchvision.datasets  # noqa: F401 - seconds that are not the network's

    with socket.create_server(("127.0.0.1", 0)) as server:
        address = f"http://127.0.0.1:{server.getsockname()[1]}"
        monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", address)
        for key in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(key, raising=False)
        monkeypatch.setitem(torchvision_sets._SETS, "MNIST", torchvision_sets._Set(("train",), address, flag=True))
        for module in (hub, torchvision_sets):
            monkeypatch.setattr(module, "PROBE_SECONDS", 0.5)
        started = time.monotonic()
        with pytest.raises(SourceError, match="could not be fetched") as caught:
            open_hub(name, ImportLimits(), cache=tmp_path)
        assert time.monotonic() - started < 5
    assert "could not be reached" in caught.value.why
    assert "internet" in caught.value.remedy


class TestTorchvision:
    def test_pictures_in_an_array(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Digits:
            classes = ("0 - zero", "1 - one")

            def __init__(self, root: str, *, train: bool, download: bool) -> None:
                assert Path(root).parent == tmp_path / "torchvision"
                assert not download
                self.targets = [0, 1, 1] if train else [0]

            def __len__(self) -> int:
                return len(self.targets)

            def __getitem__(self, place: int) -> tuple[Image.Image, int]:
                return Image.fromarray(np.full((28, 28), 50 * place, np.uint8)), self.targets[place]

        monkeypatch.setattr("torchvision.datasets.MNIST", Digits)
        found = files("torchvision:mnist", cache=tmp_path)
        assert [(file.label, file.split) for file in found] == [
            ("0 - zero", "train"),
            ("1 - one", "train"),
            ("1 - one", "train"),
            ("0 - zero", "test"),
        ]
        assert np.asarray(decode(found[2].read(), ImportLimits()))[0, 0].tolist() == [100, 100, 100]
        assert len(files("torchvision:MNIST", cache=tmp_path, split="test")) == 1
        assert len(files("torchvision:MNIST", cache=tmp_path, most=2)) == 2
        with pytest.raises(NotFoundError, match="no split called 'x'"):
            files("torchvision:MNIST", cache=tmp_path, split="x")

    def test_pictures_in_files_are_passed_on(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, picture_bytes: Encode
    ) -> None:
        sign = io.BytesIO()
        Image.new("RGB", (9, 8), (10, 20, 30)).save(sign, "PPM")
        (tmp_path / "a.ppm").write_bytes(sign.getvalue())
        (tmp_path / "b.png").write_bytes(picture_bytes())

        class Signs:
            def __init__(self, root: str, *, split: str, download: bool) -> None:
                self._samples = [(str(tmp_path / "a.ppm"), 3), (str(tmp_path / "b.png"), 12), (str(tmp_path / "c"), 1)]

            def __len__(self) -> int:
                return len(self._samples)

        monkeypatch.setattr("torchvision.datasets.GTSRB", Signs)
        first, second, gone = files("torchvision:GTSRB", cache=tmp_path, split="train")
        assert (first.label, second.label) == ("03", "12")
        assert decode(first.read(), ImportLimits()).getpixel((0, 0)) == (10, 20, 30)
        assert second.read() == picture_bytes()
        with pytest.raises(PictureError, match="could not be read"):
            gone.read()

    def test_one_that_is_not_on_the_list(self) -> None:
        with pytest.raises(NotFoundError, match="no dataset 'torchvision:ImageNet'") as caught:
            open_hub("torchvision:ImageNet", ImportLimits())
        assert "CIFAR10" in caught.value.remedy

    def test_a_download_that_fails(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def fail(root: str, *, train: bool, download: bool) -> None:
            raise OSError("connection reset") if download else RuntimeError("not found")

        monkeypatch.setattr("torchvision.datasets.MNIST", fail)
        monkeypatch.setattr(torchvision_sets, "answers", lambda *_: True)
        before = socket.getdefaulttimeout()
        with pytest.raises(SourceError, match="connection reset"):
            open_hub("torchvision:MNIST", ImportLimits(), cache=tmp_path)
        assert socket.getdefaulttimeout() == before

    def test_every_name_on_the_list_is_one_of_torchvisions(self) -> None:
        import torchvision.datasets

        assert all(hasattr(torchvision.datasets, name) for name in torchvision_sets.NAMES)


class TestCifar:
    @staticmethod
    def plant(root: Path, monkeypatch: pytest.MonkeyPatch, batch: object) -> None:
        from torchvision.datasets import CIFAR10

        folder = root / "torchvision" / "CIFAR10" / CIFAR10.base_folder
        folder.mkdir(parents=True)
        (folder / "batch").write_bytes(pickle.dumps(batch, protocol=2))
        (folder / "meta").write_bytes(pickle.dumps({"label_names": ["ship", "frog"]}, protocol=2))
        monkeypatch.setattr(CIFAR10, "train_list", [["batch", ""]])
        monkeypatch.setattr(CIFAR10, "meta", {"filename": "meta", "key": "label_names", "md5": ""})
        monkeypatch.setattr(CIFAR10, "_check_integrity", lambda self: True)

    def test_arrays(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        data = np.zeros((2, 3, 32, 32), np.uint8)
        data[1, 2] = 200
        self.plant(tmp_path, monkeypatch, {"data": data.reshape(2, -1), "labels": [1, 0]})
        first, second = files("torchvision:CIFAR10", cache=tmp_path, split="train")
        assert (first.label, second.label) == ("frog", "ship")
        assert decode(second.read(), ImportLimits()).getpixel((3, 3)) == (0, 0, 200)

    def test_a_pickle_that_would_run_something(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        class Evil:
            def __reduce__(self) -> tuple[Any, ...]:
                return Path.touch, (tmp_path / "ran",)

        self.plant(tmp_path, monkeypatch, {"data": Evil(), "labels": []})
        with pytest.raises(SourceError, match="has no place in an array"):
            files("torchvision:CIFAR10", cache=tmp_path, split="train")
        assert not (tmp_path / "ran").exists()
