"""The studio's core: data, models, training, evaluation, explanation and prediction, without any screen."""

from clf_core import torchvision_compat

torchvision_compat.install()
