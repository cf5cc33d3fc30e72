import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from store_world import (
    FIRM,
    USE,
    World,
    firm_record,
    grant_record,
    permit_record,
    plain,
    release_record,
    signed,
    statement_record,
    story,
    use_record,
)

from dualtrack.domain import canonical
from dualtrack.errors import NotFoundError
from dualtrack.keys.signer import FileSigner
from dualtrack.store.entries import NewEntry
from dualtrack.store.erasure import KEPT_KINDS
from dualtrack.store.projections import PROJECTIONS, Projections
from dualtrack.store.projectors import PROJECTED_KINDS

SIGNER = FileSigner.generate("root")
KEYS = [FileSigner.generate(name) for name in ("ann", "bo")]
USES = ("harbour/credit", "harbour/chat")


def everything(projections):
    return {name: projections.rows(name) for name in PROJECTIONS}


def test_each_kind_has_its_row(world):
    with world.open() as store:
        world.writer(store).append(story(world.log))
        projections = Projections(store.repository(FIRM))
        rows = everything(projections)
        assert [row["name_zh"] for row in rows["institution"]] == ["海港銀行"]
        assert [(row["holder"], row["roles"], row["revoked_idx"]) for row in rows["key"]] == [("ann", "owner", 7)]
        assert [(row["id"], row["idx"], row["area"]) for row in rows["use"]] == [(USE, 3, "risk")]
        assert [(row["use_id"], row["idx"]) for row in rows["release"]] == [(USE, 4)]
        assert [(row["idx"], row["topic"], row["claim"]) for row in rows["evidence"]] == [(5, "performance", None)]
        assert [(row["idx"], row["mode"], row["expires"]) for row in rows["permit"]] == [(6, "live", None)]
        assert [(row["id"], row["action"]) for row in rows["pack"]] == [("sfc-24ec55", "adopt")]
        assert projections.rows("evidence", topic="other") == []
        with pytest.raises(NotFoundError):
            projections.rows("nothing")


def test_entries_that_keep_coming_are_not_chased(world, monkeypatch):
    """A hold waited for as long as a load went on: each look at the end found a later one."""
    with world.open() as store:
        writer, projections = world.writer(store), Projections(store.repository(FIRM))
        writer.append(story(world.log))
        step, steps = projections._step, []

        def step_and_more(size):
            steps.append(size)
            assert len(steps) < 3
            writer.append(plain(1))
            return step(size)

        monkeypatch.setattr(projections, "_step", step_and_more)
        assert [row["id"] for row in projections.rows("use")] == [USE]
        assert steps == [9]


def test_the_newest_entry_is_the_current_state(world):
    with world.open() as store:
        writer, projections = world.writer(store), Projections(store.repository(FIRM))
        writer.append(story(world.log))
        assert projections.rows("use")[0]["area"] == "risk"
        writer.append([signed("declaration/1", USE, use_record(area="service"), world.log), *plain(1001)])
        assert projections.rows("use") == [
            {**projections.rows("use")[0], "area": "service", "idx": 9},
        ]
        assert projections.cursor() == 1011


KIND = st.sampled_from(
    [
        signed("institution/1", FIRM, firm_record(SIGNER), SIGNER),
        signed("institution/1", FIRM, firm_record(SIGNER, demo=True, type="insurer"), SIGNER),
        *(signed("key-grant/1", FIRM, grant_record(key, roles=("owner", "auditor")), SIGNER) for key in KEYS),
        *(signed("key-revoke/1", FIRM, {"keyid": key.key_id, "reason": "left"}, SIGNER) for key in KEYS),
        *(
            signed(
                "pack-adoption/1",
                FIRM,
                {"pack": "p", "version": "1", "digest": "4" * 64, "action": what, "decided_at": "2026-01-01T00:00:00Z"},
                SIGNER,
            )
            for what in ("adopt", "retire")
        ),
        *(
            signed("declaration/1", use, use_record(use, area=area), SIGNER)
            for use in USES
            for area in ("risk", "crime")
        ),
        *(signed("release/1", use, release_record(use), SIGNER) for use in USES),
        *(signed("evidence/1", use, statement_record(use), SIGNER) for use in USES),
        *(NewEntry("permit/1", FIRM, use, canonical.encode(permit_record(use))) for use in USES),
        NewEntry("declaration/1", FIRM, USE, b"broken"),
        NewEntry("release/2", FIRM, USE, b"of a version to come"),
        NewEntry("assessment/1", FIRM, USE, b"{}"),
    ]
)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(KIND, st.booleans()), min_size=1, max_size=15))
def test_rebuilt_equals_live(sqlite_history, steps):
    check_history(sqlite_history(), steps)


@pytest.fixture
def sqlite_history(tmp_path):
    return lambda: World(Path(tempfile.mkdtemp(dir=tmp_path)), "sqlite:///main.db")


def check_history(world, steps):
    """Project at arbitrary moments, and compare with what the entries alone give."""
    with world.open() as store:
        writer, repository = world.writer(store), store.repository(FIRM)
        projections = Projections(repository)
        for entry, look in steps:
            writer.append([entry])
            if look:
                projections.catch_up()
        live = everything(projections)
        assert live == projections.expected()
        projections.rebuild()
        assert everything(projections) == live


def test_rebuilt_equals_live_on_both_databases(world):
    steps = [(entry, number % 3 == 0) for number, entry in enumerate([*story(world.log), *story(SIGNER)])]
    check_history(world, steps)


def test_what_is_projected_is_never_erased():
    assert set(PROJECTED_KINDS) <= KEPT_KINDS


def test_unknown_kinds_are_kept_and_not_projected(world):
    with world.open() as store:
        world.writer(store).append(plain(3))
        projections = Projections(store.repository(FIRM))
        assert all(not rows for rows in everything(projections).values())
        assert store.repository(FIRM).size() == projections.cursor() == 3
    assert "remark/1" not in PROJECTED_KINDS
