"""Choosing a dataset, a run or a picture. The choice lives in the address, so a reload or a shared link finds it."""

from collections.abc import Callable, Mapping
from typing import BinaryIO, Literal, TypeVar

import streamlit as st

from clf_core.api import STARTER, Workbench
from clf_core.results import DatasetSummary, RunSummary
from pages.components.escaping import md, plain
from pages.components.heading import quiet

PICTURE_TYPES = ["jpg", "jpeg", "png", "webp", "gif", "bmp", "tif", "tiff", "avif", "heic", "heif"]

_PICTURE_MEGABYTES = 100
_FOLDER, _CAMERA = "A folder", "Camera"

T = TypeVar("T")


def choose(kind: Literal["dataset", "run", "model"], label: str, options: Mapping[str, str]) -> str:
    """Let the person choose one of ``options`` (identifier -> name) and keep the choice in the address.

    With a single option nothing is drawn. ``options`` must not be empty.
    """
    key, last, asked = f"pick_{kind}", f"last_{kind}", st.query_params.get(kind)
    known = list(options)
    if asked in options and asked != st.session_state.get(last):
        st.session_state[key] = asked
    elif st.session_state.get(key) not in options:
        remembered = st.session_state.get(last)
        st.session_state[key] = remembered if remembered in options else known[0]
    if len(known) > 1:
        st.selectbox(label, known, format_func=lambda identifier: plain(options[identifier], 80), key=key)
    chosen = str(st.session_state[key])
    if asked and asked not in options:
        # Never answer a link to one thing silently with another.
        words = f"The {label.lower()} in the address is not here, or not ready. This is {md(options[chosen], 80)}."
        st.info(words, icon=":material/info:")
    st.session_state[last] = chosen
    if asked != chosen:
        st.query_params[kind] = chosen
    return chosen


def choose_dataset(workbench: Workbench) -> DatasetSummary | None:
    """Return the dataset the page is about; None when there is none yet."""
    datasets = {dataset.id: dataset for dataset in workbench.datasets.list()}
    if not datasets:
        return None
    return datasets[choose("dataset", "Dataset", {key: value.name for key, value in datasets.items()})]


def choose_finished_run(workbench: Workbench) -> RunSummary | None:
    """Return the finished run the page is about; None when there is none yet."""
    runs = {run.id: run for run in workbench.runs.list() if run.state == "done"}
    if not runs:
        return None
    return runs[choose("run", "Classifier", {key: run.name for key, run in runs.items()})]


def choose_model(workbench: Workbench) -> str:
    """Return the reference of the model to ask: a finished run, newest first, or the pretrained starter."""
    runs = {run.id: run.name for run in workbench.runs.list() if run.state == "done"}
    if st.session_state.get("last_run") != st.session_state.get("model_follows"):
        # Whoever comes from a run's page means that run.
        st.session_state["model_follows"] = st.session_state.get("last_run")
        if st.session_state["model_follows"] in runs:
            st.session_state["last_model"] = st.session_state["model_follows"]
    return choose("model", "Classifier", {**runs, STARTER: "Starter model (1,000 everyday things)"})


def picture_input(key: str, *, many: bool = False) -> list[tuple[str, BinaryIO]]:
    """Draw a drop zone, with the camera and for many a folder as alternatives; return (name, file) of what was given.

    Files of a folder are named with their place in it.
    """
    ways = ["Drop pictures", _FOLDER, _CAMERA] if many else ["Drop a picture", _CAMERA]
    way = st.segmented_control(
        "Where from", ways, default=ways[0], required=True, key=f"{key}_way", label_visibility="collapsed"
    )
    if way == _CAMERA:
        taken = st.camera_input("Take a picture", key=f"{key}_camera", label_visibility="collapsed")
        quiet("Browsers allow the camera only on this machine or over HTTPS.")
        return [("camera.jpg", taken)] if taken else []
    if way == _FOLDER:
        found = st.file_uploader(
            "A folder; files in it that are no pictures stay where they are",
            PICTURE_TYPES,
            accept_multiple_files="directory",
            key=f"{key}_folder",
        )
        return [(file.name, file) for file in found]
    if many:
        types = [*PICTURE_TYPES, "zip"]
        dropped = st.file_uploader("Pictures, or a zip of them", types, accept_multiple_files=True, key=f"{key}_files")
        return [(file.name, file) for file in dropped]
    single = st.file_uploader(
        "A picture", PICTURE_TYPES, key=f"{key}_file", label_visibility="collapsed", max_upload_size=_PICTURE_MEGABYTES
    )
    return [(single.name, single)] if single else []


def whole(file: BinaryIO) -> bytes:
    """Return all bytes of a given file, however often it was read before."""
    file.seek(0)
    return file.read()


def remembered(slot: str, identity: object, make: Callable[[], T]) -> T:
    """Return what ``make`` gave last time for the same ``identity``, so that a rerun does no work twice."""
    kept = st.session_state.get(slot)
    if kept is None or kept[0] != identity:
        kept = (identity, make())
        st.session_state[slot] = kept
    return kept[1]
