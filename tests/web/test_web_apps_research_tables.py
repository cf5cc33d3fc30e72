"""Questions of tables in the console: SQL shown, rows, lineage and picture; people only counted; a model's SQL under the same gate; and the desk's page with a model."""

from __future__ import annotations

import json

import pytest
from page_language import english_in
from server_world import USE, ConsoleRole, ServerWorld

pytest.importorskip("sqlglot", reason="the research extra (sqlglot) is not installed")
pytest.importorskip("duckdb", reason="the tables extra (duckdb) is not installed")

from dualtrack.domain import canonical
from dualtrack.domain.decision import Decision
from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from permit.firm import declaration, known_key
from runtime.fake_model import FakeModel
from runtime.runtime_world import component

TABLES, DESK = "/apps/research/tables", "/apps/research/desk"
SALES = "Region,Month,Revenue,Customer\nKowloon,2025-01,100,Chan\nKowloon,2025-02,150,Lee\nIsland,2025-01,200,Wong\n"
REPORT = "HK$ million,2024,2025\nTakings of the cable car,80,100\n"
HARD = "Which region brought in most money?"


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    world = ServerWorld(tmp_path_factory.mktemp("tables"))
    world.model = FakeModel()
    world.runner.run(world.model.__aenter__())
    parts = [component() | {"id": name, "type": "model", "name": name, "version": "1", "licence": "own"} for name in ("model", "writer")]  # fmt: skip
    world.world.register.declare(read_record(declaration(components=parts), UseCase, where="test"), known_key("owner"))
    world.world.again(
        flags={"durability": "durable"}, components={"model": world.world.model, "writer": "a" * 64}, output={}, guards=[],
        fields=[{"name": "question", "type": "string"}],
        upstreams=[
            {"id": "model", "kind": "python", "provider": "in-house"},
            {"id": "writer", "kind": "openai", "provider": "lab", "url": world.model.url, "model": "m", "first_byte_ms": 5000},
        ],
    )  # fmt: skip
    settings = f"format: dualtrack.research/1\ndesks: [{{use: {USE}, qualified: []}}]\n"
    world.world.workspace.path("research.yaml").write_text(settings, encoding="utf-8")
    world.runtime.snapshots.refresh()
    world.analyst = world.signed_in(ConsoleRole.OWNER)
    world.runner.run(opened(world))
    yield world
    world.runner.run(world.model.__aexit__())
    world.close()


def asked(world, question, *, said="", data=SALES, name="sales.csv", **form):
    world.model.text = said
    form = {"question": question, "licence": "own data", "personal": "Customer"} | form
    return world.analyst.post(TABLES, form, files={"file": (name, data.encode(), "text/csv")})


def newest(world):
    entries = list(world.world.register.repository.every(kinds=("decision/1",)))
    return read_record(canonical.decode(entries[-1].content), Decision, where="test")


def test_a_question_in_words_has_its_sql_rows_lineage_and_picture(served):
    page = asked(served, "total revenue by region")
    assert page.status_code == 200
    for wanted in ("SUM(", "GROUP BY", "250", "sales.revenue", "sales.csv", "own data", "<svg", "rules"):
        assert wanted in page.text
    assert newest(served).upstream == []
    served.analyst.get(f"{TABLES}?lang=zh-Hant")
    shown = asked(served, "按地區計的總收入").text
    assert "總和" in shown
    assert [text for text in english_in(shown) if "（譯）" not in text] == []
    served.analyst.get(f"{TABLES}?lang=en")


@pytest.mark.parametrize(
    ("question", "more", "wanted"),
    [
        ("SELECT * FROM read_csv('/etc/passwd')", {}, "read_csv"),
        ("select customer from sales", {}, "customer"),
        ("total revenue by region", {"licence": " "}, "no licence"),
        ("total revenue by region", {"data": ""}, "no file"),
    ],
)
def test_what_does_not_pass_is_said_with_its_place_and_no_folder_of_the_machine(served, question, more, wanted):
    page = asked(served, question, **more)
    assert page.status_code == 400
    assert wanted in page.text
    assert "/tmp" not in page.text
    assert str(served.world.workspace.root.parent.parent) not in page.text


def test_a_model_proposes_sql_and_the_same_gate_decides(served):
    good = "SELECT region, sum(revenue) AS money FROM sales GROUP BY region ORDER BY money DESC LIMIT 1"
    page = asked(served, HARD, said=json.dumps({"sql": good}))
    assert "the language model" in page.text
    assert "fake-1" in page.text
    assert "Kowloon" in page.text
    record = newest(served)
    assert [(call.component, call.tokens_in, call.fault) for call in record.upstream] == [("writer", 7, None)]
    sent = json.dumps(served.model.calls[-1]["messages"])
    assert "customer VARCHAR PERSONAL" in sent
    assert "Chan" not in sent
    for said, code in (
        (json.dumps({"sql": "SELECT customer FROM sales"}), "sql.gate"),
        (json.dumps({"sql": "COPY sales TO '/tmp/x'"}), "sql.gate"),
        ("Kowloon brought in 987654.", "sql.form"),
        (json.dumps({"cannot": "it is 987654"}), "sql.cannot"),
    ):
        page = asked(served, HARD, said=said)
        assert page.status_code == 200
        assert "No answer." in page.text
        assert "987654" not in page.text
        assert "Chan" not in page.text
        assert newest(served).upstream[0].fault == f"form.{code}"


def test_the_desk_says_who_proposed_and_why_a_proposal_was_not_taken(served):
    about = {"licence": "own data", "issuer": "Lantern", "period": "FY2025", "form": "annual"}
    served.analyst.post(f"{DESK}/load", about, files={"file": ("report.csv", REPORT.encode(), "text/csv")})
    operands = [{"name": "a", "address": "t1/r1c3", "text": "100"}, {"name": "b", "address": "t1/r1c2", "text": "80"}]
    plain = {"expression": "(a - b) / b", "operands": operands, "unit": "number", "scale": "percent", "period": "2025"}
    question = "By what percentage did the takings at the ropeway of Lantern grow from 2024 to 2025?"
    served.model.text = "They grew by 987654 per cent."
    assert served.analyst.post(f"{DESK}/ask", {"question": question}).status_code == 303
    page = served.analyst.get(DESK).text
    assert "A language model was asked too" in page
    assert "It answered in prose" in page
    assert "987654" not in page
    served.model.text = json.dumps(plain)
    sent = {"authorization": f"Bearer {served.key(ConsoleRole.CALLER)}"}
    body = served.browser().ask("POST", "/v1/research/ask", json={"question": question}, headers=sent).json()
    assert (body["outcome"], body["by"], body["figure"]["shown"]) == ("figure", "model", "25")
    assert (body["models"][0]["reported"], body["models"][0]["outcome"]) == ("fake-1", "held")
    page = served.analyst.get(DESK).text
    assert "the language model" in page
    shown = served.analyst.get(f"{DESK}?lang=zh-Hant").text
    assert [text for text in english_in(shown, (REPORT,)) if "（譯）" not in text] == []


async def opened(world):
    world.app._hot.open()
