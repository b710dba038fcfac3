"""Let the studio look for better settings. Which search is watched lives in the address, so a reload finds it."""

import time

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from clf_core.api import Workbench
from clf_core.config import SearchConfig
from clf_core.errors import NotFoundError
from clf_core.results import SEARCH_FINAL_STATES, DatasetSummary, SearchSummary
from pages.components.escaping import md
from pages.components.heading import head, section, title
from pages.components.pickers import choose_dataset
from pages.components.problems import show_error
from pages.components.search_form import search_form, show_forecast
from pages.components.search_view import search_line, show_search
from pages.components.starting import empty_page
from pages.components.workbench import workbench

_DOUBLE_CLICK_SECONDS = 5.0
_LISTED = 10


def watched_search(bench: Workbench) -> SearchSummary | None:
    """The search in the address; else one that is going on, unless a new one is to be started."""
    asked = st.query_params.get("search")
    if asked:
        try:
            return bench.searches.get(asked)
        except NotFoundError as error:
            show_error(error)
            del st.query_params["search"]
    if "new" in st.query_params:
        return None
    going = next((search for search in bench.searches.list() if search.state not in SEARCH_FINAL_STATES), None)
    if going is not None:
        st.query_params["search"] = going.id
    return going


def show_form(bench: Workbench, dataset: DatasetSummary, place: DeltaGenerator) -> None:
    """What to try, how long, what will happen, Start."""
    title(f"Look for better settings for {md(dataset.name, 60)}", place)
    st.markdown(
        "The studio tries settings out, learns from each try which to try next, and trains the best. "
        "You need not know what they mean."
    )
    config = search_form(bench, dataset)
    problems = bench.searches.problems(dataset.id, config)
    if problems:
        st.warning(" ".join(md(problem, 400) for problem in problems), icon=":material/info:")
    elif config is not None:
        show_forecast(bench, dataset, config)
    pressed = st.button(
        "Start searching",
        type="primary",
        icon=":material/search:",
        disabled=bool(problems) or config is None,
        help=problems[0] if problems else None,
    )
    if pressed and config is not None:
        search = start_once(bench, dataset, config)
        st.query_params.from_dict({"search": search.id})
        st.rerun()


def start_once(bench: Workbench, dataset: DatasetSummary, config: SearchConfig) -> SearchSummary:
    """Start the search; a double click, or the same wish from a second tab, gets the one just started."""
    for search in bench.searches.list()[:1]:
        just_started = time.time() - search.created < _DOUBLE_CLICK_SECONDS
        same_data = (search.dataset_id, search.version) == (dataset.id, dataset.version)
        if just_started and same_data and bench.searches.config(search.id) == config:
            return search
    return bench.searches.start(dataset.id, config)


def show_earlier(bench: Workbench) -> None:
    """Searches of before, each leading to its own page."""
    searches = bench.searches.list()[:_LISTED]
    if not searches:
        return
    st.space("medium")
    section("Earlier searches")
    for search in searches:
        with st.container(border=True, horizontal=True, vertical_alignment="center"):
            st.markdown(search_line(search), width="stretch")
            if st.button("Look at it", key=f"open_{search.id}", help=f"Open {md(search.name, 60)}"):
                st.query_params.from_dict({"search": search.id})
                st.rerun()


bench = workbench()
search = watched_search(bench)
if search is not None:
    show_search(bench, search)
else:
    heading, choice = head()
    with choice:
        current = choose_dataset(bench)
    if current is None:
        empty_page(bench, "Nothing to tune yet", "Settings are tried out on pictures of at least two classes.")
    else:
        show_form(bench, current, heading)
        show_earlier(bench)
