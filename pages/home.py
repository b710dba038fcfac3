"""The first screen: try the starter model at once, or begin to teach your own."""

import streamlit as st

from clf_core.api import STARTER, Workbench
from clf_core.errors import ClfError
from pages.components.answers import explain_in_place, nothing_yet, predict_once, show_answer
from pages.components.heading import quiet, section, title
from pages.components.pickers import picture_input, whole
from pages.components.problems import show_error
from pages.components.runlist import show_runs
from pages.components.starting import sample_cards
from pages.components.ways_in import drop_form
from pages.components.workbench import workbench

_RECENT = 4


def show_me(bench: Workbench) -> None:
    """Left: drop a picture, get the starter's answer at once."""
    section("Show me", "The starter model was trained on ImageNet: 1,000 everyday things and animals.")
    st.markdown("Drop any picture and see what a ready-made model makes of it, and where it looked.")
    given = picture_input("home")
    if not given:
        nothing_yet()
        quiet("Your pictures stay on this machine. Nothing is sent anywhere.")
        return
    name, file = given[0]
    data = whole(file)
    try:
        show_answer(predict_once(bench, STARTER, name, data, slot="home"), model=STARTER, key="home")
        explain_in_place(bench, STARTER, name, data, slot="home")
    except ClfError as error:
        show_error(error)


def teach_your_own(bench: Workbench, *, primary: bool) -> None:
    """Right: one's own pictures, or a built-in sample."""
    section("Teach your own")
    st.markdown("Show it examples of each class, and it learns to tell them apart.")
    drop_form(bench, key="home")
    sample_cards(bench, primary=primary)
    if st.button(
        "More ways: a camera, a folder on this machine, a public dataset",
        icon=":material/arrow_forward:",
        type="tertiary",
    ):
        st.switch_page("data.py")


bench = workbench()
runs = bench.runs.list()
title("Teach a computer to tell your pictures apart")
left, right = st.columns(2, gap="large")
with left:
    show_me(bench)
with right:
    teach_your_own(bench, primary=not runs)
if runs:
    st.space("medium")
    section("Where you left off")
    show_runs(bench, runs[:_RECENT], key="recent")
