"""What a person can set about a dataset: how it is read, how it is divided, and the caps that keep it safe."""

import math
from typing import Self

from pydantic import Field, model_validator

from clf_core.values import Value


class SplitConfig(Value):
    """How pictures without a given split are divided; shares of each class, adding up to 1."""

    train: float = Field(0.64, gt=0, lt=1, description="Share of the pictures the model learns from.")
    val: float = Field(0.16, gt=0, lt=1, description="Share used to choose settings while training.")
    test: float = Field(0.20, gt=0, lt=1, description="Share kept aside for the final, honest check.")
    seed: int = Field(0, ge=0, description="Same seed, same pictures in each split.")
    keep_copies_together: bool = Field(
        True, description="Pictures that look nearly the same never stand on both sides of a split."
    )
    group_pattern: str = Field(
        "",
        max_length=200,
        description="Which part of a file name says what belongs together, such as {group}_* for patient12_left.jpg. "
        "* stands for any text. Pictures of one group never stand on both sides of a split.",
    )
    lock_test: bool = Field(
        True, description="Pictures once kept aside for the final check stay there when the others are divided anew."
    )

    @model_validator(mode="after")
    def _shares_add_up(self) -> Self:
        total = self.train + self.val + self.test
        if not math.isclose(total, 1.0, abs_tol=1e-6):
            raise ValueError(f"train, val and test must add up to 1, got {total:g}")
        return self


class ImportOptions(Value):
    """How a source of pictures is to be read."""

    split: SplitConfig = Field(SplitConfig(), description="How pictures without a given split are divided.")
    label: str = Field(
        "", max_length=500, description="Class of pictures that come without a class folder or a label in a table."
    )
    frames_per_second: float = Field(
        1.0, gt=0, le=60, description="How many pictures to take from each second of a video."
    )


class ImportLimits(Value):
    """Caps that keep a hostile or mistaken upload from filling the disk or the memory."""

    max_files: int = Field(200_000, gt=0, description="Most files in one import.")
    max_total_bytes: int = Field(20 * 2**30, gt=0, description="Most unpacked bytes in one import.")
    max_file_bytes: int = Field(200 * 2**20, gt=0, description="Most bytes of one file.")
    max_pixels: int = Field(100_000_000, gt=0, description="Most pixels (width x height) of one picture.")
    max_compression_ratio: int = Field(
        200, gt=0, description="An archive member that unpacks to more than this many times its packed size is refused."
    )
    max_depth: int = Field(32, gt=0, description="Most nested folders.")
