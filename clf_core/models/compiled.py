"""Turns a backbone into OpenVINO's form once, so that running it needs no torch.

The file takes one picture as it comes from decoding, uint8 [1, S, S, 3] RGB, and gives float32 [1, D];
scaling and normalisation are part of the graph. One picture a time on several streams was faster than
batches on the machines measured (see ``runtime``), so the shape is fixed, which also spares converters
the trouble that dynamic shapes give with transformers.
"""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from clf_core.config import Preprocessing
from clf_core.models import engine
from clf_core.models.backbone import COMPILED_FILE
from clf_core.models.network import normalise

if TYPE_CHECKING:
    from torch import nn

TOLERANCE = 1e-3
"""Largest difference to torch, relative to the largest number it gives, that a conversion may show in float32."""


def write_compiled(body: "nn.Module", preprocessing: Preprocessing, folder: Path) -> bool:
    """Convert ``body`` (a timm model without head) into ``folder``.

    Returns:
        False, with nothing written, where OpenVINO cannot convert it or the result differs from torch.
    """
    from clf_core.models.pooled import PooledNetwork

    return convert(PooledNetwork(body), preprocessing, folder / COMPILED_FILE)


def convert(module: "nn.Module", preprocessing: Preprocessing, path: Path) -> bool:
    """Convert a network into the file ``path`` (.xml) and one beside it (.bin).

    Args:
        module: normalised float32 [1, 3, S, S] -> one float32 tensor [1, ...]; on the CPU.
        preprocessing: its normalisation becomes the first step.
        path: where to write.

    Returns:
        False, with nothing written, where OpenVINO cannot convert it or the result differs from torch.
    """
    import torch

    openvino = engine.openvino()
    size = preprocessing.input_size
    module = module.eval()
    example = np.random.default_rng(0).integers(0, 256, (1, size, size, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = module(normalise(example, preprocessing)).numpy()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the tracer's remarks on timm's own branches; the result is compared below
            model = openvino.convert_model(
                module, example_input=torch.zeros(1, 3, size, size), input=[1, 3, size, size]
            )
        _take_pictures(model, preprocessing)
        compiled = openvino.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
        given = compiled({0: example})[0]
    except (RuntimeError, ValueError, TypeError, NotImplementedError):
        return False  # torch runs it instead, only slower
    if given.shape != expected.shape or not np.allclose(
        given, expected, rtol=0, atol=TOLERANCE * float(np.abs(expected).max())
    ):
        return False
    openvino.save_model(model, path, compress_to_fp16=False)
    return True


def _take_pictures(model: "object", preprocessing: Preprocessing) -> None:
    """Let ``model`` accept uint8 [1, S, S, 3] and normalise by itself."""
    openvino = engine.openvino()
    steps = openvino.preprocess.PrePostProcessor(model)
    steps.input().tensor().set_element_type(openvino.Type.u8).set_layout(openvino.Layout("NHWC"))
    steps.input().model().set_layout(openvino.Layout("NCHW"))
    convert = steps.input().preprocess().convert_element_type(openvino.Type.f32)
    convert.mean([255 * value for value in preprocessing.mean]).scale([255 * value for value in preprocessing.std])
    steps.build()
