"""The pictures of a dataset: how many of what, what is wrong with them, a look at each, and every change undoable."""

import streamlit as st

from clf_core.api import Workbench
from pages.components.dataset import is_adding, show_dataset
from pages.components.heading import head, section, title
from pages.components.importing import follow_import
from pages.components.pickers import choose_dataset
from pages.components.starting import sample_cards
from pages.components.ways_in import import_form
from pages.components.workbench import workbench


def show_ways_in(bench: Workbench, heading: str) -> None:
    """Bring one's own pictures, or begin with a sample: the page without a dataset, and after a failed import."""
    title(heading)
    st.markdown("Bring your own, one folder per class, or begin with a built-in sample.")
    own, samples = st.columns(2, gap="large")
    with own.container(border=True):
        section("Your pictures")
        import_form(bench, primary=True)
    with samples:
        section("Built-in samples")
        sample_cards(bench, primary=False)


def show_chosen(bench: Workbench) -> None:
    """The dataset the person has chosen, with the ways to add another; the ways in where there is none."""
    left, right = head()
    with right:
        current = choose_dataset(bench)
    if current is None:
        show_ways_in(bench, "No pictures yet")
        return
    show_dataset(bench, current, left)
    if is_adding(current):  # one form at a time
        return
    with st.expander("Start another dataset", icon=":material/library_add:", key="more", on_change="rerun") as more:
        if more.open:
            import_form(bench, primary=False)
            sample_cards(bench, primary=False)


bench = workbench()
standing = follow_import()
if standing == "failed":
    show_ways_in(bench, "Nothing was added")
    if bench.datasets.list() and st.button("Back to my datasets", icon=":material/arrow_back:", type="tertiary"):
        del st.query_params["import"]
        st.rerun()
elif standing == "none":
    show_chosen(bench)
