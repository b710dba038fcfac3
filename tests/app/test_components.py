"""Escaping, words and forms: the pure helpers of the pages."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clf_core.config import AugmentConfig, TrainConfig
from pages.components.escaping import md, plain, plotly_text
from pages.components.words import count, duration, interval, percent


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_no_markdown_character_stands_unescaped(text):
    escaped, position = md(text), 0
    while position < len(escaped):
        if escaped[position] == "\\":
            position += 2
            continue
        assert not (escaped[position].isascii() and escaped[position] in r"`*_{}[]()<>#+-.!|$~:@&=^")
        position += 1


@given(st.text(max_size=60))
@settings(max_examples=200)
def test_plain_text_is_one_line(text):
    assert len(plain(text).splitlines()) <= 1


def test_control_and_direction_characters_become_visible():
    assert plain("a\nb\x00\u202ec") == "a␊b␀\ufffdc"


def test_long_names_are_cut_in_the_middle():
    assert plain("a" * 300 + "end", limit=21) == "a" * 10 + "…" + "a" * 7 + "end"


def test_plotly_labels_hold_no_markup():
    assert plotly_text("<b>x</b>") == "&lt;b&gt;x&lt;/b&gt;"


@pytest.mark.parametrize(
    ("share", "words"), [(1.0, "100 %"), (0.999, "> 99 %"), (0.93, "93 %"), (0.001, "< 1 %"), (0.0, "0 %")]
)
def test_percent_never_rounds_to_certainty(share, words):
    assert percent(share) == words


def test_percent_with_a_decimal_is_as_careful():
    assert [percent(share, 1) for share in (1.0, 0.9999, 0.9342, 0.0001)] == ["100 %", "> 99.9 %", "93.4 %", "< 0.1 %"]


def test_intervals_are_rounded_outward():
    assert interval(0.8116, 0.9684) == "81–97 %"
    assert interval(0.29, 1.0) == "29–100 %"
    assert interval(0.7472, 0.7645) == "74.7–76.5 %"
    assert interval(0.9934, 1.0) == "99.3–100 %"


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.4, "under a second"), (1, "1 second"), (4.4, "4 seconds"), (200, "3 min 20 s"), (7500, "2 h 5 min")],
)
def test_durations_are_said_as_people_do(seconds, words):
    assert duration(seconds) == words


def test_counts_agree_in_number():
    assert (count(1, "class", "classes"), count(1204, "picture")) == ("1 class", "1,204 pictures")


def test_every_training_setting_has_a_widget():
    pages = Path(__file__).resolve().parents[2] / "pages"
    parts = ("train.py", "components/preparation.py", "components/settings.py", "components/presets.py")
    source = "".join((pages / name).read_text() for name in parts)
    fields = (*TrainConfig.model_fields, *AugmentConfig.switches())
    assert [name for name in fields if f'"{name}"' not in source] == []
