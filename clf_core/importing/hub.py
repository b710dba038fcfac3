"""Published datasets by name: 'hf:owner/name' from Hugging Face, 'torchvision:CIFAR10' from torchvision's list.

From Hugging Face come Parquet files only, the ones their server makes of every public dataset or the dataset's
own; no script of a dataset is ever run, and no token is sent. Without a network it is said so within seconds.
"""

import re
import shutil
from collections.abc import Callable, Iterable
from functools import partial
from pathlib import Path
from typing import Any

from clf_core.config import ImportLimits
from clf_core.errors import CancelledError, NotFoundError, SourceError, StorageError
from clf_core.importing.entries import Budget, Source, shortened
from clf_core.importing.layout import named_split
from clf_core.importing.parquet import ParquetPictures, Shard
from clf_core.importing.torchvision_sets import open_torchvision
from clf_core.reachability import answers

PROBE_SECONDS = 5.0
"""How long an answer is waited for before it is said that there is no network."""

_CONVERTED = "refs/convert/parquet"
_NAME = re.compile(r"\w[\w.\-]{0,95}(/\w[\w.\-]{0,95}){0,2}", re.ASCII)
_MOST_FILES = 20_000
_RESERVE_BYTES = 500 * 2**20

Cancelled = Callable[[], bool]


def open_hub(
    name: str,
    limits: ImportLimits,
    *,
    split: str | None = None,
    most: int | None = None,
    cache: Path | None = None,
    cancelled: Cancelled | None = None,
) -> Source:
    """Open a published dataset.

    Args:
        name: 'hf:owner/name', with '/configuration' behind it where a dataset has several, or
            'torchvision:Name'.
        limits: caps on pictures and bytes.
        split: take only this split, as it is called there; None for all that are train, val or test.
        most: pictures taken at most; None for all.
        cache: where downloads of torchvision are kept; None for its folder in the user's cache. Hugging
            Face's downloads lie in its own cache, shared with other programs.
        cancelled: asked between files.

    Raises:
        NotFoundError: the name is malformed, or there is no such dataset or split.
        SourceError: there is no network, or the dataset cannot be read.
        CancelledError, StorageError: also while its files are listed and fetched.
    """
    where, _, what = name.strip().partition(":")
    if where.lower() == "torchvision" and what:
        return open_torchvision(what, limits, split=split, most=most, cache=cache, cancelled=cancelled)
    if where.lower() == "hf" and _NAME.fullmatch(what):
        return _open_hugging_face(what, limits, split, most, cancelled)
    raise NotFoundError(
        f"'{shortened(name)}' is not the name of a published dataset",
        remedy="Write hf:owner/name for Hugging Face, or torchvision:CIFAR10 for one of torchvision's",
    )


def _open_hugging_face(
    what: str, limits: ImportLimits, split: str | None, most: int | None, cancelled: Cancelled | None
) -> ParquetPictures:
    from huggingface_hub import constants

    owner, _, rest = what.partition("/")
    short, _, config = rest.partition("/")
    repository = f"{owner}/{short}" if short else owner
    if not answers(constants.ENDPOINT, PROBE_SECONDS):
        raise _no_network(repository, "Hugging Face could not be reached from this machine")
    try:
        revision, files = _published_files(repository)
    except (NotFoundError, SourceError):
        raise
    except Exception as error:  # the client's errors share no base class
        raise _no_network(repository, _reason(error)) from error
    chosen = _choose(repository, files, config, split)
    budget = Budget(limits)

    def fetch(path: str, size: int) -> Path:
        if cancelled is not None and cancelled():
            raise CancelledError("The import was cancelled", remedy="Nothing was added to your datasets")
        budget.count_bytes(size)
        return _download(repository, path, revision, size)

    shards = [Shard(word, named_split(word), partial(fetch, path, size)) for word, path, size in chosen]
    return ParquetPictures(short or owner, shards, limits, most=most)


def _published_files(repository: str) -> tuple[str | None, list[tuple[str, int]]]:
    """The revision that holds a dataset's Parquet files, and (path, bytes) of each.

    Raises:
        NotFoundError: there is no such dataset that everybody may read.
        SourceError: it has no Parquet files.
    """
    from huggingface_hub import HfApi
    from huggingface_hub.errors import RepositoryNotFoundError, RevisionNotFoundError

    interface = HfApi(token=False)
    for revision in (_CONVERTED, None):
        try:
            listed = interface.list_repo_tree(repository, recursive=True, revision=revision, repo_type="dataset")
            files = _parquet_files(listed)
        except RepositoryNotFoundError as error:  # also where a token would be needed
            raise NotFoundError(
                f"Hugging Face has no dataset '{shortened(repository)}' that everybody may read",
                remedy="Check the spelling: it is owner/name, as in the address of its page",
            ) from error
        except RevisionNotFoundError:
            continue
        if files:
            return revision, files
    raise SourceError(
        f"The dataset '{shortened(repository)}' has no Parquet files",
        why="Only those are read here; a script that comes with a dataset is never run",
        remedy="Download it from its page and import the folder",
    )


def _parquet_files(listed: Iterable[Any]) -> list[tuple[str, int]]:
    files: list[tuple[str, int]] = []
    for seen, entry in enumerate(listed):
        if seen >= _MOST_FILES:
            break
        size = getattr(entry, "size", None)  # folders have none
        # 'partial-train' holds the first gigabytes of a dataset that is too large for the server's conversion
        if isinstance(size, int) and entry.path.endswith(".parquet") and "/partial-" not in f"/{entry.path}":
            files.append((entry.path, size))
    return sorted(files)


def _choose(
    repository: str, files: list[tuple[str, int]], config: str, split: str | None
) -> list[tuple[str, str, int]]:
    """(word of the split, path, bytes) of the files of one configuration, in the order train, val, test, others."""
    by_config: dict[str, list[tuple[str, str, int]]] = {}
    for path, size in files:
        folder, word = _meaning(path)
        by_config.setdefault(folder, []).append((word, path, size))
    chosen = config or ("default" if "default" in by_config else next(iter(by_config)))
    if chosen not in by_config:
        raise _not_there("configuration", chosen, repository, by_config)
    found = by_config[chosen]
    words = list(dict.fromkeys(word for word, _, _ in found))
    if split is not None:
        wanted = [word for word in words if word == split] or [
            word for word in words if named_split(word) is not None and named_split(word) == named_split(split)
        ]
        if not wanted:
            raise _not_there("split", split, repository, words)
    else:
        wanted = [word for word in words if named_split(word)] or words
    order = {"train": 0, "val": 1, "test": 2, None: 3}
    return sorted(
        (entry for entry in found if entry[0] in wanted), key=lambda entry: (order[named_split(entry[0])], entry[1])
    )


def _meaning(path: str) -> tuple[str, str]:
    """(configuration, split) of 'default/train/0000.parquet', 'data/train-00000-of-00001.parquet' and the like."""
    *folders, last = path.split("/")
    word = last.removesuffix(".parquet").partition("-")[0]
    if word.isdigit() and folders:
        word = folders.pop()
    return "/".join(folders) or "default", word


def _download(repository: str, path: str, revision: str | None, size: int) -> Path:
    from huggingface_hub import constants, hf_hub_download

    place = next(
        folder for folder in [Path(constants.HF_HUB_CACHE), *Path(constants.HF_HUB_CACHE).parents] if folder.exists()
    )
    free = shutil.disk_usage(place).free
    if free < size + _RESERVE_BYTES:
        raise StorageError(
            "There is not enough room on the disk for the dataset",
            why=f"The next file needs {(size + _RESERVE_BYTES) / 2**20:,.0f} MB; {place} has {free / 2**20:,.0f} MB",
            remedy="Free some space, or take fewer pictures",
        )
    try:
        return Path(hf_hub_download(repository, path, repo_type="dataset", revision=revision, token=False))
    except Exception as error:  # the client's errors share no base class
        raise _no_network(repository, _reason(error)) from error


def _reason(error: Exception) -> str:
    return f"The download from Hugging Face failed: {next(iter(str(error).splitlines()), '')[:300]}"


def _no_network(repository: str, why: str) -> SourceError:
    return SourceError(
        f"The dataset '{shortened(repository)}' could not be fetched",
        why=why,
        remedy="Connect this machine to the internet, or download the dataset elsewhere and import its files",
    )


def _not_there(what: str, name: str, repository: str, there: Iterable[str]) -> NotFoundError:
    listed = ", ".join(f"'{shortened(word)}'" for word in list(there)[:10])
    return NotFoundError(
        f"The dataset '{shortened(repository)}' has no {what} called '{shortened(name)}'", remedy=f"There is {listed}"
    )
