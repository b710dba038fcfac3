"""How an import reads and divides pictures: good answers are there already, and all of them can be changed."""

import streamlit as st
from pydantic import ValidationError

from clf_core.config import ImportOptions, SplitConfig
from clf_core.errors import ConfigError
from pages.components.heading import quiet

LONGEST_LABEL = 80

_HELP = {name: field.description for name, field in SplitConfig.model_fields.items()}
_LABEL_HELP = ImportOptions.model_fields["label"].description
_RATE_HELP = ImportOptions.model_fields["frames_per_second"].description


def label_input(key: str, *, asked: bool) -> str:
    """Draw the question which class pictures without a folder are. ``asked``: there are such pictures."""
    return st.text_input(
        "Which class are these pictures?" if asked else "Class of pictures without a folder",
        max_chars=LONGEST_LABEL,
        key=f"{key}_label",
        placeholder="" if asked else "Only needed for loose pictures",
        help=_LABEL_HELP,
    ).strip()


def rate_input(key: str) -> float:
    """Draw the question how many pictures to take from each second of a video."""
    return float(
        st.number_input(
            "Pictures per second of video", 0.1, 60.0, 1.0, step=0.5, format="%g", key=f"{key}_rate", help=_RATE_HELP
        )
    )


def split_inputs(key: str, start: SplitConfig) -> SplitConfig:
    """Draw how pictures without a given split are divided.

    Args:
        key: prefix of the widgets' keys.
        start: the values to begin with.

    Raises:
        ConfigError: the values do not fit together.
    """
    first = round(100 * start.train)
    low, high = st.slider(
        "How the pictures are divided", 1, 99, (first, first + round(100 * start.val)), format="%d %%", key=f"{key}_cut"
    )
    high = max(high, low + 1)  # each part gets something
    quiet(f"{low} % to learn from · {high - low} % to choose settings · {100 - high} % kept to test with")
    left, right = st.columns(2, vertical_alignment="bottom")
    seed = left.number_input("Seed", min_value=0, value=start.seed, step=1, key=f"{key}_seed", help=_HELP["seed"])
    together = right.toggle(
        "Keep copies together",
        value=start.keep_copies_together,
        key=f"{key}_together",
        help=_HELP["keep_copies_together"],
    )
    pattern = st.text_input(
        "What belongs together, by file name",
        value=start.group_pattern,
        max_chars=200,
        key=f"{key}_pattern",
        placeholder="{group}_*",
        help=_HELP["group_pattern"],
    )
    low, high = min(low, 98), min(high, 99)
    try:
        return SplitConfig(
            train=low / 100,
            val=(high - low) / 100,
            test=(100 - high) / 100,
            seed=int(seed),
            keep_copies_together=together,
            group_pattern=pattern.strip(),
            lock_test=start.lock_test,
        )
    except ValidationError as error:
        raise ConfigError(
            "The pictures cannot be divided like this", field="split", why=error.errors()[0]["msg"]
        ) from None
