"""The few pretrained networks worth choosing from; any other timm name works too."""

from clf_core.models.backbone_store import BackboneStore
from clf_core.results import BackboneInfo

_RECOMMENDED = (
    ("tf_efficientnet_lite0", "EfficientNet-Lite0", "Small and fast on any processor; comes with the studio."),
    ("mobilenetv4_conv_small.e2400_r224_in1k", "MobileNetV4 small", "Made for phones, so quick anywhere."),
    ("convnext_atto.d2_in1k", "ConvNeXt atto", "A modern network of nearly the same size."),
    ("resnet50.a1_in1k", "ResNet-50", "The classic: slower, and widely understood."),
    ("vit_small_patch16_224.augreg_in21k_ft_in1k", "ViT small", "A transformer taught with 21,000 classes; slower."),
)
_LICENCE = "apache-2.0"
"""Of each network above; a test compares it with timm's record."""


def backbones(store: BackboneStore) -> tuple[BackboneInfo, ...]:
    """The recommended networks, then any others already on this machine. Imports no torch."""
    listed = tuple(
        BackboneInfo(name=name, title=title, on_machine=store.on_machine(name), licence=_LICENCE, description=text)
        for name, title, text in _RECOMMENDED
    )
    known = {info.name for info in listed}
    others = tuple(
        BackboneInfo(name=name, title=name, on_machine=True, licence=spec.licence, description=f"From {spec.source}.")
        for name in store.names()
        if name not in known and (spec := store.spec(name)) is not None
    )
    return listed + others
