"""Runs a frozen backbone as fast as this machine allows: pictures in, feature vectors out.

On a CPU the compiled form runs in OpenVINO and torch is never imported; on a GPU, or where a network
could not be converted, torch runs it.

Settings were chosen by measuring lite0 on 2 cores of an AMD EPYC (family 26, avx512_bf16, no AMX), pictures/s:

    float32   1 stream, batch 1: 357 · batch 8: 396 · 2 streams, batch 1: 442 · batch 8: 398
    bfloat16  1 stream, batch 1: 713 · batch 8: 819 · 2 streams, batch 1: 849 · batch 8: 773; four requests
              in flight on two streams: 888

With the decoding of 397 photos going on beside it, best of six: this module's settings 492, only one request
per stream 451, latency mode 439, one stream of one thread 432, unpinned threads 488; in float32 318.

So: one picture a time, as many streams as OpenVINO's throughput mode takes (one per core here), two requests
per stream so that a stream never waits for Python. Compiling takes 0.08 s, so compiled blobs are not cached.

bfloat16 is OpenVINO's own choice where the processor has it; elsewhere float32 is used. On photos its features
have a cosine of at least 0.995 with those of float32, and a fitted head is as accurate (see ``training.head``),
also where a model trained with the one is used with the other.
"""

import threading
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from clf_core.device import Device, cpu_count
from clf_core.errors import StorageError
from clf_core.models import engine
from clf_core.models.backbone import Backbone, BackboneSpec

if TYPE_CHECKING:
    from torch import nn

Precision = Literal["auto", "float32"]
"""'auto' takes bfloat16 where the processor has it; 'float32' is for comparisons with torch."""


class FeatureRuntime(Protocol):
    """A loaded backbone. Safe to use from several threads at once."""

    @property
    def spec(self) -> BackboneSpec:
        """The backbone that is loaded."""

    @property
    def engine(self) -> str:
        """What does the work, for people: such as 'OpenVINO, bf16'."""

    def features(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Pictures uint8 [B, S, S, 3] RGB -> features float32 [B, D]."""

    def stream(self, inputs: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """Pictures uint8 [S, S, 3] one by one -> features float32 [D], in the same order.

        Drawing from ``inputs`` goes on while the network works; at most a few dozen pictures are
        held at a time. Errors raised by ``inputs`` pass through.
        """


def open_runtime(backbone: Backbone, device: Device, precision: Precision = "auto") -> FeatureRuntime:
    """Load ``backbone``.

    Args:
        device: 'cpu' or 'cuda', as ``clf_core.device.choose`` resolves it.
        precision: arithmetic on the CPU; torch always uses float32.

    Raises:
        StorageError: the stored files are damaged.
    """
    if device == "cpu" and backbone.compiled is not None:
        return OpenVinoRuntime(backbone, precision)
    return TorchRuntime(backbone, device)


class OpenVinoRuntime:
    """The compiled form on the CPU."""

    def __init__(self, backbone: Backbone, precision: Precision = "auto") -> None:
        settings = {"PERFORMANCE_HINT": "THROUGHPUT", "INFERENCE_NUM_THREADS": str(cpu_count())}
        if precision == "float32":
            settings["INFERENCE_PRECISION_HINT"] = "f32"
        self._spec = backbone.spec
        try:
            self._model = engine.openvino().Core().compile_model(backbone.compiled, "CPU", settings)
        except RuntimeError as error:
            raise StorageError(
                f"The compiled form of {backbone.spec.name} cannot be loaded",
                why="Its files are damaged, or come from another version of OpenVINO",
                remedy=f"Delete the folder {backbone.folder}; it is made again when needed",
            ) from error
        self._requests = 2 * int(self._model.get_property("OPTIMAL_NUMBER_OF_INFER_REQUESTS"))

    @property
    def spec(self) -> BackboneSpec:
        """The backbone that is loaded."""
        return self._spec

    @property
    def engine(self) -> str:
        """Such as 'OpenVINO, bf16'."""
        return f"OpenVINO, {self._model.get_property('INFERENCE_PRECISION_HINT').to_string()}"

    def features(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See ``FeatureRuntime.features``."""
        if len(batch) == 1:  # the usual case on a page: spare the queue
            result = self._model.create_infer_request().infer({0: batch})[0]
            return np.array(result, dtype=np.float32)
        return _stack(self.stream(batch), self._spec.feature_dim)

    def stream(self, inputs: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """See ``FeatureRuntime.stream``."""
        # A ring of requests waited for in order. Not AsyncInferQueue: its Python callbacks are released by
        # OpenVINO's own threads, and dropping the model just then waits for ever for the interpreter lock.
        idle = [self._model.create_infer_request() for _ in range(self._requests)]
        running: deque[Any] = deque()
        try:
            for picture in inputs:
                finished = None
                if not idle:
                    idle.append(running.popleft())
                    finished = _result(idle[0])
                request = idle.pop()
                request.start_async({0: picture[None]})  # copies the picture
                running.append(request)
                if finished is not None:
                    yield finished
            while running:
                yield _result(running.popleft())
        finally:
            for request in running:  # the consumer stopped early, or ``inputs`` failed
                request.wait()


def _result(request: Any) -> NDArray[np.float32]:
    """Wait for an OpenVINO request; its features [D] float32, copied out of the engine's memory."""
    request.wait()
    return np.array(request.get_output_tensor(0).data[0], dtype=np.float32)


class TorchRuntime:
    """The timm model itself, on a GPU or, for networks that cannot be compiled, on the CPU."""

    def __init__(self, backbone: Backbone, device: Device) -> None:
        from clf_core.models.network import load_body
        from clf_core.models.pooled import PooledNetwork

        self._spec = backbone.spec
        self._device = device
        self._batch = 64 if device == "cuda" else 8
        self._network: nn.Module = PooledNetwork(load_body(backbone)).eval().to(device)
        self._lock = threading.Lock()

    @property
    def spec(self) -> BackboneSpec:
        """The backbone that is loaded."""
        return self._spec

    @property
    def engine(self) -> str:
        """Such as 'torch on cuda, float32'."""
        return f"torch on {self._device}, float32"

    def features(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        """See ``FeatureRuntime.features``."""
        return _stack(self.stream(batch), self._spec.feature_dim)

    def stream(self, inputs: Iterable[NDArray[np.uint8]]) -> Iterator[NDArray[np.float32]]:
        """See ``FeatureRuntime.stream``."""
        pictures = iter(inputs)
        while chunk := list(islice(pictures, self._batch)):
            yield from self._run(np.stack(chunk))

    def _run(self, batch: NDArray[np.uint8]) -> NDArray[np.float32]:
        import torch

        from clf_core.models.network import normalise

        with self._lock, torch.inference_mode():
            features = self._network(normalise(batch, self._spec.preprocessing, self._device))
            return np.asarray(features.float().cpu().numpy(), dtype=np.float32)


def _stack(rows: Iterable[NDArray[np.float32]], width: int) -> NDArray[np.float32]:
    """Rows [D] -> [B, D], also for none."""
    listed = list(rows)
    return np.stack(listed) if listed else np.zeros((0, width), dtype=np.float32)
