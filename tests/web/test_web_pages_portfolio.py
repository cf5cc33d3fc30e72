"""The first screen: what stands, what is open, what was decided today, and the workbook of it."""

from __future__ import annotations

import re
from io import BytesIO

import openpyxl
import pytest
from acting_world import PASSWORD, words
from page_world import FIRM, HOSTILE, USE, PageWorld

from dualtrack.runtime.holds import set_hold
from dualtrack.web.pages import portfolio
from dualtrack.web.pages.base import Download
from permit.firm import known_key


@pytest.fixture
def world(tmp_path):
    made = PageWorld(tmp_path, portfolio.PAGES)
    yield made
    made.close()


def test_an_empty_institution_says_what_comes_first(world):
    english, chinese = world.start().both("GET", "/")
    assert "No use is declared yet" in english
    assert "未有申報任何用途" in chinese
    assert "<table" not in english


def test_a_permitted_use_stands_open_on_two_lines(world):
    world.permit()
    english, chinese = world.start().both("GET", "/")
    assert f'href="/uses/{USE}"' in english
    said = words(english)
    assert "Early warning" in said
    assert "Open: calls are answered." in said
    assert "Permitted with conditions" in said
    assert "1 / 1" in said
    assert "Safety: Test pack" in english  # the picture in words
    assert "（譯）Early warning" in chinese
    assert "有條件准許" in chinese


def test_what_falls_due_is_listed_with_its_place(world):
    world.permit()
    english, _ = world.start().both("GET", "/")
    assert f'href="/uses/{USE}/assessment#test-pack--open"' in english
    assert "The permit ends" in english


def test_decisions_of_today_are_counted(world):
    world.permit()
    world.start()
    for _ in range(3):
        world.decide()
    today = world.show("GET", "/").split('data-label="Today" class="num"><span>')[1]
    assert re.match(r'<a href="/decisions\?use=[^"]+">3</a></span></td>', today)


def test_a_hold_is_red_and_comes_first(world):
    world.permit()
    world.start()
    set_hold(world.register, known_key("executive"), scope="use", target=USE, reason="harm seen")
    world.runtime.snapshots.refresh()
    english, chinese = world.both("GET", "/")
    assert '<span class="badge bad strong">On hold</span>' in english
    assert '<span class="badge bad strong">已暫停</span>' in chinese
    assert "Nothing" not in english.split('id="uses"')[1].split("</table>")[0]


@pytest.mark.parametrize(("query", "shown"), [({"area": "risk"}, True), ({"area": "service"}, False), ({"area": "x<"}, True),
                                              ({"standing": "live"}, True), ({"standing": "hold"}, False)])  # fmt: skip
def test_filters_keep_what_they_name(world, query, shown):
    world.permit()
    page = world.start().show("GET", "/uses", query=query)
    assert (f'href="/uses/{USE}"' in page.split('id="due"')[0]) is shown
    assert ("No use matches" in page) is not shown
    assert "x<" not in page


def test_an_account_for_other_uses_sees_none_of_this(world):
    world.permit()
    page = world.start().show("GET", "/", uses=frozenset({f"{FIRM}/another"}))
    assert "Early warning" not in page


def test_whatever_was_typed_into_a_declaration_is_shown_as_text(world):
    world.permit()
    world.start()
    world.declare(title={"en": HOSTILE, "zh-Hant": HOSTILE})
    world.assess()
    english, _ = world.both("GET", "/")
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in english


def test_the_workbook_holds_the_list_and_no_formula(world):
    world.permit()
    world.start()
    world.declare(title={"en": "=1+1", "zh-Hant": "=cmd"})
    found = world.answer("GET", "/export/uses.xlsx")
    assert isinstance(found, Download)
    assert found.name == f"uses-{FIRM}.xlsx"
    sheet = openpyxl.load_workbook(BytesIO(found.data)).active
    row = {head.value: cell for head, cell in zip(sheet[1], sheet[2], strict=True)}
    assert row["Use"].value == USE
    assert (row["Title"].value, row["Title"].data_type, row["Title"].quotePrefix) == ("=1+1", "s", True)
    assert row["Safety done"].value == 1
    assert row["Safety applicable"].value == 2
    assert len(row["Verdict digest"].value) == 64
    assert PASSWORD not in str([cell.value for cell in sheet[2]])
