"""The base of every value that crosses a disk or process boundary, and the words they share."""

from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict

Split = Literal["train", "val", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)

STARTER = "starter"
"""Reference of the pretrained model with its own 1,000 ImageNet classes: usable before any training."""


class Value(BaseModel):
    """An immutable record. Unknown fields are an error, so a typo or a hostile file cannot pass unseen."""

    # Validators are built when first needed: building those of all records costs every process a tenth of a second.
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)
