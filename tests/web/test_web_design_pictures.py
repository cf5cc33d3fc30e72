"""The two-track picture and the small charts: whatever the outcomes, well formed, named, described and bounded."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.web import spark
from dualtrack.web.svg import text_width, wrap
from dualtrack.web.tracks import (
    STATIONS_MAX,
    Ending,
    State,
    Station,
    Tracks,
    describe,
    track_rows,
    tracks_row,
    tracks_svg,
)
from dualtrack.web.views.rendering import Language

WORDS = st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=60)
STATIONS = st.lists(st.builds(Station, WORDS, st.sampled_from(State), WORDS, st.booleans()), max_size=STATIONS_MAX)
SVG = "{http://www.w3.org/2000/svg}"
MET = Station("Helps", State.MET, "n = 12")


def picture(**changed):
    """Return a use with one station a line."""
    safe = Station("Safe <b>", State.NO_EVIDENCE, "4/7")
    return Tracks("k", "A use", (MET,), (safe,), Ending.LIVE, "until 1 June")._replace(**changed)


def parsed(markup):
    """Return a drawing's root, after checking what every drawing must have."""
    root = ET.fromstring(str(markup))
    title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
    assert root.get("role") == "img"
    assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
    assert description.text
    assert not any("style" in element.attrib for element in root.iter())
    assert not re.search(r"\b(nan|inf)\b", str(markup).split("</desc>")[1])
    return root


@settings(deadline=None)  # drawing has no clock of its own: a busy machine draws later, not otherwise
@given(
    benefit=STATIONS,
    safety=STATIONS,
    ending=st.sampled_from(Ending),
    until=WORDS,
    language=st.sampled_from(Language),
)
def test_any_mix_of_outcomes_is_drawn(benefit, safety, ending, until, language):
    tracks = picture(benefit=tuple(benefit), safety=tuple(safety), ending=ending, until=until)
    for drawn in (
        tracks_svg(tracks, language),
        tracks_svg(tracks, language, standing=True),
        tracks_row(tracks, language),
    ):
        root = parsed(drawn)
        states = [element.get("class") for element in root.iter(f"{SVG}g")]
        wanted = [f"station st-{item.state.value.replace('_', '-')}" for item in (*benefit, *safety)]
        assert states == wanted
        assert root.find(f".//{SVG}rect[@class='permit end-{ending.value}']") is not None
        assert (root.find(f".//{SVG}path[@class='break']") is not None) == (ending is Ending.REFUSED)
        assert (root.find(f".//{SVG}rect[@class='bar-hold']") is not None) == (ending is Ending.HOLD)
    assert len(track_rows(tracks, language)) == len(benefit) + len(safety)


@pytest.mark.parametrize(
    ("language", "said"),
    [
        (
            Language.EN,
            "Benefit: Helps, met, n = 12. Safety: Safe <b>, no evidence, 4/7. Permit: Live, until 1 June.",
        ),
        (Language.ZH, "效益：Helps，符合，n = 12。安全：Safe <b>，沒有證據，4/7。准許：正式使用，until 1 June。"),
    ],
)
def test_the_description_says_both_tracks_and_where_they_end(language, said):
    assert describe(picture(), language) == said
    root = parsed(tracks_svg(picture(), language))
    assert root.find(f"{SVG}desc").text == said
    assert root.find(f"{SVG}title").text == "A use"


def test_every_outcome_has_a_word_and_a_shape_of_its_own():
    shapes = {}
    for state in State:
        root = parsed(tracks_svg(picture(benefit=(Station("a", state),), safety=()), Language.EN))
        group = root.find(f".//{SVG}g")
        shapes[state] = ET.tostring(ET.Element("g") if group is None else group).split(b">", 1)[1]
        assert track_rows(picture(benefit=(Station("a", state),)), Language.EN)[0].outcome in "".join(root.itertext())
    assert len(set(shapes.values())) == len(State)


def test_a_line_is_dashed_from_what_blocks_it_and_amber_when_observed():
    whole = str(tracks_svg(picture(), Language.EN))
    assert " cut" not in whole
    broken = str(tracks_svg(picture(benefit=(MET, MET._replace(blocks=True))), Language.EN))
    assert broken.count("rail r-benefit cut") == 1
    assert "the line is broken here" in broken
    assert str(tracks_svg(picture(ending=Ending.OBSERVE), Language.EN)).count("observed") == 2


def test_more_stations_than_can_be_read_are_refused():
    with pytest.raises(FieldError, match="9 stations") as caught:
        tracks_svg(picture(safety=(MET,) * 9), Language.EN)
    assert caught.value.fix == "group the rules by topic"


@given(text=WORDS, width=st.integers(40, 300), lines=st.integers(1, 4))
def test_wrapped_lines_fit_and_lose_nothing_that_fits(text, width, lines):
    found = wrap(text, width, 14, lines)
    assert len(found) <= lines
    assert all(text_width(line, 14) <= width for line in found)
    if not any(line.endswith("…") for line in found):
        assert "".join("".join(found).split()) == "".join(text.split())


def test_chinese_breaks_between_characters_but_not_before_a_stop():
    assert wrap("已對照基準，證明", 14 * 5, 14, 3) == ("已對照基", "準，證明")


VALUES = st.floats(-1e6, 1e6, allow_nan=False).map(lambda value: round(value, 4))


@settings(deadline=None)
@given(values=st.lists(VALUES, max_size=40), style=st.sampled_from(["line", "step", "bar"]))
def test_a_trend_of_any_values_is_drawn_inside_its_frame(values, style):
    points = [spark.Point(f"day {number}", value) for number, value in enumerate(values)]
    root = parsed(spark.trend("k", "t", points, style=style))
    for line in root.iter(f"{SVG}line"):
        assert 0 <= float(line.get("y1")) <= 190
    assert len(list(root.iter(f"{SVG}rect"))) == (len(values) if style == "bar" else 0)


@pytest.mark.parametrize("values", [[float("nan")], [float("inf")], [1.0] * (spark.POINTS_MAX + 1)])
def test_what_cannot_be_drawn_is_refused(values):
    with pytest.raises(FieldError, match="not a number"):
        spark.trend("k", "t", [spark.Point("d", value) for value in values])
