"""Answers for new pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from clf_core.api.loaded_models import LoadedModels
from clf_core.api.pictures import told_with_name
from clf_core.results import BatchReport, Prediction
from clf_core.settings import Settings
from clf_core.values import STARTER

if TYPE_CHECKING:
    from clf_core.importing.source import Source
    from clf_core.prediction.judging import Judge

PredictionProgress = Callable[[int, int], None]
"""Called with (files done, files in all)."""


class Predictions:
    """Answers of a model. ``model_ref`` is a finished run's name or identifier, or ``STARTER``.

    Args:
        models: kept ready.
        settings: of the operator.
        judge: gives what decides a model's answers; None names the most probable class, however sure.
    """

    def __init__(
        self, models: LoadedModels, settings: Settings, judge: "Callable[[str], Judge | None] | None" = None
    ) -> None:
        self._models = models
        self._settings = settings
        self._judge = judge or (lambda _model: None)

    def predict(self, model_ref: str, name: str, data: bytes) -> Prediction:
        """Return the model's answer for one picture.

        Args:
            model_ref: which model.
            name: the picture's file name, only repeated in the answer and in errors.
            data: the file's bytes.

        Raises:
            PictureError: the bytes are not a picture that can be decoded.
            NotFoundError, StateError, WeightsUnavailableError: about the model.
        """
        predictor = self._models.get(model_ref).predictor
        judge = self._judge(model_ref)
        with told_with_name(name):
            return predictor.predict(name, data, judge)

    def predict_path(self, model_ref: str, source: Path, *, progress: PredictionProgress | None = None) -> BatchReport:
        """Return answers for a picture, a folder or a zip archive on this machine; every file is accounted for.

        Raises:
            SourceError: the path is missing, empty, or cannot be read.
            NotFoundError, StateError, WeightsUnavailableError: about the model.
        """
        from clf_core.importing.source import open_source

        return self._predict_all(model_ref, lambda: open_source(source, self._settings.limits), progress)

    def predict_uploads(
        self,
        model_ref: str,
        files: Sequence[tuple[str, BinaryIO]],
        *,
        progress: PredictionProgress | None = None,
    ) -> BatchReport:
        """Return answers for files a browser sent: pictures, or one zip archive.

        Args:
            model_ref: which model.
            files: (name as given by the browser, open binary file) of each.
            progress: called with (done, total).

        Raises:
            The errors of ``predict_path``.
        """
        from clf_core.importing.source import uploaded_source

        return self._predict_all(model_ref, lambda: uploaded_source(files, self._settings.limits), progress)

    def csv(self, report: BatchReport) -> bytes:
        """Return a batch's answers as CSV, UTF-8; names that a spreadsheet would run as formulas are neutralised."""
        from clf_core.prediction.batch import csv_text

        return csv_text(report).encode("utf-8", "backslashreplace")

    def warm_up(self) -> None:
        """Load the starter model, so that the first visitor's first picture is answered without a wait."""
        self._models.get(STARTER).predictor  # noqa: B018 - making it is the point

    def _predict_all(
        self, model_ref: str, open_it: "Callable[[], Source]", progress: PredictionProgress | None
    ) -> BatchReport:
        from clf_core.prediction.batch import predict_source

        model = self._models.get(model_ref)
        with open_it() as source:
            return predict_source(
                model.predictor, source, self._settings.limits, progress, judge=self._judge(model_ref)
            )
