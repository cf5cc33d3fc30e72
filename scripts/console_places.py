"""The places of the console that are looked at: every page, the roles that see it, and forms that were sent."""

from __future__ import annotations

import re
from collections.abc import Callable  # noqa: TC003 - a named tuple is made from its annotations
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.research.generator.make import make_report
from dualtrack.intake import sample_path

if TYPE_CHECKING:
    from playwright.sync_api import Page, Response

__all__ = ["BANK", "BROKER_COMPLIANCE", "NOBODY", "PLACES", "Place", "Steps", "prepare"]

BANK = "harbour-bank-demo"
BROKER_COMPLIANCE = "peak-securities-demo-compliance"
"""An account of the licensed corporation: only there the question of a significant change is asked."""

NOBODY = ""
"""The role of who is not signed in: a customer, or staff at the door."""

_LIVE, _REFUSED, _TRIAL = "provisioning-estimates", "collection-ranking", "service-answers"
_ADVICE = "/uses/peak-securities-demo/client-answers"
_HELD, _OPEN = "early-contact-order", "annual-report-reading"


def _quiet(_page: Page) -> Response | None:
    """Do nothing: the page is looked at as it opens."""
    return None


class Place(NamedTuple):
    """One page as a role sees it. `path` may name what `prepare` found; `act` is done on it before it is looked at."""

    name: str
    role: str
    path: str
    act: Callable[[Page], Response | None] = _quiet
    status: int = 200


class Steps:
    """What is done on a page: fields are filled by their ids, and the button that is named is pressed."""

    def __init__(self, button: str, **fields: str) -> None:
        self.button, self.fields = button, fields

    def __call__(self, page: Page) -> Response | None:
        """Fill, send, and return the answer. What the browser itself would ask for is not asked for: the server is looked at."""
        page.eval_on_selector_all("form", "forms => forms.forEach((form) => { form.noValidate = true; })")
        for name, value in self.fields.items():
            field = page.locator(f"#{name.replace('_', '-')}, #{name}").first
            kind = field.evaluate("item => item.type")
            if kind == "file":
                field.set_input_files(Path(value))
            elif kind == "select-one":
                field.select_option(value)
            elif kind in {"radio", "checkbox"}:
                field.check()
            else:
                field.fill(value)
        with page.expect_navigation() as sent:
            page.locator(self.button).first.click()
        return sent.value


def _claim_again(page: Page) -> Response | None:
    """Claim what somebody else has claimed meanwhile: the form that the page offered is sent for the other review."""
    taken = page.context.request.get(page.url.rsplit("/", 1)[0]).text()
    other = next(link for link in re.findall(r'href="(/reviews/[0-9a-z]{26})"', taken) if link not in page.url)
    page.eval_on_selector("main form", "(form, to) => { form.action = to; }", other)
    return Steps("button[value=claim]")(page)


def _of(use: str, end: str = "") -> str:
    return f"/uses/{BANK}/{use}{end}"


_WRONG = "not the password"
_DOOR = (
    Place("sign-in", NOBODY, "/sign-in"),
    Place("sign-in-refused", NOBODY, "/sign-in", Steps("main form button", name="nobody", password=_WRONG), 401),
    Place("receipt-code", NOBODY, "/r"),
    Place("receipt-unknown", NOBODY, "/r/AAAA-BBBB-CCCC", status=404),
    Place("receipt-decided", NOBODY, "{receipt_decided}"),
    Place("receipt-approved", NOBODY, "{receipt_approved}"),
    Place("receipt-waits", NOBODY, "{receipt_waits}"),
    Place("receipt-complaint", NOBODY, "{receipt_decided}", Steps("form[action$='/complaint'] button", text=""), 400),
    Place("customer-link", NOBODY, "{customer_link}"),
    Place("customer-link-over", NOBODY, "/c/" + "x" * 43, status=404),
    Place("notice", NOBODY, f"/notice/{BANK}/{_TRIAL}"),
    Place("not-found-door", NOBODY, "/nowhere", status=404),
)
_USES = (
    Place("overview", "approver", "/"),
    Place("overview-administrator", "administrator", "/"),
    Place("overview-supervisor", "supervisor", "/"),
    Place("uses-filtered", "approver", "/uses?verdict=refused"),
    Place("uses-none", "approver", "/uses?q=nothing-is-called-this"),
    Place("use-live", "approver", _of(_LIVE)),
    Place("use-held", "officer", _of(_HELD)),
    Place("use-refused", "owner", _of(_REFUSED)),
    Place("use-trial", "compliance", _of(_TRIAL)),
    Place("use-open", "supervisor", _of(_OPEN)),
    Place("to-green", "owner", _of(_OPEN, "/to-green")),
    Place("assessment", "auditor", _of(_REFUSED, "/assessment")),
    Place("assessment-live", "supervisor", "{assessment}"),
    Place("evidence", "auditor", "{evidence}"),
    Place("evidence-topics", "validator", _of(_OPEN, "/evidence/new")),
    Place("evidence-form", "validator", "{topic}", Steps("main form button"), 400),
    Place("assurance", "validator", _of(_HELD, "/assurance")),
    Place("assurance-missed", "supervisor", _of(_REFUSED, "/assurance")),
    Place("assurance-empty", "auditor", _of(_OPEN, "/assurance")),
    Place("change", "compliance", _of(_TRIAL, "/change")),
    Place("change-broker", BROKER_COMPLIANCE, _ADVICE + "/change"),
    Place("change-refused", BROKER_COMPLIANCE, _ADVICE + "/change", Steps("main form button", reason=""), 400),
    Place("use-broker", BROKER_COMPLIANCE, _ADVICE),
    Place("observe", "officer", _of(_OPEN, "/observe")),
    Place("declare", "owner", "/declare"),
    Place("declare-form", "owner", "/declare?template=service-bank"),
    Place("declare-preview", "owner", f"/declare?use={BANK}/{_TRIAL}", Steps("button[value=preview]")),
    Place("declare-wrong", "owner", "/declare?blank=1", Steps("button[value=preview]"), 400),
    Place("import", "compliance", "/import"),
    Place("import-wrong", "compliance", "/import", Steps("main form button"), 400),
    Place("import-report", "compliance", "/import", Steps("main form button", file=str(sample_path()), sector="bank")),
    Place("staff", "developer", "/staff"),
    Place("staff-use", "reviewer", f"/staff/{BANK}/{_TRIAL}"),
    Place("providers", "auditor", "/providers"),
    Place("provider-calls", "auditor", "/providers/calls"),
    Place("use-price", "auditor", _of(_HELD, "/price")),
    Place("signals", "auditor", _of(_LIVE, "/signals?kind=complaint&days=30")),
)
_PEOPLE_DECIDE = (
    Place("decisions", "auditor", "/decisions"),
    Place("decisions-none", "auditor", f"/decisions?use={BANK}/{_OPEN}"),
    Place("decision", "auditor", "{decision}"),
    Place("decision-answer", "owner", "{answered}"),
    Place(
        "decision-content", "auditor", "{decision}", Steps("form[action$='/content'] button", content_reason="audit")
    ),
    Place("decision-replay", "auditor", "{decision}", Steps("form[action$='/replay'] button", replay_reason="audit")),
    Place("reviews", "reviewer", "/reviews"),
    Place("review-claimed", "reviewer", "{claimed}"),
    Place("review-waits", "approver", "{waiting}"),
    Place("review-refused", "reviewer", "{claimed}", Steps("button[value=reject]"), 400),
    Place("review-ended", "auditor", "{ended}"),
    Place("reviews-group", "validator", "/reviews/group"),
    Place("planting", "validator", "/reviews/planted"),
    Place("holds", "officer", "/holds"),
    Place("holds-refused", "officer", "/holds", Steps("main form button.danger"), 400),
    Place("hold", "compliance", "{hold}"),
    Place("incidents", "compliance", "/incidents"),
    Place("incident-new", "owner", "/incidents/new", Steps("main form button", people_affected="many"), 400),
    Place("incident", "compliance", "{incident}"),
    Place("complaints", "compliance", "/complaints"),
    Place("complaint-new", "officer", "/complaints/new"),
    Place("complaint", "compliance", "{complaint}"),
)
_RECORDS = (
    Place("ledger", "auditor", "/ledger"),
    Place("ledger-verified", "supervisor", "/ledger", Steps("form[action$='/verify'] button")),
    Place("entry", "auditor", "{entry}"),
    Place("rules", "supervisor", "/rules"),
    Place("packs", "auditor", "/packs"),
    Place("pack", "auditor", "/packs/sfc-24ec55"),
    Place("pack-diff", "auditor", "/packs/sfc-24ec55/diff"),
    Place("people", "administrator", "/people"),
    Place("person", "administrator", f"/people/{BANK}-reviewer"),
    Place("person-new", "administrator", "/people/new", Steps("main form button", name="No name"), 400),
    Place("keys", "administrator", "/keys"),
    Place("key", "administrator", "{key}"),
    Place("settings", "administrator", "/settings"),
    Place("api-keys", "administrator", "/api-keys"),
    Place("erasure", "compliance", "/erasure"),
    Place("erasure-found", "compliance", "/erasure", Steps("main form button", person="demo-customer-1")),
    Place("account", "reviewer", "/account"),
    Place("sign-in-again", "approver", "/sign-in/again?next=/holds"),
    Place("forbidden", "reviewer", "/people", status=403),
    Place("not-found", "reviewer", "/nowhere", status=404),
    Place("hold-released", "officer", "{released}"),
    Place("conflict", "approver", "{waiting}", _claim_again, 409),
)
_SERVICE, _RESEARCH = "/apps/service", "/apps/research"
_APPLICATIONS = (
    Place("chat-start", NOBODY, f"{_SERVICE}/chat/{BANK}/{_TRIAL}"),
    Place("chat-frame", NOBODY, f"{_SERVICE}/frame/{BANK}/{_TRIAL}"),
    Place("chat-question", NOBODY, "{chat_question}"),
    Place("chat-waits", NOBODY, "{chat_waits}"),
    Place("chat-empty", NOBODY, "{chat_question}", Steps("main form.panel button", message=" "), 400),
    Place("chat-unknown", NOBODY, f"{_SERVICE}/c/" + "x" * 43, status=404),
    Place("desk", "reviewer", f"{_SERVICE}/desk"),
    Place("desk-other", "approver", "{desk_one}"),
    Place("desk-taken", "reviewer", "{desk_one}", Steps("form[action$='/take'] button")),
    Place("service-complaints", BROKER_COMPLIANCE, f"{_SERVICE}/complaints"),
    Place("service-complaint", BROKER_COMPLIANCE, "{service_complaint}"),
    Place(
        "service-complaint-early",
        BROKER_COMPLIANCE,
        "{service_complaint}",
        Steps("form:has([value=replied]) button"),
        409,
    ),
    Place("service-report", BROKER_COMPLIANCE, f"{_SERVICE}/complaints/report"),
    Place("service-passages", "compliance", f"{_SERVICE}/passages"),
    Place("service-passages-of", "compliance", f"{_SERVICE}/passages/{BANK}/{_TRIAL}"),
    Place(
        "service-passages-tried",
        "compliance",
        f"{_SERVICE}/passages/{BANK}/{_TRIAL}",
        Steps("main form.panel button", message="How do I open an account?"),
    ),
    Place(
        "service-passages-file", "compliance", f"{_SERVICE}/passages", Steps("main form.panel button", owner=""), 400
    ),
    Place("research-desk", BROKER_COMPLIANCE, f"{_RESEARCH}/desk"),
    Place(
        "research-asked",
        BROKER_COMPLIANCE,
        f"{_RESEARCH}/desk",
        Steps("main form.panel button", question="What was revenue?"),
    ),
    Place("research-notes", BROKER_COMPLIANCE, f"{_RESEARCH}/notes"),
    Place("research-note", BROKER_COMPLIANCE, "{research_note}"),
    Place(
        "research-notes-wrong",
        BROKER_COMPLIANCE,
        f"{_RESEARCH}/notes",
        Steps("main form.panel button", id="Not An Id"),
        400,
    ),
    Place("research-register", BROKER_COMPLIANCE, f"{_RESEARCH}/register"),
    Place("research-green", BROKER_COMPLIANCE, f"{_RESEARCH}/green"),
    Place("research-green-checked", BROKER_COMPLIANCE, "{research_green}"),
    Place("research-tables", BROKER_COMPLIANCE, f"{_RESEARCH}/tables"),
)
PLACES: tuple[Place, ...] = (*_DOOR, *_USES, *_PEOPLE_DECIDE, *_APPLICATIONS, *_RECORDS)
"""Every page of the console, some of them in more than one state."""


def _load_report(page: Page, base: str) -> str:
    """Load a made report at the research desk; return the page of the check of its green claims."""
    page.locator("details summary").last.click()
    data = make_report(7).pdf
    page.locator("#file").set_input_files([{"name": "demo-esg.pdf", "mimeType": "application/pdf", "buffer": data}])
    Steps("form[action$='/load'] button", licence="DEMO", issuer="DEMO: Lantern", period="FY2025", form="esg")(page)
    page.goto(f"{base}{_RESEARCH}/green")
    page.select_option("#document", value=page.locator("#document option", has_text="demo-esg").get_attribute("value"))
    Steps("form[action$='/green'] button")(page)
    return page.url.removeprefix(base)


def prepare(open_as: Callable[[str], Page], base: str, receipts: list[str], chats: list[str]) -> dict[str, str]:
    """Make what the demo leaves empty (an incident, a complaint, a claimed review, a link, a note); return addresses by name."""
    found = dict(zip(("receipt_decided", "receipt_approved", "receipt_waits"), receipts, strict=True))
    found |= dict(zip(("chat_question", "chat_waits"), chats, strict=False))

    def go(role: str, path: str, steps: Callable[[Page], Response | None] = _quiet) -> Page:
        page = open_as(role)
        page.goto(base + path)
        steps(page)
        return page

    def first(role: str, path: str, start: str, which: int = 0) -> str:
        links = re.findall(r'href="([^"]+)"', open_as(role).context.request.get(base + path).text())
        return [
            link
            for link in dict.fromkeys(links)
            if re.fullmatch(rf"{start}/[0-9a-f][0-9a-z]{{5,}}|{start}/[0-9]+", link)
        ][which]

    go(NOBODY, receipts[0], Steps("form[action$='/complaint'] button", text="Two calls in one evening."))
    note = {"kind": "wrong-output", "severity_1": "", "note": "DEMO: two letters went to a wrong address (fictional)"}
    go("owner", "/incidents/new", Steps("main form button", **note))
    found["claimed"] = first("reviewer", "/reviews", "/reviews")
    go("reviewer", found["claimed"], Steps("button[value=claim]"))
    found["waiting"] = first("reviewer", "/reviews", "/reviews", 1)
    found["hold"] = first("officer", "/holds", "/holds")
    found["released"] = first("officer", "/holds", "/holds", 1)
    found["incident"] = first("owner", "/incidents", "/incidents")
    found["complaint"] = first("compliance", "/complaints", "/complaints")
    found["decision"] = first("auditor", f"/decisions?use={BANK}/{_LIVE}", "/decisions")
    found["answered"] = first("owner", f"/decisions?use={BANK}/{_TRIAL}", "/decisions")
    found["ended"] = first("auditor", found["answered"], "/reviews")
    found["key"] = first("administrator", "/keys", "/keys")
    topics = open_as("validator").context.request.get(base + _of(_LIVE, "/evidence/new")).text()
    found["topic"] = _of(_LIVE, "/evidence/new") + str(re.findall(r"\?topic=[a-z_.]+", topics)[0])
    found["assessment"] = first("supervisor", _of(_LIVE, "/assessment"), "/assessments")
    found["entry"] = first("auditor", "/ledger", "/ledger")
    found["evidence"] = first("auditor", _of(_LIVE), "/evidence")
    found["desk_one"] = first("reviewer", f"{_SERVICE}/desk", f"{_SERVICE}/desk")
    found["service_complaint"] = first(BROKER_COMPLIANCE, f"{_SERVICE}/complaints", f"{_SERVICE}/complaints/of")
    note = {"id": "lantern", "title": "DEMO: a note", "first": "We find the report cautious."}
    go(BROKER_COMPLIANCE, f"{_RESEARCH}/notes", Steps("main form.panel button", **note))
    found["research_note"] = f"{_RESEARCH}/notes/lantern"
    found["research_green"] = _load_report(go(BROKER_COMPLIANCE, f"{_RESEARCH}/desk"), base)
    made = go(
        "owner", found["answered"], Steps("form[action$='/link'] button", link_reason="the customer lost the code")
    )
    address = str(made.locator("main dd.hash, main code").first.inner_text())
    found["customer_link"] = "/c/" + address.split("/c/")[1].split("?", maxsplit=1)[0]
    return found
