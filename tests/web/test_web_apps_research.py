"""The research desk over the whole server: a report loaded with its licence, a figure with the cell it stands in, a note under the publish rule."""

from __future__ import annotations

import json

import msgspec
import pytest
from page_language import english_in
from server_world import USE, ConsoleRole, ServerWorld, holder_of

pytest.importorskip("typst", reason="the reports extra (typst) is not installed")
pytest.importorskip("pypdfium2", reason="the research extra (pypdfium2) is not installed")

import typst

from dualtrack.apps.research.desk import Desk
from dualtrack.apps.research.documents import pdf
from dualtrack.apps.research.documents.model import Line, Page
from dualtrack.apps.research.notes.publishing import find_note
from dualtrack.apps.research.state import state
from permit.firm import FIRM

DESK, NOTES, REGISTER = "/apps/research/desk", "/apps/research/notes", "/apps/research/register"
REPORT = """
#set page(paper: "a4", margin: 20mm)
= Consolidated income statement
#table(columns: (1fr, auto, auto), stroke: none, align: (x, y) => if x == 0 { left } else { right },
  [HK\\$ million], [2025], [2024],
  [Revenue], [1,250], [1,000],
  [Cost of sales], [(750)], [(640)],
  [Gross profit], [500], [360],
)
The board expects demand to hold.
"""
QUALIFIED = holder_of(ConsoleRole.APPROVER)
SETTINGS = f"""
format: dualtrack.research/1
desks:
  - use: {USE}
    qualified: [{QUALIFIED}]
    quote_characters: {{"HKEX filing": 200}}
"""
POLICY = {
    "guards": [],
    "fields": [{"name": "question", "type": "string"}],
    "output": {},
}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    world = ServerWorld(tmp_path_factory.mktemp("research"))
    world.world.again(**POLICY)
    world.world.workspace.path("research.yaml").write_text(SETTINGS, encoding="utf-8")
    world.runtime.snapshots.refresh()
    world.analyst = world.signed_in(ConsoleRole.OWNER)
    world.report = typst.compile(REPORT.encode(), format="pdf")
    world.loaded = load(world, world.report)
    yield world
    world.close()


def load(world, data, name="report.pdf", **form):
    form = {"licence": "HKEX filing", "issuer": "Lantern Holdings", "period": "FY2025", "form": "annual"} | form
    return world.analyst.post(f"{DESK}/load", form, files={"file": (name, data, "application/pdf")})


def ask(world, question):
    return world.analyst.post(f"{DESK}/ask", {"question": question})


def register(world):
    return world.runtime.registers[FIRM]


def test_a_document_is_loaded_with_its_licence_and_listed(served):
    assert served.loaded.status_code == 303
    (row,) = state(register(served)).rows("document")
    assert (row["licence"], row["issuer"], row["pages"], row["quote_characters"]) == (
        "HKEX filing",
        "Lantern Holdings",
        1,
        200,
    )
    page = served.analyst.get(DESK).text
    assert "report.pdf" in page
    assert "HKEX filing" in page


@pytest.mark.parametrize(
    ("data", "form", "said"),
    [
        (b"%PDF-1.7 broken", {}, "broken.pdf"),
        (b"PK\x03\x04 not a workbook", {}, "broken.pdf"),
        (b"\x89PNG\r\n\x1a\n", {"ocr": "yes"}, "Print it to a PDF"),
        (b"", {}, "no file"),
        (b"a,b\n1,2\n", {"licence": " "}, "no licence"),
        (b"a,b\n1,2\n", {"form": "novel"}, "no such kind"),
    ],
)
def test_what_cannot_be_loaded_is_said_and_nothing_is_kept(served, data, form, said):
    before = len(state(register(served)).rows("document"))
    answer = load(served, data, name="broken.pdf", **form)
    assert answer.status_code == 400
    assert said in answer.text
    assert len(state(register(served)).rows("document")) == before


def test_pages_that_are_pictures_are_read_where_the_box_is_ticked_and_counted_where_it_is_not(served, monkeypatch):
    words = typst.compile(b"#page[The board met.]#page[]", format="pdf")
    asked = []
    page = Page(number=2, width=595, height=842, lines=(Line("Kites were sold."),), confidence=0.97)
    monkeypatch.setattr(pdf, "read_pictures", lambda _, numbers, *__: asked.append(numbers) or {2: page})
    assert load(served, words, name="kite.pdf", issuer="Kite").status_code == 303
    assert "were not read: 1. Load it again with OCR" in served.analyst.get(DESK).text
    assert load(served, words, name="kite.pdf", issuer="Kite", ocr="yes").status_code == 303
    assert "were not read" not in served.analyst.get(DESK).text
    with Desk(served.runtime, FIRM) as desk:
        (kept,) = [each for each in desk.store.documents() if each.about.issuer == "Kite"]
        assert desk.store.document(kept.sha256).unread == ()
        desk.store.remove(kept.sha256)
    assert asked == [(2,)]


def test_a_figure_comes_with_its_calculation_and_the_picture_of_its_cell(served):
    assert (
        ask(served, "What was the percentage change in revenue of Lantern Holdings from 2024 to 2025?").status_code
        == 303
    )
    with Desk(served.runtime, FIRM) as desk:
        kept = desk.answers()[0]
    assert kept.reply.outcome == "figure", kept.reply
    assert kept.reply.figure.shown in {"25", "25.0", "25.00"}
    assert {item.text for item in kept.reply.figure.operands} == {"1,250", "1,000"}
    page = served.analyst.get(DESK).text
    assert kept.reply.figure.expression in page
    address = page.partition('href="/apps/research/cell/')[2].partition('"')[0]
    picture = served.analyst.get(f"/apps/research/cell/{address}")
    assert picture.headers["content-type"] == "image/png"
    assert picture.content.startswith(b"\x89PNG")
    row = served.analyst.get(f"/decisions/{kept.decision}")
    assert row.status_code == 200


def test_what_is_not_clear_is_asked_back_and_what_is_not_there_is_not_answered(served):
    ask(served, "What was revenue?")
    ask(served, "What was the inventory turnover of Lantern Holdings in 2025?")
    with Desk(served.runtime, FIRM) as desk:
        missing, unclear = desk.answers()[:2]
    assert unclear.reply.outcome == "clarify"
    assert missing.reply.outcome in {"none", "clarify"}
    assert served.analyst.post(f"{DESK}/ask", {"question": " "}).status_code == 400


def test_a_program_asks_by_key(served):
    served.runner.run(opened(served))
    key = served.key(ConsoleRole.CALLER)
    sent = {"authorization": f"Bearer {key}"}
    question = {"question": "What was the gross profit of Lantern Holdings in 2025?"}
    body = served.browser().ask("POST", "/v1/research/ask", json=question, headers=sent).json()
    assert (body["outcome"], body["figure"]["shown"], body["figure"]["scale"]) == ("figure", "500", "million")
    assert body["figure"]["operands"][0]["address"].startswith("report.pdf#p1/t1/")
    assert body["licence"] == "HKEX filing"
    refused = served.browser().ask("POST", "/v1/research/ask", json={"q": 1}, headers=sent)
    assert refused.status_code == 400
    assert served.browser().ask("POST", "/v1/research/ask", json=question).status_code == 401


async def opened(world):
    world.app._hot.open()


def test_a_note_goes_to_clients_only_supported_by_another_qualified_person_and_not_in_a_quiet_period(served):
    ask(served, "What was the percentage change in revenue of Lantern Holdings from 2024 to 2025?")
    with Desk(served.runtime, FIRM) as desk:
        answer = desk.answers()[0]
    begun = {
        "id": "n-1",
        "title": "Lantern",
        "issuers": "Lantern Holdings",
        "audience": "clients",
        "first": "We like its caution.",
    }
    assert served.analyst.post(NOTES, begun).status_code == 303
    here = f"{NOTES}/n-1"
    sha256 = answer.reply.source.sha256
    for form in (
        {"text": "Revenue grew by 26%.", "answer": answer.id},
        {"text": "Demand holds.", "document": sha256, "page": "1", "quote": "The board expects demand to fall."},
    ):
        assert served.analyst.post(f"{here}/sentence", form).status_code == 303
    page = served.analyst.get(here).text
    assert "a number or date that stands in none of its supports" in page
    assert "these words do not stand on that page" in page
    with Desk(served.runtime, FIRM) as desk:
        digest = find_note(desk, "n-1")[1]["digest"]
    approver = served.signed_in(ConsoleRole.APPROVER)
    refused = approver.post(f"{here}/release", {"digest": digest})
    assert refused.status_code == 409
    assert approver.post(f"{here}/sentence", {"text": "x"}).status_code == 403  # another author's
    served.analyst.post(f"{here}/sentence", {"place": "2", "text": "Revenue grew by 25%.", "answer": answer.id})
    quoted = {
        "place": "3",
        "text": "Demand holds.",
        "document": sha256,
        "page": "1",
        "quote": "The board expects demand to hold.",
    }
    served.analyst.post(f"{here}/sentence", quoted)
    with Desk(served.runtime, FIRM) as desk:
        fresh = find_note(desk, "n-1")[1]["digest"]
    assert approver.post(f"{here}/release", {"digest": digest}).status_code == 409  # changed since it was read
    assert served.analyst.post(f"{here}/release", {"digest": fresh}).status_code == 403  # its author, not qualified
    offering = {"issuer": "Lantern Holdings", "kind": "secondary offering", "who": "firm", "since": str(today(served))}
    registrar = served.signed_in(ConsoleRole.COMPLIANCE)
    assert registrar.post(REGISTER, offering).status_code == 303
    assert registrar.post(REGISTER, offering | {"since": "soon"}).status_code == 400
    quiet = approver.post(f"{here}/release", {"digest": fresh})
    assert (quiet.status_code, "Code of Conduct 16.5" in quiet.text) == (409, True)
    served.later(days=11)
    served.runtime.snapshots.refresh()
    approver = served.signed_in(ConsoleRole.APPROVER)
    assert approver.post(f"{here}/release", {"digest": fresh}).status_code == 303
    (row,) = state(register(served)).rows("note")
    assert (row["released_digest"], row["released_by"]) == (fresh, QUALIFIED)
    entry = register(served).repository.newest("research-release/1", USE)
    assert "no interest" in json.loads(entry.content)["disclosures"][0]
    approver.get(here)  # the message of the release is in the language in which it was pressed
    for address in (DESK, NOTES, here):
        found = [text for text in english_in(approver.get(f"{address}?lang=zh-Hant").text) if "（譯）" not in text]
        assert found == [], address


def today(served):
    from dualtrack.domain.time import hong_kong_date

    return hong_kong_date(served.world.clock())


@pytest.mark.parametrize(
    ("address", "sent", "status", "en", "zh"),
    [
        (NOTES, {"id": "Not An Id"}, 400, "Use small letters, digits and hyphens", "請只用小寫英文字母、數字及連字號"),
        (NOTES, {"id": "n-2", "audience": "all"}, 400, "Choose staff or clients", "未指明報告的讀者"),
        (NOTES, {"id": "n-2", "first": "x" * 2001}, 400, "up to 2,000 characters", "每句或每段引文最多2,000字"),
        (REGISTER, {"kind": "rumour"}, 400, "Choose one of the list", "未指明利益的種類"),
        (REGISTER, {"kind": "officer", "since": "soon"}, 400, "A date is missing or is none", "日期留空或不正確"),
        (REGISTER, {"kind": "officer", "since": "2026-11-27", "percent": "nan"}, 400, "from 0 to 100", "百分比不正確"),
        (REGISTER, {"kind": "officer", "since": "2026-11-27", "issuer": "L"}, 400, "Fill in both", "未填寫發行人或持有人"),
        (f"{NOTES}/n-3/sentence", {"text": ""}, 400, "Write a sentence", "句子沒有內容"),
        (f"{NOTES}/n-3/sentence", {"text": "x", "quote": "y", "page": "two"}, 400, "on which page the words stand", "未指明原文所在的頁碼"),
        (f"{NOTES}/n-3/sentence", {"text": "x", "answer": "none"}, 400, "Choose another answer", "此答案沒有可作依據的數字"),
        (f"{NOTES}/n-3/sentence", {"text": "x", "place": "9"}, 400, "no sentence of this number", "報告沒有這個編號的句子"),
        (f"{NOTES}/n-3/remove", {"place": "1"}, 400, "the only sentence", "這是報告唯一的句子"),
        (f"{NOTES}/n-3/release", {"digest": "old"}, 409, "Read it again", "報告在審閱後已有改動"),
    ],
)  # fmt: skip
def test_a_form_that_is_wrong_comes_back_as_typed_with_the_reason_in_the_language_that_is_read(
    served, address, sent, status, en, zh
):
    author = served.signed_in(ConsoleRole.COMPLIANCE)
    author.post(NOTES, {"id": "n-3", "title": "三", "first": "我們審慎。"})
    for language, words in (("en", en), ("zh-Hant", zh)):
        author.get(f"{NOTES}?lang={language}")
        answer = author.post(address, sent)
        assert (answer.status_code, words in answer.text) == (status, True), answer.text[:6000]
        assert sent.get("who", sent.get("quote", sent.get("id", ""))) in answer.text
        if language == "zh-Hant":
            others = ("（譯）", "Lantern Holdings")  # what somebody else asked, to choose from
            assert [text for text in english_in(answer.text) if not any(each in text for each in others)] == []
            assert en not in answer.text
    author.get(f"{NOTES}?lang=en")


def test_the_state_of_the_desk_is_rebuilt_from_the_ledger(served):
    kept = state(register(served))
    kept.catch_up()
    with register(served).repository.backend.read() as connection:
        live = kept.live(connection)
    assert live == kept.expected()
    assert msgspec.json.encode(live)
