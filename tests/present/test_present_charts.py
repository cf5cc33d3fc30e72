"""Charts: what is drawn is what was given, in words as well as in shapes."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dualtrack.errors import FieldError
from dualtrack.present.charts import (
    _WIDTH as WIDTH,
)
from dualtrack.present.charts import (
    CountPart,
    IntervalPlot,
    Mark,
    counts_bar,
    interval_plot,
    plain_interval,
    plain_number,
)

MARKS = (Mark(0.0, "0", dashed=False), Mark(0.02, "minimum 0.02", dashed=True))


def plot(estimate=0.03, low=0.01, high=0.05, marks=MARKS, title="Effect", description="said in words"):
    return interval_plot(IntervalPlot("k", title, description, estimate, low, high, marks))


def lines(svg):
    return [
        (float(x1), float(x2), rest)
        for x1, x2, rest in re.findall(r'<line x1="([\d.]+)" y1="\d+" x2="([\d.]+)"(.*?)/>', svg)
    ]


@given(st.lists(st.floats(-1e6, 1e6), min_size=3, max_size=3, unique=True).map(sorted), st.floats(-1e6, 1e6))
def test_an_interval_lies_in_the_order_of_its_numbers(values, minimum):
    low, estimate, high = values
    svg = plot(estimate, low, high, (Mark(0.0, "0", dashed=False), Mark(minimum, "m", dashed=True)))
    span = next((x1, x2) for x1, x2, rest in lines(svg) if 'stroke-width="5"' in rest)
    point = float(re.search(r'<path d="M([\d.]+) 46', svg)[1])
    assert 0 <= span[0] <= point <= span[1] <= WIDTH
    zero = next(x1 for x1, x2, rest in lines(svg) if x1 == x2 and 'stroke-width="1.6"' in rest and "dash" not in rest)
    if low > 0:
        assert zero <= span[0]
    if high < 0:
        assert zero >= span[1]


def test_a_chart_has_title_and_description_and_its_numbers_in_text():
    svg = plot()
    assert '<title id="k-title">Effect</title>' in svg
    assert '<desc id="k-desc">said in words</desc>' in svg
    for text in ("0.0300", "0.0100", "0.0500", "minimum 0.02", ">0<"):
        assert text in svg


def test_words_of_others_are_escaped():
    svg = plot(title="<script>x</script>", description='"&', marks=(Mark(0.0, "<b>", dashed=True),))
    assert "<script>" not in svg
    assert "<b>" not in svg
    assert "&lt;b&gt;" in svg


@pytest.mark.parametrize("values", [(0.1, 0.2, 0.3), (float("nan"), 0.0, 1.0), (0.5, 0.0, float("inf"))])
def test_an_impossible_interval_is_refused(values):
    with pytest.raises(FieldError):
        plot(*values)


def test_marks_that_stand_close_have_their_labels_on_two_lines():
    svg = plot(0.03, -0.4, 0.5, (Mark(0.0, "zero", dashed=False), Mark(0.001, "least", dashed=True)))
    heights = re.findall(r'y="(\d+)"[^>]*>(?:zero|least)<', svg)
    assert len(set(heights)) == 2


@given(st.lists(st.integers(0, 500), min_size=4, max_size=4))
def test_a_bar_is_divided_by_share(counts):
    patterns = ("solid", "striped", "dark", "open")
    parts = tuple(CountPart(name, n, name) for name, n in zip(patterns, counts, strict=True))
    svg = counts_bar("b", "Track", parts)
    widths = [float(width) for width in re.findall(r'width="([\d.]+)" height="25" fill="[^n]', svg)]
    shown = [n for n in counts if n]
    assert len(widths) == len(shown)
    for width, n in zip(widths, shown, strict=True):
        assert width == pytest.approx(WIDTH * n / sum(counts), abs=0.06)
    assert all(f"{name} {n}" in svg for name, n in zip(patterns, counts, strict=True))


def test_numbers_are_short_and_their_minus_is_a_minus():
    assert plain_number(-0.0251) == "\u22120.0251"
    assert plain_number(-0.0) == "0"
    assert plain_number(18000.0) == "1.8e+04"
    assert plain_interval(0.0033521, 0.0025391, 0.0041643) == ("0.00335", "0.00254", "0.00416")
    assert plain_interval(-0.4, -12.3, 0.0) == ("\u22120.4", "\u221212.3", "0.0")
    assert plain_interval(1.0, 1.0, 1.0) == ("1", "1", "1")
