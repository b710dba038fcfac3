"""A loaded classifier that answers for pictures, with the preprocessing stored in the model."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import NDArray

from clf_core.config import ImportLimits
from clf_core.data.loading import input_from_bytes, load_inputs
from clf_core.models.classifier import Classifier, ClassifierSpec
from clf_core.models.runtime import FeatureRuntime
from clf_core.prediction.judging import Judge, Judgement, most_probable
from clf_core.results import ClassProbability, Prediction
from clf_core.results.doubt import Verdict

TOP = 5
"""Classes listed in an answer, at most."""

_HEAD_BLOCK = 16
"""Pictures whose features wait for the head at a time."""


@dataclass(frozen=True)
class Answer:
    """What the model says of one picture.

    Attributes:
        label: the best answer: the most probable class (of equals, the first in class order), unless a judge weighs
            the costs of mistakes.
        probability: of ``label``.
        top: most probable classes first, ``TOP`` at most.
        probabilities: of every class, adding up to 1.
        verdict: whether ``label`` is given as the answer; without a judge it always is.
        candidates: the classes an unsure picture may be, the most probable first.
    """

    label: str
    probability: float
    top: tuple[ClassProbability, ...]
    probabilities: dict[str, float]
    verdict: Verdict = "answer"
    candidates: tuple[str, ...] = ()


class Predictor:
    """A classifier on a loaded backbone. Safe to use from several threads at once.

    Args:
        classifier: the head with its classes and preprocessing.
        runtime: the backbone it was trained on, loaded.
        limits: caps on the pictures that are decoded.

    Raises:
        StateError: the classifier was trained on other weights than the runtime holds.
    """

    def __init__(self, classifier: Classifier, runtime: FeatureRuntime, limits: ImportLimits | None = None) -> None:
        classifier.require(runtime.spec)
        self._classifier = classifier
        self._runtime = runtime
        self._limits = limits or ImportLimits()

    @property
    def spec(self) -> ClassifierSpec:
        """Classes, preprocessing and origin of the model."""
        return self._classifier.spec

    def predict(self, name: str, data: bytes, judge: Judge | None = None) -> Prediction:
        """Answer for one picture file.

        Args:
            name: its file name, only repeated in the answer.
            data: the whole file.
            judge: decides what is said; None names the most probable class, however sure.

        Raises:
            PictureError: the bytes are not a picture that can be decoded.
        """
        start = time.perf_counter()
        answer = self.answer(self.prepare(data), judge)
        return Prediction(
            name=name,
            label=answer.label,
            probability=answer.probability,
            top=answer.top,
            milliseconds=(time.perf_counter() - start) * 1000,
            verdict=answer.verdict,
            candidates=answer.candidates,
            judged=judge is not None,
            answers_from=None if judge is None else judge.rule.answers_from,
        )

    def prepare(self, data: bytes, limits: ImportLimits | None = None) -> NDArray[np.uint8]:
        """Decode a picture file into the part the model sees: [S, S, 3] uint8 RGB.

        Args:
            data: the whole file.
            limits: other caps than the predictor's own.

        Raises:
            PictureError: the bytes are not a picture that can be decoded.
        """
        return input_from_bytes(data, self.spec.preprocessing, limits or self._limits)

    def answer(self, picture: NDArray[np.uint8], judge: Judge | None = None) -> Answer:
        """Answer for one prepared picture, [S, S, 3] uint8 RGB; ``judge`` as in ``predict``."""
        features = self._runtime.features(picture[None])  # [1, D]
        exact = self._classifier.probabilities(features)  # [1, K]
        judgement = _judged(judge, features, exact)[0]
        probabilities = exact[0].astype(float)  # [K]
        best = np.argsort(-probabilities, kind="stable")[:TOP]
        classes = self.spec.classes
        top = tuple(ClassProbability(name=classes[index], probability=probabilities[index]) for index in best)
        return Answer(
            label=classes[judgement.said],
            probability=float(probabilities[judgement.said]),
            top=top,
            probabilities=dict(zip(classes, probabilities.tolist(), strict=True)),
            verdict=judgement.verdict,
            candidates=tuple(classes[place] for place in judgement.candidates),
        )

    def stream(self, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """Prepared pictures one by one -> probabilities float32 [K], in the same order.

        Drawing from ``pictures`` overlaps with the network's work; errors it raises pass through.
        """
        return self._stream(pictures, self._classifier.probabilities)

    def judged(
        self, pictures: Iterable[NDArray[np.uint8]], judge: Judge | None
    ) -> Iterator[tuple[NDArray[np.float32], Judgement]]:
        """As ``stream``, each with what is said of the picture; ``judge`` as in ``predict``."""
        for features in self._blocks(pictures):
            probabilities = self._classifier.probabilities(features)
            yield from zip(probabilities, _judged(judge, features, probabilities), strict=True)

    def _stream(
        self,
        pictures: Iterable[NDArray[np.uint8]],
        head: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    ) -> Iterator[NDArray[np.float32]]:
        for features in self._blocks(pictures):
            yield from head(features)  # [B, D] -> [B, K]

    def _blocks(self, pictures: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """Features [B, D] float32 of a few pictures at a time, in order.

        In blocks: a matrix product for each picture would call numpy's threads in among the network's, which slows
        both down several times.
        """
        features = self._runtime.stream(pictures)
        while block := list(islice(features, _HEAD_BLOCK)):
            yield np.stack(block)

    def probabilities(
        self,
        keys: Sequence[str],
        read: Callable[[str], bytes],
        progress: Callable[[int], None] | None = None,
    ) -> NDArray[np.float32]:
        """Probabilities for stored pictures, in order: [N, K] float32, rows adding up to 1.

        Args, Raises: as ``logits``.
        """
        return self._of_stored(keys, read, progress, self._classifier.probabilities)

    def logits(
        self,
        keys: Sequence[str],
        read: Callable[[str], bytes],
        progress: Callable[[int], None] | None = None,
    ) -> NDArray[np.float32]:
        """What the last layer says of stored pictures, before any temperature, in order.

        Args:
            keys: names of N pictures, such as the sha256 of stored ones.
            read: gives the file of a name, such as ``PictureStore.read``; called in threads.
            progress: called with the number of pictures done, after each.

        Returns:
            [N, K] float32.

        Raises:
            PictureError: a file cannot be read or decoded.
        """
        return self._of_stored(keys, read, progress, self._classifier.logits)

    def _of_stored(
        self,
        keys: Sequence[str],
        read: Callable[[str], bytes],
        progress: Callable[[int], None] | None,
        head: Callable[[NDArray[np.float32]], NDArray[np.float32]],
    ) -> NDArray[np.float32]:
        result = np.empty((len(keys), len(self.spec.classes)), dtype=np.float32)
        inputs = load_inputs(keys, read, self.spec.preprocessing, self._limits)
        for index, row in enumerate(self._stream(inputs, head)):
            result[index] = row
            if progress:
                progress(index + 1)
        return result


def _judged(judge: Judge | None, features: NDArray[np.float32], probabilities: NDArray[np.float32]) -> list[Judgement]:
    return most_probable(probabilities) if judge is None else judge.judge(features, probabilities)
