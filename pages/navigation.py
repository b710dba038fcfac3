"""The frame around every page: title, top navigation, width, and the net that turns errors into words."""

from pathlib import Path

import streamlit as st

from pages.components.problems import told_in_words
from pages.components.warmup import first_screen_drawn
from pages.components.ways_in import show_underway

_ASSETS = Path(__file__).with_name("assets")
_WIDTH = 1180  # pixels; wider lines are hard to read on a projector

st.set_page_config(page_title="Image Classifier Studio", page_icon=str(_ASSETS / "icon.png"), layout="wide")
st.logo(str(_ASSETS / "logo.svg"), size="medium")
st.html(_ASSETS / "contrast.css")

page = st.navigation(
    [
        st.Page("home.py", title="Home", icon=":material/home:", default=True),
        st.Page("data.py", title="Data", icon=":material/photo_library:"),
        st.Page("train.py", title="Train", icon=":material/model_training:"),
        st.Page("evaluate.py", title="Evaluate", icon=":material/fact_check:"),
        st.Page("tune.py", title="Tune", icon=":material/tune:"),
        st.Page("explain.py", title="Explain", icon=":material/center_focus_strong:"),
        st.Page("predict.py", title="Predict", icon=":material/image_search:"),
        st.Page("runs.py", title="Runs", icon=":material/leaderboard:"),
    ],
    position="top",
)

with st.container(horizontal_alignment="center"), st.container(width=_WIDTH), told_in_words():
    page.run()
with told_in_words():
    show_underway()
first_screen_drawn()
