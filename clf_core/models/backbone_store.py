"""Prepared backbones on disk: made once, checked when opened, shared by every run and every process."""

import contextlib
import hashlib
import shutil
import tempfile
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from clf_core.errors import StorageError
from clf_core.files import storage_error, sync_folder
from clf_core.models import bundled_weights
from clf_core.models.backbone import (
    SPEC_FILE,
    WEIGHTS_FILE,
    Backbone,
    BackboneSpec,
    file_sha256,
    read_spec,
)
from clf_core.models.speeds import Speeds

__all__ = ["Backbone", "BackboneSpec", "BackboneStore"]

SPEEDS_FILE = "speeds.json"
_RESIZED = "resized"
_TEMPORARY = ".making-"
_ABANDONED_SECONDS = 3600.0
_WAIT_SECONDS = 120.0


class BackboneStore:
    """Backbones under one folder.

    Args:
        root: made when first needed. Each backbone has a folder in it, named by a hash of the
            model's name, because names come from outside.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.speeds = Speeds(root / SPEEDS_FILE)
        self._locks: defaultdict[Path, threading.Lock] = defaultdict(threading.Lock)
        self._locks_lock = threading.Lock()

    def ensure(
        self, name: str, message: Callable[[str], None] | None = None, input_size: int | None = None
    ) -> Backbone:
        """Return the backbone, preparing it first where this machine has not yet.

        Preparing imports torch and timm and takes some seconds; opening a prepared one takes
        milliseconds and imports neither. Several threads and processes may ask at once; who asks for
        one network does not wait for another.

        Args:
            name: of a timm model.
            message: told in a sentence what takes long.
            input_size: side of the square it is to see, in pixels; None for its own.

        Raises:
            NotFoundError: timm has no such pretrained model.
            WeightsUnavailableError: its weights are not here and could not be downloaded.
            InputError: the model does not give one feature vector for a square colour picture of this size.
            StorageError: the disk refused.
        """
        tell = message or _silent
        folder = self._folder(name)
        backbone = self._once(folder, name, tell, lambda place: _write_published(name, place, tell, self.names()))
        return self.resized(backbone, input_size, message) if input_size is not None else backbone

    def resized(self, backbone: Backbone, input_size: int, message: Callable[[str], None] | None = None) -> Backbone:
        """Return a published or own network for pictures of another size, prepared once as well.

        Raises:
            InputError: it cannot be built for this size.
            StorageError: its stored weights are damaged, or the disk refused.
        """
        spec = backbone.spec
        if input_size == spec.preprocessing.input_size:
            return backbone
        folder = self.root / _RESIZED / hashlib.sha256(f"{spec.weights_sha256}@{input_size}".encode()).hexdigest()[:24]

        def write(temporary: Path) -> None:
            from clf_core.models.resizing import write_resized

            write_resized(backbone, input_size, temporary)

        return self._once(folder, spec.name, message or _silent, write)

    def _once(self, folder: Path, name: str, tell: Callable[[str], None], write: Callable[[Path], object]) -> Backbone:
        """Open what ``folder`` holds, or let ``write`` make it first, in one thread of one process."""
        found = self._open(folder, name)
        if found is not None:
            return found
        with self._locks_lock:
            lock = self._locks[folder]
        with lock:
            found = self._open(folder, name)
            if found is not None:
                return found
            tell(f"Preparing {name} for this machine, which happens once")
            with self._one_process(folder):
                return self._open(folder, name) or self._make(folder, name, write)

    def on_machine(self, name: str) -> bool:
        """Whether ``ensure`` needs no download."""
        if (self._folder(name) / SPEC_FILE).is_file():
            return True
        bundle = bundled_weights.bundle_of(name)
        return bundle is not None and bundle.find() is not None

    def names(self) -> tuple[str, ...]:
        """Names of the backbones that are prepared or come as packages, in alphabetical order."""
        return tuple(sorted({spec.name for spec in self.prepared()}.union(bundled_weights.installed())))

    def prepared(self) -> tuple[BackboneSpec, ...]:
        """Descriptions of the backbones that are ready to run."""
        specs = (read_spec(path) for path in sorted(self.root.glob(f"*/{SPEC_FILE}")))
        return tuple(spec for spec in specs if spec is not None)

    def downloaded(self) -> frozenset[str]:
        """Repositories of the Hugging Face hub whose weights its client has fetched before, for whatever program."""
        from huggingface_hub import constants

        places = Path(constants.HF_HUB_CACHE).glob("models--*/snapshots/*/model.safetensors")
        return frozenset(place.parents[2].name.removeprefix("models--").replace("--", "/") for place in places)

    def spec(self, name: str) -> BackboneSpec | None:
        """Description of a prepared backbone; None where it is not prepared."""
        return read_spec(self._folder(name) / SPEC_FILE)

    def _folder(self, name: str) -> Path:
        return self.root / hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:24]

    def _open(self, folder: Path, name: str) -> Backbone | None:
        """The prepared backbone if it is there and whole; the weights themselves are checked by who loads them."""
        spec = read_spec(folder / SPEC_FILE)
        if spec is None or spec.name != name or not (folder / WEIGHTS_FILE).is_file():
            return None
        try:
            whole = all(file_sha256(folder / file) == digest for file, digest in _quick_to_check(spec).items())
        except OSError:
            return None
        return Backbone(spec, folder) if whole else None

    def _make(self, folder: Path, name: str, write: Callable[[Path], object]) -> Backbone:
        try:
            self._remove_abandoned()
            temporary = Path(tempfile.mkdtemp(dir=self.root, prefix=_TEMPORARY))
        except OSError as error:
            raise storage_error(error, self.root) from error
        try:
            write(temporary)
            self._publish(temporary, folder, name)
        except OSError as error:
            raise storage_error(error, self.root) from error
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
        made = self._open(folder, name)
        if made is None:
            raise StorageError(
                f"The prepared files of {name} cannot be read back", remedy="Check the disk and try again"
            )
        return made

    @contextmanager
    def _one_process(self, folder: Path) -> Iterator[None]:
        """Let the others wait: server and worker preparing side by side took three times as long on two cores.

        Who has waited long enough goes ahead all the same, as two that prepare do each other no harm.
        """
        import filelock

        try:
            folder.parent.mkdir(parents=True, exist_ok=True)
            lock = filelock.FileLock(folder.with_suffix(".lock"))
            with contextlib.suppress(filelock.Timeout):
                lock.acquire(timeout=_WAIT_SECONDS)
        except OSError as error:
            raise storage_error(error, self.root) from error
        try:
            yield
        finally:
            if lock.is_locked:
                # A name that does not exist leaves no file behind. Removed while it is held: a moment later it
                # may be another's lock. Windows cannot remove an open file, and keeps it.
                with contextlib.suppress(OSError):
                    Path(lock.lock_file).unlink()
                lock.release()

    def _publish(self, temporary: Path, target: Path, name: str) -> None:
        """Move the finished folder into place. Whoever comes second keeps what the first one made."""
        if target.exists() and self._open(target, name) is None:
            damaged = Path(tempfile.mkdtemp(dir=self.root, prefix=_TEMPORARY))
            target.rename(damaged / "damaged")
            shutil.rmtree(damaged, ignore_errors=True)
        try:
            temporary.rename(target)
        except OSError:
            if self._open(target, name) is None:
                raise
        sync_folder(target.parent)

    def _remove_abandoned(self) -> None:
        """Clear what a killed process left half made."""
        for folder in self.root.glob(f"{_TEMPORARY}*"):
            try:
                abandoned = time.time() - folder.stat().st_mtime > _ABANDONED_SECONDS
            except OSError:
                continue  # another process cleared it
            if abandoned:
                shutil.rmtree(folder, ignore_errors=True)


def _write_published(name: str, folder: Path, tell: Callable[[str], None], on_machine: tuple[str, ...]) -> None:
    from clf_core.models import backbone_files, pretrained

    published = pretrained.load(name, tell, on_machine)
    body = pretrained.without_head(name, published.model)
    backbone_files.write_backbone(
        folder,
        body,
        backbone_files.Origin(name, published.preprocessing, published.licence, published.source),
        head=backbone_files.own_head(published, body),
        class_names=published.class_names,
    )


def _quick_to_check(spec: BackboneSpec) -> dict[str, str]:
    """The files that are used without a further check; load_body checks the weights."""
    return {file: digest for file, digest in spec.files.items() if file != WEIGHTS_FILE}


def _silent(text: str) -> None:
    """Nobody listens."""
