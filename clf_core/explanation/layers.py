"""What the layers of a network learned: the filters of its first convolution, and what each layer makes of a picture.

Filters as pictures: Krizhevsky, Sutskever, Hinton 2012, figure 3. Feature maps: Zeiler and Fergus 2014,
'Visualizing and Understanding Convolutional Networks', arXiv:1311.2901.
"""

import threading
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from clf_core.config import Activation, BatchNorm, Convolution, Layer, Pooling, Residual
from clf_core.errors import InputError, NotFoundError
from clf_core.explanation.target_layer import TargetLayer, layout_of
from clf_core.models.backbone import BackboneSpec
from clf_core.models.network import normalise
from clf_core.results.networks import FeatureMaps, LearnedFilters, SeenLayer

if TYPE_CHECKING:
    import torch
    from torch import nn

_MOST_SHOWN = 64

ACTIVATION_WORDS: dict[Activation, str] = {"relu": "ReLU", "gelu": "GELU", "silu": "SiLU", "tanh": "tanh", "none": ""}


class LayerViewer:
    """Looks into one network; may be called from several threads, which then take turns.

    Args:
        body: the network without its last layer, in eval mode, on the CPU.
        spec: what it is.
    """

    def __init__(self, body: "nn.Module", spec: BackboneSpec) -> None:
        self._body: Any = body.eval().requires_grad_(False)
        self._spec = spec
        self._lock = threading.Lock()
        self._layers: dict[SeenLayer, TargetLayer] | None = None

    def filters(self) -> LearnedFilters:
        """Return the filters of the first convolution as pictures.

        Raises:
            InputError: the network has no convolution that looks at the picture itself.
        """
        name, convolution = _first_convolution(self._body)
        if convolution is None:
            raise InputError(
                "There are no filters to look at",
                why="No layer of this network is a convolution that looks at the picture itself",
                remedy="Begin the network with a convolution",
            )
        weights = convolution.weight.detach().numpy()  # [F, 3, k, k]
        strengths = np.abs(weights).max(axis=(1, 2, 3))
        order = np.argsort(-strengths, kind="stable")[:_MOST_SHOWN]
        scaled = weights[order] / np.maximum(strengths[order], 1e-12)[:, None, None, None]
        pictures = np.rint(127.5 + 127.5 * scaled).astype(np.uint8).transpose(0, 2, 3, 1)
        return LearnedFilters(pictures, len(weights), name, self._note(convolution))

    def layers(self) -> tuple[SeenLayer, ...]:
        """Return the layers whose maps can be looked at, the first first.

        Raises:
            InputError: the network keeps no maps, such as a plain vision transformer.
        """
        with self._lock:
            return tuple(self._found())

    def feature_maps(self, picture: NDArray[np.uint8], name: str) -> FeatureMaps:
        """Return what one layer makes of a picture.

        Args:
            picture: [S, S, 3] uint8 RGB, as ``clf_core.data.transforms.to_input`` makes it.
            name: of one of ``layers()``.

        Raises:
            InputError: the network keeps no maps.
            NotFoundError: no such layer.
        """
        with self._lock:
            found = self._found()
            layer = next((layer for layer in found if layer.name == name), None)
            if layer is None:
                raise NotFoundError(f"The network has no layer '{name}' that could be looked at")
            maps = self._outputs({layer: found[layer]}, picture)[layer]  # [C, h, w]
        answers = np.maximum(maps, 0)
        activity = answers.mean(axis=(1, 2))
        order = np.argsort(-activity, kind="stable")[:_MOST_SHOWN]
        return FeatureMaps(
            picture=picture,
            layer=layer,
            maps=(answers[order] / max(float(answers.max()), 1e-12)).astype(np.float32),
            channels=tuple(int(channel) for channel in order),
            total=len(maps),
            silent=int((activity == 0).sum()),
        )

    def _note(self, convolution: "nn.Conv2d") -> str:
        side = convolution.kernel_size[0]
        patch = f"Each square is one of the patterns of {side} × {side} pixels that the first layer looks for. "
        if side == 1:
            patch = "Each square is a mixture of colours that the first layer looks for, pixel by pixel. "
        return patch + "Grey: this place does not matter. Bright or coloured: more of this there is a stronger answer."

    def _found(self) -> dict[SeenLayer, TargetLayer]:
        """The layers, found once by sending a picture through; the lock is held."""
        if self._layers is None:
            side = self._spec.preprocessing.input_size
            noise = np.random.default_rng(0).integers(0, 256, (side, side, 3), dtype=np.uint8)
            self._layers = self._with_maps(self._named(), noise)
        if not self._layers:
            why, remedy = (
                "None of its layers gives maps of more than one number",
                "Begin the network with a convolution",
            )
            if self._spec.network is None:
                remedy = "The heatmap shows where it looked"
                why = "It is a transformer, which cuts a picture into patches and keeps a list of them, not maps"
            raise InputError(
                "What each layer sees cannot be drawn for this network",
                why=why,
                remedy=remedy,
            )
        return self._layers

    def _named(self) -> dict[SeenLayer, "nn.Module"]:
        """The layers worth looking at, whether they give maps or not."""
        network = self._spec.network
        if network is not None:
            return {
                SeenLayer(f"maps.{index}", f"{index + 1}. {layer_title(network.layers[index])}"): module
                for index, module in enumerate(self._body.maps)
                if isinstance(network.layers[index], Convolution | Pooling | BatchNorm | Residual)
            }
        name, convolution = _first_convolution(self._body)
        named: dict[SeenLayer, nn.Module] = {}
        if convolution is not None:
            side = convolution.kernel_size[0]
            title = f"First convolution, {convolution.out_channels} filters of {side} × {side}"
            named[SeenLayer(name, title)] = convolution
        for number, stage in enumerate(_stages(self._body), start=1):
            named[SeenLayer(stage, f"Stage {number}")] = self._body.get_submodule(stage)
        return named

    def _with_maps(
        self, named: dict[SeenLayer, "nn.Module"], picture: NDArray[np.uint8]
    ) -> dict[SeenLayer, TargetLayer]:
        """Those of the layers that give maps of more than one number, and how these lie in memory."""
        import torch

        shapes: dict[SeenLayer, tuple[int, ...]] = {}

        def note(layer: SeenLayer) -> Any:
            def hook(_module: Any, _inputs: Any, output: Any) -> None:
                if isinstance(output, torch.Tensor):
                    shapes[layer] = tuple(output.shape)

            return hook

        self._run(picture, [(module, note(layer)) for layer, module in named.items()])
        found = {}
        for layer, module in named.items():
            layout = layout_of(shapes.get(layer, ()), prefix_tokens=0)
            if layout in ("NCHW", "NHWC"):
                found[layer] = TargetLayer(layer.name, module, layout)
        # A patch embedding gives maps, too; without any stage that does, the network is a plain transformer.
        stages = [layer for layer in found if not layer.title.startswith("First convolution")]
        return found if stages else {}

    def _outputs(
        self, layers: dict[SeenLayer, TargetLayer], picture: NDArray[np.uint8]
    ) -> dict[SeenLayer, NDArray[np.float32]]:
        """What the layers make of a picture: [C, h, w] each."""
        outputs: dict[SeenLayer, NDArray[np.float32]] = {}

        def keep(layer: SeenLayer, target: TargetLayer) -> Any:
            def hook(_module: Any, _inputs: Any, output: "torch.Tensor") -> None:
                outputs[layer] = target.to_nchw(output)[0].numpy().copy()  # a layer behind may work in place

            return hook

        self._run(picture, [(target.module, keep(layer, target)) for layer, target in layers.items()])
        return outputs

    def _run(self, picture: NDArray[np.uint8], hooks: "list[tuple[nn.Module, Any]]") -> None:
        import torch

        handles = [module.register_forward_hook(hook) for module, hook in hooks]
        try:
            with torch.no_grad():
                self._body.forward_features(normalise(picture[None], self._spec.preprocessing))
        finally:
            for handle in handles:
                handle.remove()


def layer_title(layer: Layer) -> str:
    """Return a layer in a few words, such as 'Convolution, 32 filters of 3 × 3, ReLU'."""
    match layer:
        case Convolution():
            words = f"Convolution, {layer.filters} filters of {layer.kernel} × {layer.kernel}"
        case Pooling():
            kind = "Max pooling" if layer.mode == "max" else "Average pooling"
            words = f"{kind} of {layer.size} × {layer.size}"
        case Residual():
            words = f"Residual block, {layer.filters} maps"
        case _:
            words = layer.kind.capitalize()
    activation = ACTIVATION_WORDS[layer.activation] if isinstance(layer, Convolution | BatchNorm) else ""
    return f"{words}, {activation}" if activation else words


def _first_convolution(body: "nn.Module") -> "tuple[str, nn.Conv2d | None]":
    """The first convolution over the three colours, and its name."""
    from torch import nn

    for name, module in body.named_modules():
        if isinstance(module, nn.Conv2d) and module.in_channels == 3 and module.groups == 1:
            return name, module
    return "", None


def _stages(body: Any) -> list[str]:
    """Names of the modules after which timm lets features be taken, one per stage of the network."""
    listed = getattr(body, "feature_info", None) or []
    names = [str(entry["module"]) for entry in listed if isinstance(entry, dict) and entry.get("module")]
    known = {name for name, _ in body.named_modules()}
    return [name for name in dict.fromkeys(names) if name in known]
