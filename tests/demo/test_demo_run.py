"""The demo's own laws: what it measures decides, what is fictional says so, and nothing is looked up."""

from __future__ import annotations

import json
import re
import threading
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from dualtrack.demo.attestations import demo_attestations
from dualtrack.demo.bank import MEASURED, measured_declarations
from dualtrack.demo.firms import demo_firms, found_firm
from dualtrack.demo.language.model import NotRun, find_model
from dualtrack.demo.language.running import run_language_use
from dualtrack.demo.run import run_demo
from dualtrack.domain.entry import Entry
from dualtrack.domain.templates import list_templates
from dualtrack.domain.usecase import primary_claim
from dualtrack.domain.vocabulary import Mode, Verdict
from dualtrack.errors import FieldError, PathError
from dualtrack.evidence.demo.uses import USES
from dualtrack.permit.bundle import read_bundle
from dualtrack.rules.catalogue import shipped_topics
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from dualtrack.supervisor.figures import recompute_figures


@contextmanager
def chatting(text):
    """Serve a model that always says the same, on a real socket; gives its address and the bodies that it was sent."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            self.answer({"object": "list", "data": [{"id": "made-up", "object": "model"}]})

        def do_POST(self):
            asked.append(json.loads(self.rfile.read(int(self.headers["content-length"]))))
            choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
            self.answer({"model": "made-up", "choices": [choice]})

        def answer(self, plain):
            body = json.dumps(plain).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/v1", asked
        finally:
            server.shutdown()
            thread.join()


def _verdicts(result):
    return {
        item.assessment.use or item.assessment.institution: item.assessment
        for recorded in result.recorded.values()
        for item in recorded
    }


def test_every_template_is_declared_and_three_uses_are_measured(result):
    declared = [name for firm in demo_firms() for name in firm.templates]
    assert sorted(declared) == list(list_templates())
    assert len(result.language) == 2
    verdicts = [found.verdict for found in _verdicts(result).values()]
    assert verdicts.count(Verdict.NOTHING_MEASURED) == 21
    assert verdicts.count(Verdict.REQUIREMENTS_EVIDENCED) == 1


def test_one_is_permitted_one_has_conditions_one_is_refused_for_want_of_benefit_alone(result):
    found = _verdicts(result)
    assert found["harbour-bank-demo/provisioning-estimates"].verdict is Verdict.PERMITTED
    assert found["harbour-bank-demo/early-contact-order"].verdict is Verdict.PERMITTED_WITH_CONDITIONS
    refused = found["harbour-bank-demo/collection-ranking"]
    assert refused.verdict is Verdict.REFUSED
    assert [(item.pack, item.rule) for item in refused.refusals] == [("dualtrack-policy", "BEN-02")]


def test_every_record_is_marked_and_every_page_and_bundle_is_there(result):
    assert all(found.demo for found in _verdicts(result).values())
    names = {name.replace("/", ".") for name in _verdicts(result)}
    assert {path.stem for path in (result.folder / "bundles").iterdir()} == names
    assert {path.stem for path in (result.folder / "dossiers").iterdir()} == names
    for page in (result.folder / "dossiers").iterdir():
        text = page.read_text(encoding="utf-8")
        assert "fictional" in text, page.name
        assert "chosen by people who had measured these same accounts" in text, page.name
        assert "由曾量度同一批帳戶的人訂定" in text, page.name
        assert "declared beforehand" not in text, page.name
    portfolio = (result.folder / "portfolio.html").read_text(encoding="utf-8")
    first = re.search(r"<body[^>]*>(.*)", portfolio, re.DOTALL)
    assert first is not None
    assert "Taiwanese, of 2005" in first[1][:1500]


def test_the_measured_numbers_are_those_of_the_evidence(result):
    bank = {item.assessment.use: item for item in result.recorded["harbour-bank-demo"]}
    for measured in result.measured:
        item = bank[f"harbour-bank-demo/{measured.use.slug}"]
        benefit = next(one for one in item.case.admitted if one.predicate.topic == "benefit")
        assert benefit.predicate.fields["estimate"] == measured.benefit.estimate
        assert benefit.predicate.n == measured.planned.prepared.n_test == measured.benefit.n
        assert benefit.holders == {"collector"}


def test_claims_stand_in_the_log_before_their_measurement(result):
    with Store.open(Workspace.open(result.folder)) as store:
        repository = store.repository("harbour-bank-demo")
        for use in USES:
            entries = repository.entries(ids=(f"harbour-bank-demo/{use.slug}",))
            kinds = [entry.kind for entry in entries if isinstance(entry, Entry)]
            order = ["declaration/1", "measurement-plan/1", "release/1", "measurement-result/1", "evidence/1"]
            assert [kinds.index(kind) for kind in order] == sorted(kinds.index(kind) for kind in order)


def test_every_measured_number_is_computed_again_from_the_bundles(result):
    for use in USES:
        bundle = read_bundle((result.folder / "bundles" / f"harbour-bank-demo.{use.slug}.zip").read_bytes())
        figures = recompute_figures(bundle)
        assert {figure.topic for figure in figures} >= {
            "benefit",
            "predictive_performance",
            "data_quality",
            "adversarial_test",
        }
        assert [figure for figure in figures if figure.found.agreement != "equal"] == []


def test_what_no_table_tells_about_quality_is_stated_in_the_plan(result):
    page = (Path(__file__).parents[2] / "docs" / "demo.md").read_text(encoding="utf-8")
    assert "`relevant`" in page
    assert "`defects_overdue`" in page
    for measured in result.measured:
        stated = [
            item.gate.states for item in measured.planned.plan.items if item.gate is not None and item.id == "accuracy"
        ]
        assert stated == [{"relevant": True, "defects_overdue": 0}]


def test_declared_claims_are_those_that_are_measured():
    for template, use_case in measured_declarations("some-bank").items():
        claim = primary_claim(use_case)
        assert claim is not None
        assert (claim.baseline, claim.minimum) == (MEASURED[template].baseline, MEASURED[template].plan.effect)


def test_fictional_statements_are_of_topics_that_are_not_measured():
    statements = demo_attestations()
    items = [*statements.firm, *statements.every_measured_use, *statements.uses_with_effect_on_people]
    kinds = {shipped_topics()[item.topic].kind.value for item in items}
    assert not kinds & {"measurement", "challenge"}


def test_only_a_folder_marked_as_a_demo_is_replaced(tmp_path):
    folder = tmp_path / "dualtrack-demo"
    folder.mkdir()
    (folder / "mine.txt").write_text("keep")
    with pytest.raises(PathError):
        run_demo(folder, lambda: datetime.now(UTC), lambda _: None)
    assert (folder / "mine.txt").read_text() == "keep"
    assert [path.name for path in folder.iterdir()] == ["mine.txt"]


def test_without_a_model_the_language_uses_say_not_run(result):
    for run in result.language:
        assert isinstance(run.model, NotRun)
        assert (run.calls, run.well) == (0, 0)


def test_a_model_at_an_address_is_asked_through_the_gate(tmp_path):
    workspace = Workspace.create(tmp_path / "demo", demo=True)
    firm = next(firm for firm in demo_firms() if firm.id == "peak-securities-demo")
    with chatting("The fee is HK$99 [no-such-passage].") as (url, asked):
        with Store.open(workspace) as store:
            found_firm(store, firm, lambda: datetime.now(UTC))
        found = run_language_use(workspace, firm.id, "broker", lambda: datetime.now(UTC), find_model(url))
    assert len(asked) == found.calls == found.well > 100
    assert found.model.model == "made-up"
    fields = {item.topic: item.fields for item in found.evidence}
    assert fields.get("factuality", {"estimate": 0})["estimate"] < 0.2, "what it invents is right nowhere"
    assert any("human_review" in why for why in found.missing), "no draft came to be reviewed, and that is said"
    assert found.recorded.assessment.verdict is Verdict.REFUSED or found.recorded.assessment.mode is not Mode.LIVE
    assert "disclosure" not in json.dumps(asked[0])
    assert asked[0]["max_tokens"] > 0


def test_what_is_no_address_is_refused_before_anything_is_written(tmp_path):
    with pytest.raises(FieldError):
        run_demo(tmp_path / "dualtrack-demo", lambda: datetime.now(UTC), lambda _: None, address="not an address")
    assert not (tmp_path / "dualtrack-demo").exists()
