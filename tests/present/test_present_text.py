"""Pairs of texts, dates of Hong Kong, pages, safe workbooks."""

import zipfile
from datetime import date
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jinja2 import DictLoader, UndefinedError

from dualtrack.domain.records import Text
from dualtrack.present import html, text, xlsx


def test_fill_gives_each_language_its_own_words():
    pair = Text(en="{what} of {n}", zh="{n}的{what}")
    assert text.fill(pair, what=Text(en="owner", zh="負責人"), n=3) == Text(en="owner of 3", zh="3的負責人")
    assert text.fill(Text(en="{x}", zh="{x}"), x="{y}") == text.same("{y}")
    with pytest.raises(KeyError):
        text.fill(pair, n=3)


def test_dates_of_hong_kong():
    assert text.date_text(date(2024, 3, 5)) == Text(en="5 March 2024", zh="2024年3月5日")


def test_templates_escape_and_refuse_unknown_names():
    environment = html.environment("intake")
    assert (
        environment.overlay(loader=DictLoader({"a.j2": "{{ x }}"})).get_template("a.j2").render(x="<b>") == "&lt;b&gt;"
    )
    with pytest.raises(UndefinedError):
        environment.overlay(loader=DictLoader({"a.j2": "{{ nope }}"})).get_template("a.j2").render()


def cells(data):
    with zipfile.ZipFile(BytesIO(data)) as archive:
        return (
            archive.read("xl/worksheets/sheet1.xml").decode(),
            archive.namelist(),
            {i.date_time for i in archive.infolist()},
        )


@given(st.lists(st.one_of(st.text(max_size=12), st.integers(-9, 9)), min_size=1, max_size=5))
def test_no_value_becomes_a_formula_and_bytes_are_fixed(values):
    spec = xlsx.SheetSpec(title="T", header=("=1+1",), rows=(tuple(values),), widths=(10,))
    data = xlsx.workbook_bytes([spec])
    sheet, _, times = cells(data)
    assert "<f>" not in sheet
    assert times == {(1980, 1, 1, 0, 0, 0)}
    assert data == xlsx.workbook_bytes([spec])


def test_text_that_a_cell_cannot_hold():
    assert xlsx.plain("a\x00b\ud800c\n") == "a\ufffdb\ufffdc\n"
    assert len(xlsx.plain("x" * 40_000)) == xlsx.TEXT_CHARS_MAX
    assert xlsx.plain("x" * 40_000).endswith("…")
