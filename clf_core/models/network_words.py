"""What networks are called and what they are good for, in words. Imports no torch.

Sentences on a family say what its authors are known for; those on size, licence and input size are made from the
network's own figures.
"""

from dataclasses import dataclass

from clf_core.models.catalogue_table import Entry

MILLION = 1_000_000


@dataclass(frozen=True)
class Recommendation:
    """A network worth looking at first.

    Attributes:
        name: the timm model.
        title: what people call it.
        good_for: one sentence or two.
    """

    name: str
    title: str
    good_for: str


RECOMMENDED = (
    Recommendation(
        "tf_efficientnet_lite0",
        "EfficientNet-Lite0",
        "The one to begin with: small, fast on any processor, and it comes with the studio.",
    ),
    Recommendation(
        "mobilenetv4_conv_small.e2400_r224_in1k",
        "MobileNetV4 small",
        "Made for phones, so the quickest of these; for many pictures or a weak machine.",
    ),
    Recommendation(
        "convnext_atto.d2_in1k",
        "ConvNeXt atto",
        "A modern network of nearly the same size; often a little better on textures and fine detail.",
    ),
    Recommendation(
        "resnet50.a1_in1k",
        "ResNet-50",
        "The classic everybody compares with: several times slower, and widely understood.",
    ),
    Recommendation(
        "vit_small_patch16_224.augreg_in21k_ft_in1k",
        "ViT small",
        "A transformer taught with 21,000 classes: good where pictures differ from everyday photos; slower.",
    ),
    Recommendation(
        "convnext_tiny.in12k_ft_in1k",
        "ConvNeXt tiny",
        "The most accurate of these, taught with 12,000 classes; for a graphics card or patience.",
    ),
)

_FAMILIES = {
    "beit": ("BEiT", "Transformers that first learned to fill in covered parts of pictures."),
    "byobnet": ("Block networks (RepVGG, MobileOne and others)", "Plain convolutional networks built from few parts."),
    "cait": ("CaiT", "Deep transformers; accurate and slow."),
    "coat": ("CoaT", "Transformers that look at several scales."),
    "convnext": ("ConvNeXt", "Convolutional networks with the ideas of transformers; accurate for their size."),
    "deit": ("DeiT", "Vision transformers taught with ImageNet alone."),
    "densenet": ("DenseNet", "Each layer sees all before it: few weights, much memory; an older design."),
    "edgenext": ("EdgeNeXt", "Small hybrids of convolution and attention for phones."),
    "efficientformer": ("EfficientFormer", "Transformers made for phones."),
    "efficientformer_v2": ("EfficientFormerV2", "Hybrids of convolution and attention made for phones."),
    "efficientnet": ("EfficientNet", "Convolutional networks that balance depth, width and input size."),
    "eva": ("EVA and DINOv3", "Large transformers; among the most accurate there are, and heavy."),
    "fastvit": ("FastViT", "Hybrids that become plain convolutions when they run."),
    "ghostnet": ("GhostNet", "Very cheap convolutional networks."),
    "hiera": ("Hiera", "Plain hierarchical transformers."),
    "inception_v3": ("Inception v3", "A classic of 2015."),
    "levit": ("LeViT", "Transformers made for speed."),
    "maxxvit": ("MaxViT and CoAtNet", "Hybrids: convolution first, attention after it; accurate."),
    "metaformer": ("MetaFormer (CAFormer, PoolFormer)", "Accurate networks whose mixing step was varied."),
    "mlp_mixer": ("MLP-Mixer and relatives", "No convolution and no attention; of interest for comparisons."),
    "mobilenetv3": ("MobileNetV3", "Small convolutional networks for phones."),
    "mobilenetv4": ("MobileNetV4", "The newest networks for phones; quick on every processor."),
    "mobilevit": ("MobileViT", "Small hybrids of convolution and attention for phones."),
    "naflexvit": ("NaFlexViT", "Transformers for pictures of any shape."),
    "nfnet": ("NFNet", "Accurate networks without batch normalisation."),
    "regnet": ("RegNet", "Convolutional networks found by a search; even and quick on graphics cards."),
    "repvit": ("RepViT", "Mobile networks with the ideas of transformers."),
    "resnet": ("ResNet and ResNeXt", "The classic: widely understood, robust, good to compare with."),
    "resnetv2": ("ResNet v2 (BiT)", "The classic, some taught with millions of pictures."),
    "senet": ("SENet", "The classic with attention to channels."),
    "swin_transformer": ("Swin", "Transformers that look through windows; good at fine detail, slow on processors."),
    "swin_transformer_v2": ("Swin v2", "Windowed transformers for larger pictures; slow on processors."),
    "tiny_vit": ("TinyViT", "Small transformers taught by a large one."),
    "vgg": ("VGG", "The classic of 2014: simple, very large, superseded; good to teach with."),
    "vision_transformer": (
        "Vision transformer (ViT)",
        "Transformers; some taught with huge sets of pictures or captions.",
    ),
    "vision_transformer_hybrid": ("Hybrid ViT", "A small ResNet whose maps a transformer reads."),
    "xcit": ("XCiT", "Transformers with attention over channels."),
}

_FREE = frozenset({"apache-2.0", "mit", "bsd-3-clause", "cc-by-4.0"})
_NOT_COMMERCIAL = frozenset({"cc-by-nc-4.0", "fair-noncommercial-research-license"})


def family_title(family: str) -> str:
    """Return what people call a family."""
    return _FAMILIES[family][0] if family in _FAMILIES else family.replace("_", " ")


def commercial_use(licence: str) -> bool | None:
    """Return whether a licence allows commercial use; None where that takes reading it."""
    return True if licence in _FREE else False if licence in _NOT_COMMERCIAL else None


def good_for(entry: Entry) -> str:
    """Return what a network is good for, made from its family and its figures."""
    sentences = [_FAMILIES[entry.family][1]] if entry.family in _FAMILIES else []
    sentences.append(_size_words(entry.parameters, entry.input_size))
    if entry.classes == 0:
        sentences.append("It has no classes of its own and gives features only, which is all that training needs.")
    if commercial_use(entry.licence) is False:
        sentences.append("Its licence does not allow commercial use.")
    return " ".join(sentences)


def _size_words(parameters: int, input_size: int) -> str:
    if parameters < 8 * MILLION:
        words = "Small: quick on a processor, and little to download."
    elif parameters < 35 * MILLION:
        words = "Middling: fine on a processor for hundreds of pictures."
    elif parameters < 120 * MILLION:
        words = "Large: takes its time on a processor; better with a graphics card."
    else:
        words = "Very large: wants a graphics card and much memory."
    if input_size >= 320:
        words += f" It sees {input_size} pixels, which shows fine detail and takes longer."
    return words
