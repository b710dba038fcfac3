"""How the pictures are divided: shares, what must stay together, and the locked final check."""

import streamlit as st

from clf_core.api import Workbench
from clf_core.config import SplitConfig
from clf_core.errors import ConfigError
from clf_core.results import DatasetSummary, HealthReport
from clf_core.values import SPLITS
from pages.components.changes import done, who
from pages.components.escaping import md
from pages.components.heading import quiet, section
from pages.components.pickers import remembered
from pages.components.problems import show_error, told_in_words
from pages.components.words import SPLIT_WORDS, count, interval, percent

_SMALL = 100  # pictures: below it a single test split says little
_FIELDS = SplitConfig.model_fields


def show_splits(bench: Workbench, dataset: DatasetSummary, report: HealthReport) -> None:
    """What there is, and the form that divides anew. A fragment."""
    with told_in_words():
        _show_now(dataset)
        if dataset.pictures < _SMALL:
            _hint_folds(report)
        with st.container(border=True):
            section("Divide anew")
            config = _enter(bench, dataset)
            pressed = st.button(
                "Divide anew",
                icon=":material/call_split:",
                disabled=config is None,
                help="Makes a new version; it can be undone." if config else "The settings contradict each other",
                key="divide",
            )
            if pressed and config is not None:
                done(dataset, bench.editing.divide(dataset.id, config, who=who()))


def _show_now(dataset: DatasetSummary) -> None:
    total = max(1, dataset.pictures)
    with st.container(horizontal=True):
        for split in SPLITS:
            number = dataset.splits.get(split, 0)
            st.metric(
                SPLIT_WORDS[split].capitalize(),
                f"{number:,}",
                delta=percent(number / total),
                delta_color="off",
                delta_arrow="off",
                border=True,
                width="stretch",
            )
    if dataset.split_config.lock_test and dataset.splits.get("test"):
        quiet(
            ":material/lock: The test pictures are locked: dividing anew leaves them where they are, so that they stay "
            "pictures no model has learned from."
        )


def _hint_folds(report: HealthReport) -> None:
    """For small sets: why one test split says little, and the figure from cross-validation where there is one."""
    words = (
        f"With fewer than {_SMALL} pictures one test split says little: a single picture moves the result by a lot. "
        "Cross-validation lets every picture be tested once."
    )
    leak = report.leak
    if leak and leak.without_leak is not None:
        low, high = leak.without_leak_low or 0.0, leak.without_leak_high or 1.0
        words += (
            f" Its result here: **{percent(leak.without_leak)}** right, 95 % interval {interval(low, high)}, "
            f"on {count(leak.pictures, 'picture')}."
        )
    st.info(words, icon=":material/info:")


def _enter(bench: Workbench, dataset: DatasetSummary) -> SplitConfig | None:
    """The settings as entered; None while they cannot be used, which is said."""
    now, key = dataset.split_config, f"split_{dataset.id}_{dataset.version}"
    first, second = st.slider(
        "Shares",
        min_value=1,
        max_value=99,
        value=(round(now.train * 100), round((now.train + now.val) * 100)),
        format="%d %%",
        key=f"{key}_shares",
        help="Left of the first handle: to learn from. Between them: to choose settings. The rest: to test with.",
    )
    shares = (first / 100, (second - first) / 100, (100 - second) / 100)
    told = ", ".join(f"**{percent(share)}** {SPLIT_WORDS[split]}" for share, split in zip(shares, SPLITS, strict=True))
    st.markdown(told)
    left, right = st.columns(2, gap="medium")
    with left:
        pattern = st.text_input(
            "Groups by file name",
            value=now.group_pattern,
            max_chars=200,
            placeholder="{group}_*",
            help=_FIELDS["group_pattern"].description,
            key=f"{key}_pattern",
        ).strip()
        usable = _preview(bench, dataset, pattern)
        seed = st.number_input(
            "Seed", min_value=0, value=now.seed, step=1, help=_FIELDS["seed"].description, key=f"{key}_seed"
        )
    with right:
        together = st.toggle(
            "Keep copies together",
            value=now.keep_copies_together,
            help=_FIELDS["keep_copies_together"].description,
            key=f"{key}_together",
        )
        quiet("Pictures that look nearly the same never stand on both sides; otherwise the test flatters the model.")
        lock = st.toggle(
            "Keep the test pictures", value=now.lock_test, help=_FIELDS["lock_test"].description, key=f"{key}_lock"
        )
        quiet(
            "A model chosen while looking at test pictures, or trained on some of them, looks better than it is. "
            "Off: they are drawn anew, and earlier results no longer compare."
        )
    if second <= first:
        quiet(":orange[Leave some pictures to choose settings: move the handles apart.]")
        return None
    if not usable:
        return None
    return _config(shares, int(seed), together, pattern, lock)


def _config(shares: tuple[float, ...], seed: int, together: bool, pattern: str, lock: bool) -> SplitConfig:
    train, val, test = shares
    return SplitConfig(
        train=train,
        val=val,
        test=test,
        seed=seed,
        keep_copies_together=together,
        group_pattern=pattern,
        lock_test=lock,
    )


def _preview(bench: Workbench, dataset: DatasetSummary, pattern: str) -> bool:
    """Say what the pattern makes of the names, before anything is changed. False if it cannot be used."""
    if not pattern:
        quiet("Such as {group}\\_\\* where patient12\\_left.jpg and patient12\\_right.jpg belong together.")
        return True
    try:
        identity = (dataset.id, dataset.version, pattern)
        found = remembered("group_preview", identity, lambda: bench.datasets.groups_by_name(dataset.id, pattern))
    except ConfigError as error:
        show_error(error)
        return False
    if not found.groups:
        quiet(":orange[No file name fits this pattern.]")
        return True
    examples = ", ".join(f"{md(name, 30)} ({number:,})" for name, number in found.examples)
    rest = found.pictures - found.grouped
    alone = f"; {count(rest, 'name')} {'does' if rest == 1 else 'do'} not fit" if rest else ""
    quiet(f"{count(found.groups, 'group')} of {count(found.grouped, 'picture')}{alone}. The largest: {examples}")
    return True
