"""Ways to begin: the built-in samples, and what a page shows while it has nothing to show yet."""

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import SampleCard
from pages.components.escaping import md
from pages.components.heading import quiet, section, title
from pages.components.importing import start_import
from pages.components.words import count

_ICONS = {
    "digits": ":material/dialpad:",
    "shapes": ":material/category:",
    "shapes-shortcut": ":material/visibility_off:",
}


def sample_cards(workbench: Workbench, *, primary: bool) -> None:
    """Draw the built-in samples; pressing one imports it and opens the data page.

    Args:
        workbench: the facade.
        primary: True where starting from a sample is the page's main action.
    """
    cards = workbench.imports.samples()
    for index, card in enumerate(cards):
        with st.container(border=True):
            words, action = st.columns([3, 1], vertical_alignment="center")
            icon = _ICONS.get(card.key, ":material/photo_library:")
            words.markdown(f"{icon} **{md(card.title)}**  \n{md(card.description, 300)}")
            quiet(f"{count(card.picture_count, 'picture')} · {count(card.class_count, 'class', 'classes')}", words)
            if action.button(
                "Use it",
                key=f"sample_{card.key}",
                type="primary" if primary and index == 0 else "secondary",
                width="stretch",
                help=f"Import the sample {md(card.title)} and look at it",
            ):
                start_sample(workbench, card)


def start_sample(workbench: Workbench, card: SampleCard) -> None:
    """Import a sample in the background and open the data page, which follows it."""
    job = start_import(card.title, lambda _progress, _cancelled: workbench.imports.sample(card.key))
    st.switch_page("data.py", query_params={"import": job.id})


def empty_page(workbench: Workbench, sentence: str, why: str) -> None:
    """Draw the designed empty state of a page: what is missing, and a way to begin from a sample."""
    title(sentence)
    st.markdown(why)
    st.space("small")
    section("Begin with a built-in sample")
    sample_cards(workbench, primary=True)
    if st.button("Or bring your own pictures", icon=":material/upload:", type="tertiary"):
        st.switch_page("data.py")
