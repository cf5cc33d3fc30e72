"""Notes and the register over the whole server: what is released while the use is open only, whose interests stand sealed, and who dealt too soon."""

from __future__ import annotations

import json

import pytest
from page_language import english_in
from server_world import USE, ConsoleRole, ServerWorld, holder_of

pytest.importorskip("typst", reason="the reports extra (typst) is not installed")
pytest.importorskip("pypdfium2", reason="the research extra (pypdfium2) is not installed")

import typst

from dualtrack.apps.research.desk import Desk
from dualtrack.apps.research.notes.disclosures import Interest
from dualtrack.apps.research.notes.publishing import find_note, release_note
from dualtrack.apps.research.records import INTEREST_KIND, InterestKept
from dualtrack.apps.research.state import state
from dualtrack.domain.records import encode
from dualtrack.domain.time import hong_kong_date, parse_instant
from dualtrack.errors import FieldError, RefusedError
from dualtrack.runtime.holds import release_hold, set_hold
from dualtrack.runtime.lookup import contents_of
from permit.firm import FIRM, known_key

NOTES, REGISTER = "/apps/research/notes", "/apps/research/register"
REPORT = "= Report\nThe Group did not default on any loan. The board expects demand to hold."
QUALIFIED = holder_of(ConsoleRole.APPROVER)
SETTINGS = f"""
format: dualtrack.research/1
desks:
  - use: {USE}
    qualified: [{QUALIFIED}]
"""
POLICY = {"guards": [], "fields": [{"name": "question", "type": "string"}], "output": {}}
OFFICER = "Chan Siu Ming 陳小明"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    world = ServerWorld(tmp_path_factory.mktemp("notes"))
    world.world.again(**POLICY)
    world.world.workspace.path("research.yaml").write_text(SETTINGS, encoding="utf-8")
    world.runtime.snapshots.refresh()
    world.analyst = world.signed_in(ConsoleRole.OWNER)
    world.registrar = world.signed_in(ConsoleRole.COMPLIANCE)
    form = {"licence": "HKEX filing", "issuer": "Lantern Holdings", "period": "FY2025", "form": "annual"}
    data = typst.compile(REPORT.encode(), format="pdf")
    world.analyst.post("/apps/research/desk/load", form, files={"file": ("report.pdf", data, "application/pdf")})
    yield world
    world.close()


def register(world):
    return world.runtime.registers[FIRM]


def begin(world, name, **form):
    sent = {
        "id": name,
        "title": "Lantern",
        "issuers": "Lantern Holdings",
        "audience": "clients",
        "first": "We like it.",
    }
    assert world.analyst.post(NOTES, sent | form).status_code == 303


def release(world, name, by=None):
    digest = state(register(world)).rows("note", id=name)[0]["digest"]
    by = by or world.signed_in(ConsoleRole.APPROVER)
    return by.post(f"{NOTES}/{name}/release", {"digest": digest})


def entries(world):
    repository = register(world).repository
    return b"".join(repository.newest(kind, USE).content for kind in ("research-interest/1", "research-release/1"))


def test_a_false_title_a_quote_of_one_letter_and_no_issuer_keep_a_note_back_until_they_are_mended(served):
    begin(served, "n-false", title="Lantern profit rose 900% to HK$30 billion", issuers="")
    (row,) = state(register(served)).rows("document")
    here = f"{NOTES}/n-false"
    form = {"text": "Its chairman was arrested.", "document": row["sha256"], "page": "1", "quote": "e"}
    assert served.analyst.post(f"{here}/sentence", form).status_code == 303
    assert release(served, "n-false").status_code == 409
    page = served.analyst.get(f"{here}?lang=zh-Hant").text
    for said in ("報告未有指明發行人", "標題所述未有任何一句的依據支持", "引文過短"):
        assert said in page
    assert [text for text in english_in(page) if "（譯）" not in text and "Lantern" not in text] == []
    served.analyst.get(f"{here}?lang=en")
    head = {"title": "Lantern: loans", "issuers": "Lantern Holdings Limited"}
    assert served.analyst.post(f"{here}/head", head).status_code == 303
    mended = {
        "place": "2",
        "text": "The Group defaulted on any loan.",
        "quote": "The Group did not default on any loan.",
    }
    served.analyst.post(f"{here}/sentence", form | mended)
    assert release(served, "n-false").status_code == 409
    served.analyst.post(f"{here}/sentence", form | mended | {"text": "The Group did not default on any loan."})
    assert "loans" in served.analyst.get(here).text
    assert release(served, "n-false").status_code == 409  # the title still claims something: `loans` is in no list
    served.analyst.post(f"{here}/head", {"title": "Lantern: annual results", "issuers": "Lantern Holdings Limited"})
    assert release(served, "n-false").status_code == 303


def test_nothing_is_released_while_the_use_is_on_hold(served):
    begin(served, "n-held")
    hold = set_hold(register(served), known_key("compliance"), scope="use", target=USE, reason="a test")
    served.runtime.snapshots.refresh()
    try:
        with Desk(served.runtime, FIRM) as desk:
            digest = find_note(desk, "n-held")[1]["digest"]
            with pytest.raises(RefusedError):
                release_note(desk, "n-held", by=QUALIFIED, digest=digest)
        assert release(served, "n-held").status_code == 423
        assert state(register(served)).rows("note", id="n-held")[0]["released_by"] is None
    finally:
        release_hold(register(served), known_key("executive"), hold.hold.id, "the test is over")
        served.runtime.snapshots.refresh()
    assert release(served, "n-held").status_code == 303


def test_a_holder_is_named_to_readers_and_sealed_in_the_vault_and_a_dealing_too_soon_is_told(served):
    officer = {"issuer": "LANTERN HOLDINGS LTD", "kind": "officer", "who": OFFICER, "since": "2020-01-01"}
    assert served.registrar.post(REGISTER, officer).status_code == 303
    assert OFFICER in served.registrar.get(REGISTER).text
    begin(served, "n-sealed")
    assert OFFICER in served.analyst.get(f"{NOTES}/n-sealed").text
    assert release(served, "n-sealed").status_code == 303
    plain = entries(served).decode()
    assert "Chan" not in plain
    assert "陳" not in plain
    entry = json.loads(register(served).repository.newest("research-release/1", USE).content)
    sealed = contents_of(register(served)).open(entry["disclosed"]).decode()
    assert f"{OFFICER} serves the issuer as an officer" in sealed
    assert entry["disclosures"] == [
        "Lantern Holdings: a person on record serves the issuer as an officer. Lantern Holdings：有登記在冊的人士為發行人的高級人員。"
    ]
    assert entry["free_from"] in served.analyst.get(f"{NOTES}/n-sealed").text
    author = find(served, "n-sealed").author
    dealing = {
        "issuer": "Lantern",
        "kind": "analyst dealing",
        "who": author.upper(),
        "since": str(hong_kong_date(parse_instant(entry["at"]))),
    }
    assert served.registrar.post(REGISTER, dealing).status_code == 303
    assert f"who was free to deal from {entry['free_from']}" in served.registrar.get(REGISTER).text
    chinese = served.registrar.get(f"{REGISTER}?lang=zh-Hant").text
    assert f"其於{entry['free_from']}起方可買賣" in chinese
    assert [text for text in english_in(chinese) if "Lantern" not in text and author.upper() not in text] == []
    served.registrar.get(f"{REGISTER}?lang=en")
    begin(served, "n-after")
    assert release(served, "n-after").status_code == 409  # a dealing of the author within thirty days before it


def test_a_name_is_erased_with_its_person_and_one_from_before_is_still_read(served):
    with Desk(served.runtime, FIRM) as desk:
        desk.add_interest(Interest(issuer="Kite", kind="officer", who="Lee Ka Yan", since="2026-01-01"), by="x")
        subject = served.runtime.subjects.pseudonym(FIRM, "Lee Ka Yan")
        desk.runtime.recorder(FIRM).contents.erase_subject(subject, at=register(served).now())
        before = InterestKept(id="old", issuer="Kite", kind="officer", since="2026-01-01", by="x", at="", who="Ho Ming")
        register(served).append_plain([(INTEREST_KIND, USE, encode(before))])
        assert sorted(each.who for each in desk.interests() if each.issuer == "Kite") == ["", "Ho Ming"]
    begin(served, "n-kite", issuers="Kite")
    page = served.analyst.get(f"{NOTES}/n-kite").text
    assert "a person on record serves the issuer" in page
    assert "Ho Ming serves the issuer" in page
    assert "Lee Ka Yan" not in page + served.registrar.get(REGISTER).text


def find(world, name):
    with Desk(world.runtime, FIRM) as desk:
        return find_note(desk, name)[0]


def test_a_holding_of_the_firm_is_entered_with_its_share(served):
    holding = {"issuer": "Lantern Holdings", "kind": "firm holding", "who": "firm", "since": "2026-01-01"}
    before = len(state(register(served)).rows("registered"))
    refused = served.registrar.post(REGISTER, holding)
    assert (refused.status_code, "from 0 to 100" in refused.text) == (400, True)
    assert len(state(register(served)).rows("registered")) == before
    assert served.registrar.post(REGISTER, holding | {"percent": "0.4"}).status_code == 303
    with Desk(served.runtime, FIRM) as desk:
        (entry,) = [each for each in desk.interests() if each.kind == "firm holding"]
        with pytest.raises(FieldError):
            desk.add_interest(type(entry)(issuer="L", kind="firm holding", who="firm", since="2026-01-01"), by="x")
    assert (entry.who, entry.percent) == ("firm", 0.4)


def test_the_state_with_sealed_holders_is_rebuilt_from_the_ledger(served):
    kept = state(register(served))
    kept.catch_up()
    with register(served).repository.backend.read() as connection:
        live = kept.live(connection)
    assert live == kept.expected()
