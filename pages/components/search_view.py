"""A search in whatever state it is: the best so far first, what one can do, then the charts and the trials."""

from collections.abc import Sequence
from typing import Any

import streamlit as st

from clf_core.api import Workbench
from clf_core.results import FINAL_STATES, SEARCH_FINAL_STATES, RunSummary, SearchProgress, SearchSummary, Trial
from pages.components.escaping import md
from pages.components.heading import quiet, section, title
from pages.components.problems import show_error, told_in_words
from pages.components.runlist import go_to_run
from pages.components.runqueue import draw_turn
from pages.components.search_charts import history_chart, importance_chart, judged, parallel_chart, plot_config
from pages.components.search_words import DRAWN, STATES, TRIAL_STATES, score_words, settings_words, value_words
from pages.components.words import count, duration, interval, percent, score

_TICK_SECONDS = 1.0


def show_search(bench: Workbench, search: SearchSummary) -> None:
    """Draw a search."""
    if search.state not in SEARCH_FINAL_STATES:
        st.fragment(_draw_running, run_every=_TICK_SECONDS)(bench, search.id)
        return
    progress = bench.searches.progress(search.id)
    if search.state == "done":
        _draw_done(bench, progress)
    else:
        _draw_ended(bench, progress)
    _draw_evidence(progress)


def _draw_running(bench: Workbench, search_id: str) -> None:
    with told_in_words():
        progress = bench.searches.progress(search_id)
        if progress.search.state in SEARCH_FINAL_STATES:
            st.rerun()
        if progress.search.state == "queued":
            _draw_queued(bench, progress)
            return
        best = best_of(progress)
        if best is None:
            title(f"Looking for good settings for {md(progress.search.dataset, 60)}")
        else:
            title(f"Best so far: {percent(best.accuracy or 0.0, 1)} of the validation pictures right")
        st.progress(progress.share, text=_time_words(progress))
        _draw_best(progress, "The best so far")
        with st.container(horizontal=True):
            if st.button("Stop and train the best", type="primary", icon=":material/check:", disabled=best is None,
                         help=None if best else "No settings have been judged yet"):  # fmt: skip
                bench.searches.stop(search_id)
                st.toast("Stopping. What is under way is broken off.")
            if st.button("Cancel", icon=":material/close:", help="Trains nothing. What was tried is kept."):
                bench.searches.cancel(search_id)
                st.rerun()
        quiet("You can close this page or look at others: the search goes on, and this page finds it again.")
        _draw_evidence(progress)


def _draw_queued(bench: Workbench, progress: SearchProgress) -> None:
    search = progress.search
    title(f"{md(search.name, 60)} waits for its turn")
    draw_turn(
        search.place,
        first=lambda: bench.searches.move(search.id, 1),
        cancel=lambda: bench.searches.cancel(search.id),
    )
    _draw_evidence(progress)


def _time_words(progress: SearchProgress) -> str:
    at_work = sum(trial.state == "running" for trial in progress.trials)
    words = [f"{count(progress.search.trials, 'set of settings', 'sets of settings')} tried"]
    if at_work:
        words.append(f"{at_work} under way")
    words.append(f"{duration(progress.search.seconds)} so far")
    if progress.eta_seconds is not None:
        words.append(f"about {duration(progress.eta_seconds)} left")
    return " · ".join(words)


def _draw_done(bench: Workbench, progress: SearchProgress) -> None:
    best, run = best_of(progress), bench.searches.winner(progress.search.id)
    tried = count(progress.search.trials, "set of settings", "sets of settings")
    right = "" if best is None else f": {percent(best.accuracy or 0.0, 1)} of the validation pictures right"
    title(f"Best of {tried}{right}")
    for message in progress.messages:
        quiet(md(message, 300))
    _draw_best(progress, "The winner")
    _draw_winner(bench, progress, run)


def _draw_winner(bench: Workbench, progress: SearchProgress, run: RunSummary | None) -> None:
    """The run that came of it, and what to do next."""
    tested = run is not None and score(run) is not None
    if run is None:
        st.markdown("It was not trained as a run.")
    elif tested:
        metrics = run.metrics
        expected = interval(metrics["accuracy_low"], metrics["accuracy_high"])
        st.markdown(
            f"Trained as **{md(run.name, 60)}** and tested once: **{percent(metrics['accuracy'], 1)}** of the test "
            f"pictures right. On new pictures like these expect {expected}."
        )
    elif run.state not in FINAL_STATES:
        st.markdown(f"It is being trained now, as **{md(run.name, 60)}**. Its test follows, once.")
    elif run.state == "done":
        st.markdown(f"Trained as **{md(run.name, 60)}**. There were no test pictures to check it with.")
    else:
        st.markdown(f"Its training as **{md(run.name, 60)}** did not come to an end.")
    with st.container(horizontal=True):
        if tested and run and st.button("See how good it is", type="primary", icon=":material/fact_check:"):
            go_to_run("evaluate.py", run.id)
        if run and not tested and st.button("Watch its training", type="primary", icon=":material/model_training:"):
            go_to_run("train.py", run.id)
        if run is None:
            _train_best(bench, progress, primary=True)
        _new_search(progress.search)
        _search_on(bench, progress.search)


def _search_on(bench: Workbench, search: SearchSummary) -> None:
    with st.popover("Search on", icon=":material/more_time:", help="Goes on from all that was tried so far."):
        minutes = st.number_input("Minutes more", 0.5, 10_000.0, 5.0, step=1.0, format="%g", key="search_on_minutes")
        if st.button("Go on", icon=":material/play_arrow:"):
            bench.searches.resume(search.id, minutes=minutes)
            st.rerun()


def _draw_ended(bench: Workbench, progress: SearchProgress) -> None:
    """Cancelled, interrupted or failed: what happened, what is kept, what now."""
    search = progress.search
    kept = f"{count(search.trials, 'set of settings was', 'sets of settings were')} tried in {duration(search.seconds)}"
    if search.state == "cancelled":
        title(f"{md(search.name, 60)} was stopped")
        st.markdown(f"You stopped it. {kept}; they are kept, and the search can go on.")
    elif search.state == "interrupted":
        title(f"{md(search.name, 60)} was interrupted")
        st.markdown(f"Its process ended without a word, as after a power cut. {kept}; nothing of it is lost.")
    else:
        title(f"{md(search.name, 60)} failed")
        if search.error is not None:
            show_error(search.error, ours=search.error.kind != "input")
        quiet(f"{kept}.")
    _draw_best(progress, "The best of them")
    with st.container(horizontal=True):
        if search.resumable and st.button("Resume", type="primary", icon=":material/play_arrow:"):
            bench.searches.resume(search.id)
            st.rerun()
        _train_best(bench, progress, primary=not search.resumable)
        _new_search(search)


def _train_best(bench: Workbench, progress: SearchProgress, *, primary: bool) -> None:
    best, search = best_of(progress), progress.search
    kind = "primary" if primary else "secondary"
    if best is not None and st.button("Train the best", type=kind, icon=":material/model_training:"):
        run = bench.runs.start(search.dataset_id, bench.searches.trial_config(search.id, best.number))
        go_to_run("train.py", run.id)


def _new_search(search: SearchSummary) -> None:
    if st.button("New search", icon=":material/add:"):
        st.query_params.from_dict({"dataset": search.dataset_id, "new": "1"})
        st.rerun()


def best_of(progress: SearchProgress) -> Trial | None:
    """Return the best trial so far; None before any was judged."""
    return next((trial for trial in progress.trials if trial.number == progress.best), None)


def _draw_best(progress: SearchProgress, words: str) -> None:
    """The best settings in a card, there from the start."""
    best = best_of(progress)
    with st.container(border=True):
        if best is None:
            ended = progress.search.state in SEARCH_FINAL_STATES
            st.markdown(
                "None of them got as far as its first result."
                if ended
                else "No settings have been judged yet. The first try is the one the search begins from."
            )
            return
        st.markdown(f"**{words}** (trial {best.number + 1}): {md(settings_words(best), 400)}")
        expected = interval(best.accuracy_low or 0.0, best.accuracy_high or 1.0)
        pictures = count(progress.validation_pictures, "validation picture")
        st.markdown(
            f"{percent(best.accuracy or 0.0, 1)} of {pictures} right; the range for new ones: {expected}. "
            + ("" if progress.search.trials < 2 else "The best of many looks a little better than it is: ")
            + ("" if progress.search.trials < 2 else "its one look at the test pictures tells the truth.")
        )


def _draw_evidence(progress: SearchProgress) -> None:
    """How it went, what mattered, and each trial."""
    shown = judged(progress.trials)
    if shown:
        left, right = st.columns([3, 2], gap="large")
        with left:
            section("How it went")
            _plot(history_chart(progress.trials), "history", "Accuracy of each trial, and the best so far")
        with right:
            section("What mattered", _IMPORTANCE_HELP)
            if progress.importances:
                _plot(importance_chart(progress.importances), "importance", "Share that each setting explains")
            else:
                quiet("Shown once five settings have been tried that did not all do equally well.")
        parallel = parallel_chart(progress.trials, progress.importances)
        if parallel is not None:
            section("Which settings go with which result", _PARALLEL_HELP)
            _plot(parallel, "parallel", "A line for each trial through its settings to its accuracy")
    if progress.trials:
        section("All trials")
        st.dataframe(
            trial_rows(progress.trials), hide_index=True, key="search_trials_table", alt="Each trial with its settings"
        )


_IMPORTANCE_HELP = (
    "How much of the difference between good and other trials each setting explains (PED-ANOVA, estimated by Optuna). "
    "With few trials it is a rough guess."
)
_PARALLEL_HELP = (
    "Each line is one trial, from setting to setting to its accuracy; the more orange, the better. Drag along an "
    "axis to see only some of them."
)


def _plot(figure: dict[str, Any], key: str, alt: str) -> None:
    st.plotly_chart(figure, config=plot_config(), key=f"search_{key}", alt=alt)


def trial_rows(trials: Sequence[Trial]) -> list[dict[str, str | int]]:
    """Return one row per trial in words, the newest first."""
    names = [name for name in DRAWN if any(name in trial.drawn for trial in trials)]
    return [
        {
            "Trial": trial.number + 1,
            "Right": score_words(trial),
            "Log-loss": "–" if trial.loss is None else f"{trial.loss:.3f}",
            **{_column(name): value_words(name, trial.drawn.get(name)) for name in names},
            "Time": duration(trial.seconds) if trial.seconds else "–",
            "How it ended": trial.reason or TRIAL_STATES[trial.state],
        }
        for trial in reversed(trials)
    ]


def _column(name: str) -> str:
    return "Resolution of the small network" if name == "network size" else DRAWN[name]


def search_line(search: SearchSummary) -> str:
    """Return a search in one line of Markdown, for a list."""
    best = "" if search.accuracy is None else f", best {percent(search.accuracy, 1)}"
    tried = count(search.trials, "set of settings", "sets of settings")
    return f"**{md(search.name, 60)}** · {STATES[search.state]}{best} · {tried} · {md(search.dataset, 60)}"
