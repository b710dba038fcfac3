"""Part of the background work on a run: heatmaps of pictures of each class and of all mistakes.

insights/gallery/<sha256>.webp        the part of a picture the model saw, small
insights/gallery/<sha256>-said.webp   the evidence for what it said; -true.webp for what it is, where that differs
insights/gallery/partial.json         what is drawn so far (HeatmapGallery), while it is worked on
insights/gallery/index.json           the same, once all is drawn
"""

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import ValidationError

from clf_core.errors import HeatmapError, NotFoundError, PictureError, StorageError
from clf_core.files import write_bytes, write_text
from clf_core.jobs.insights import Tell, folder_of
from clf_core.results.insights import GalleryPicture, HeatmapGallery
from clf_core.values import Split

if TYPE_CHECKING:
    from collections.abc import Iterator

    from clf_core.data.manifest import Manifest
    from clf_core.explanation.gallery import Case
    from clf_core.prediction.loaded_model import LoadedModel
    from clf_core.workspace import Workspace
    from clf_core.workspace.run_directory import RunDirectory

_SECONDS_BETWEEN_INDEXES = 2.0
_INSTEAD_OF_TEST: tuple[Split, ...] = ("val", "train")


class Gallery:
    """Draws them with Grad-CAM at the layer found for the network; goes on where an earlier attempt ended."""

    name = "gallery"
    title = "Heatmaps of many pictures"

    def done(self, run: "RunDirectory") -> bool:
        """Whether all are drawn."""
        return (folder_of(run, self.name) / "index.json").is_file()

    def make(self, run: "RunDirectory", workspace: "Workspace", model: "LoadedModel", tell: Tell) -> None:
        """Draw them; where the network keeps no places apart, so that no heatmap can be made, that is the result.

        Raises:
            ClfError: about the dataset, the model or the disk.
        """
        from clf_core.explanation.gallery import chosen

        tested = run.tested() if run.evaluation() is not None else ()
        try:
            layer = model.heatmaps.layer
        except HeatmapError as error:
            none = HeatmapGallery(
                pictures=(), total=0, mistakes=0, tested=bool(tested), layer="", why_none=f"{error.what}. {error.why}."
            )
            write_text(folder_of(run, self.name) / "index.json", none.model_dump_json())
            return
        cases = _of_test(run) if tested else _without_test(run, workspace, model)
        classes = model.classifier.spec.classes
        plan = chosen(cases, classes)
        before = gallery_so_far(folder_of(run, self.name))
        drawn = {picture.sha256: picture for picture in before.pictures} if before else {}
        state = HeatmapGallery(
            pictures=(),
            total=len(plan),
            mistakes=sum(picture.true != picture.predicted for picture in tested),
            tested=bool(tested),
            layer=layer,
        )
        _Drawer(folder_of(run, self.name), workspace, model, state, drawn).draw(plan, tell)


def gallery_so_far(folder: Path) -> HeatmapGallery | None:
    """Return what is drawn so far; None before the first picture, or where it cannot be read."""
    for name in ("index.json", "partial.json"):
        with suppress(OSError, ValidationError):
            return HeatmapGallery.model_validate_json((folder / name).read_bytes())
    return None


class _Drawer:
    """Draws pictures into a folder and writes the list of them as it grows."""

    def __init__(
        self,
        folder: Path,
        workspace: "Workspace",
        model: "LoadedModel",
        state: HeatmapGallery,
        drawn: dict[str, GalleryPicture],
    ) -> None:
        self._folder = folder
        self._workspace = workspace
        self._model = model
        self._state = state
        self._drawn = drawn

    def draw(self, plan: "list[Case]", tell: Tell) -> None:
        """Draw all that is not drawn yet."""
        unreadable, written = 0, time.monotonic()
        pictures: list[GalleryPicture] = []
        for done, case in enumerate(plan, start=1):
            picture = self._drawn.get(case.sha256) or self._draw(case)
            if picture is None:
                unreadable += 1
            else:
                pictures.append(picture)
            if time.monotonic() - written > _SECONDS_BETWEEN_INDEXES:
                written = time.monotonic()
                self._write("partial.json", pictures, unreadable)
            tell(done, len(plan))
        self._write("index.json", pictures, unreadable)
        (self._folder / "partial.json").unlink(missing_ok=True)

    def _draw(self, case: "Case") -> GalleryPicture | None:
        """Draw one picture with its heatmaps; None where it can no longer be read.

        Raises:
            StorageError: the disk refused.
        """
        from clf_core.explanation.gallery import heat_tile, picture_tile

        classes = self._model.classifier.spec.classes
        try:
            seen = self._model.predictor.prepare(self._workspace.pictures.read(case.sha256))  # [S, S, 3]
        except (PictureError, NotFoundError, StorageError):
            return None
        files = {f"{case.sha256}.webp": picture_tile(seen)}
        for which, name in (("said", case.said), ("true", case.true)):
            if which == "said" or case.true != case.said:
                heatmap = self._model.heatmaps.heatmap(seen, classes.index(name))
                files[f"{case.sha256}-{which}.webp"] = heat_tile(heatmap)
        for name, data in files.items():
            write_bytes(self._folder / name, data)
        names = [*files]
        return GalleryPicture(
            sha256=case.sha256,
            true=case.true,
            said=case.said,
            probability=case.probability,
            picture=names[0],
            said_heat=names[1],
            true_heat=names[-1],
        )

    def _write(self, name: str, pictures: list[GalleryPicture], unreadable: int) -> None:
        state = self._state.model_copy(update={"pictures": tuple(pictures), "unreadable": unreadable})
        write_text(self._folder / name, state.model_dump_json())


def _of_test(run: "RunDirectory") -> "Iterator[Case]":
    """The test pictures with what was said of them when they were tested."""
    from clf_core.explanation.gallery import Case

    for picture in run.tested():
        yield Case(picture.sha256, picture.true, picture.predicted, picture.probability)


def _without_test(run: "RunDirectory", workspace: "Workspace", model: "LoadedModel") -> "Iterator[Case]":
    """Some validation pictures of each class, or training pictures, with what the model says of them now."""
    from clf_core.explanation.gallery import Case

    for sha256, true in _some_of_each(workspace.datasets.manifest(run.record.dataset_id, run.record.version)):
        with suppress(PictureError, NotFoundError, StorageError):
            answer = model.predictor.answer(model.predictor.prepare(workspace.pictures.read(sha256)))
            yield Case(sha256, true, answer.label, answer.probability)


def _some_of_each(manifest: "Manifest") -> "Iterator[tuple[str, str]]":
    """(SHA-256, class) of the first pictures of each class, of the validation split where there are any."""
    from clf_core.explanation.gallery import per_class

    number = per_class(len(manifest.classes))
    splits = [manifest.select(split) for split in _INSTEAD_OF_TEST]
    for index, name in enumerate(manifest.classes):
        for rows in splits:
            places = (rows.label_index == index).nonzero()[0][:number].tolist()
            yield from ((rows.sha256[place], name) for place in places)
            if places:
                break
