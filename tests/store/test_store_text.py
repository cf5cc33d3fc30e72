"""U+0000 in texts: refused where entries are appended, and replaced in the index for entries that have it already."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from register_desk import refused
from sqlalchemy import make_url, text
from store_world import FIRM, USE, World, signed, use_record

from dualtrack.domain import canonical
from dualtrack.errors import FieldError, StoreError
from dualtrack.keys.signer import FileSigner
from dualtrack.store.entries import NewEntry, check_entry_text
from dualtrack.store.faults import STORE_LOST
from dualtrack.store.postgres import PostgresBackend
from dualtrack.store.projections import PROJECTIONS, Projections
from permit.firm import text as told
from postgres_cluster import fresh_schema

SIGNER = FileSigner.generate("somebody")
INCIDENT = {"id": "0" * 26, "kind": "outage", "severity": "minor", "note": "a\x00b"}
TEXTS = st.text(st.sampled_from("a\x00\\u0é內"), max_size=6)
PLAIN = st.recursive(
    TEXTS | st.none() | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
)


def test_an_entry_with_nul_does_not_stop_the_index(world):
    """Entries from before texts were checked: written past the register, as they stand in ledgers."""
    title = {"en": "stop\x00it", "zh-Hant": "信貸"}
    with world.open() as store:
        world.writer(store).append([signed("declaration/1", USE, use_record(title=title), world.log)])
        projections = Projections(store.repository(FIRM))
        assert [row["title_en"] for row in projections.rows("use")] == ["stop\ufffdit"]
        assert projections.expected() == {name: projections.rows(name) for name in PROJECTIONS}


def contents(plain):
    data = canonical.encode(plain)
    return [NewEntry("remark/1", FIRM, USE, data), signed("remark/1", FIRM, {"said": plain}, SIGNER)]


def texts(plain):
    if isinstance(plain, dict):
        return [*plain, *(found for part in plain.values() for found in texts(part))]
    if isinstance(plain, list):
        return [found for part in plain for found in texts(part)]
    return [plain] if isinstance(plain, str) else []


@given(PLAIN)
def test_a_content_is_refused_if_and_only_if_a_text_of_it_has_nul(plain):
    for entry in contents(plain):
        if any("\x00" in found for found in texts(plain)):
            with pytest.raises(FieldError) as caught:
                check_entry_text(entry)
            assert caught.value.where.startswith("remark/1, field")
        else:
            check_entry_text(entry)


@pytest.mark.parametrize(
    "content", [b"\\u0000", b"\x00", b'{"a":"\\u0000"', b'{"payload":"\\\\u0000"}', b"[" * 200_000 + b"\\u0000"]
)
def test_what_is_no_json_is_never_put_in_a_column(content):
    check_entry_text(NewEntry("remark/1", FIRM, USE, content))


def test_the_register_refuses_and_names_the_field(desk):
    error = refused(desk, FieldError, lambda: desk.declare(title=told("stop\x00it")))
    assert error.where.startswith("declaration/1, field title.")
    subject = desk.use_case().use
    items = [("incident/1", subject, canonical.encode(INCIDENT))]
    error = refused(desk, FieldError, lambda: desk.register.append_plain(items))
    assert error.where == "incident/1, field note"


def test_what_the_driver_refuses_is_no_lost_connection(tmp_path, postgres_url):
    with World(tmp_path, fresh_schema(postgres_url)).open() as store:
        with pytest.raises(StoreError) as caught, store.backend.read() as connection:
            connection.execute(text("SELECT CAST(:said AS text)"), {"said": "a\x00"})
        assert caught.value.code != STORE_LOST
        with store.backend.read() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1


def test_the_place_of_a_database_has_no_password_in_it():
    url = make_url("postgresql://ann:secret-1@db.example/main?password=secret-2&sslpassword=secret-3&connect_timeout=5")
    where = PostgresBackend(url, wait_s=1).where
    assert "secret" not in where
    assert "db.example/main" in where
    assert "connect_timeout=5" in where


def test_what_leaves_says_neither_place_nor_what_the_database_said():
    own = StoreError("held by ann of 192.0.2.1", where="/srv/main.db", fix="try again").outward()
    assert (own.found, own.where, own.fix) == ("The store cannot do this", "", "try again")
    narrowed = StoreError("decisions cannot be recorded", where="/srv/main.db", code="store.recorder").outward()
    assert (narrowed.found, narrowed.where, narrowed.code) == ("decisions cannot be recorded", "", "store.recorder")
    wrong = FieldError("x", where="field a")
    assert wrong.outward() is wrong
