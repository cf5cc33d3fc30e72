"""Lists for who is narrowed to some uses: what is another's, or another institution's, never leaves the database."""

from __future__ import annotations

import pytest
from page_world import OF_USE, PageWorld
from rows_read import rows_read
from sqlalchemy import insert

from dualtrack.domain.planting import STOCK_FORMAT, StockFile
from dualtrack.domain.records import read_record
from dualtrack.runtime.plant_shelf import lay_in
from dualtrack.store.projections import Projections
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import declare, planting, staff
from permit.firm import FIRM, USE, known_key, text

MINE = frozenset({USE})
OTHER, FOREIGN = "secret-line", "secret-institution"
SECOND_LINE = [ConsoleRole.VALIDATOR]
ASKED = [
    pytest.param("/staff", {}, id="staff"),
    pytest.param("/staff/{institution}/{use}", {"path": OF_USE}, id="staff, one use"),
    pytest.param("/declare", {}, id="declare"),
    pytest.param("/declare", {"query": {"page": "2"}}, id="declare, page 2"),
    pytest.param("/reviews/planted", {"roles": SECOND_LINE, "by": "validator"}, id="planting"),
]


def stock(use):
    item = {"asked": "late: 1", "draft": "pays 9 in 10", "wrong": "9 in 10", "why": "it is 1 in 10", "language": "en"}
    item |= {"asked": [{"role": "user", "text": "how much?"}]}
    plain = {"format": STOCK_FORMAT, "use": use, "share_percent": 5, "items": [item]}
    return read_record(plain, StockFile, where="test")


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = PageWorld(tmp_path_factory.mktemp("narrowed"), (*staff.PAGES, *declare.PAGES, *planting.PAGES))
    made.permit()
    task = {"name": text(f"{OTHER} work"), "hours_per_month": 1, "hours_released": 1, "destination": "retrain"}
    made.declare(use=f"{FIRM}/{OTHER}", title=text(f"Of {OTHER}"), tasks=[task], affected=["staff"])
    tables, backend = made.register.repository.tables, made.register.store.backend
    row = {"id": f"{FOREIGN}/x", "idx": 0, "title_en": FOREIGN, "title_zh": FOREIGN, "area": "risk", "sector": "bank"}
    with backend.write(f"{FOREIGN}/main") as connection:
        connection.execute(insert(tables.use).values(ledger=f"{FOREIGN}/main", executive="x", demo=False, **row))
    made.start()
    for use in (USE, f"{FIRM}/{OTHER}"):
        lay_in(made.register, made.runtime.recorder(FIRM).contents, stock(use), known_key("validator"))
    yield made
    made.close()


@pytest.mark.parametrize(("pattern", "given"), ASKED)
def test_no_row_of_anothers_leaves_the_database(world, pattern, given):
    Projections(world.register.repository).catch_up()  # whoever reads first does this for all
    with rows_read(world.register.store.backend) as rows:
        page = world.show("GET", pattern, uses=MINE, **given)
    assert any(USE in row for row in rows)
    assert not [row for row in rows if OTHER in row or FOREIGN in row]
    assert OTHER not in page


@pytest.mark.parametrize(("pattern", "given"), [item for item in ASKED if "path" not in item.values[1]])
def test_who_sees_the_whole_institution_sees_both_and_no_other(world, pattern, given):
    with rows_read(world.register.store.backend) as rows:
        page = world.show("GET", pattern, **given)
    assert f"Of {OTHER}" in page
    assert FOREIGN not in page
    assert not [row for row in rows if FOREIGN in row]


@pytest.mark.parametrize(("module", "pattern", "given"), [
    (staff, "/staff", {}), (declare, "/declare", {}),
    (planting, "/reviews/planted", {"roles": SECOND_LINE, "by": "validator"}),
])  # fmt: skip
def test_a_page_takes_no_more_than_it_shows(world, monkeypatch, module, pattern, given):
    monkeypatch.setattr(module, "PAGE_USES", 1)
    first, second = (world.show("GET", pattern, query={"page": number}, **given) for number in ("1", "2"))
    shown = [page.partition('id="main"')[2].partition('class="pagination"')[0] for page in (first, second)]
    assert ["Early warning" in page for page in shown] == [True, False]
    assert [f"Of {OTHER}" in page for page in shown] == [False, True]
    assert f'href="{pattern}?page=2"' in first
    assert f'href="{pattern}?page=1"' in second
