"""The pages on which people act, each in a state worth looking at, as finished HTML: for the browser's tests and for pictures."""

from __future__ import annotations

import re

from acting_world import PASSWORD, ActingWorld
from identity_world import PASSWORD as ACCOUNT_PASSWORD

from dualtrack.domain.records import read_record
from dualtrack.domain.usecase import UseCase
from dualtrack.intake import sample_path
from dualtrack.runtime.holds import list_holds
from dualtrack.runtime.incidents import list_incidents
from dualtrack.web.identity.accounts import NewAccount
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages import (
    api_keys,
    change,
    declare,
    erasure,
    evidence_in,
    holds,
    importing,
    incidents,
    keys,
    observe,
    people,
    reviews,
    settings,
    staff,
)
from dualtrack.web.visit import Upload
from permit.firm import FIRM, PASSES, USE, compiled, declaration, known_key, rule, text
from runtime.service_desk import COMPONENTS

MODULES = (
    change,
    reviews,
    holds,
    observe,
    incidents,
    people,
    keys,
    api_keys,
    settings,
    erasure,
    evidence_in,
    declare,
    importing,
    staff,
)
USE_PATH = {"institution": FIRM, "use": "early-warning"}
DRAFT = "Your card payment is 9 days late.\nWe can move the due date; call 2222 2222.\nSources: [card terms 4.2]"


def finished_pages(folder, language: str) -> dict[str, str]:
    """Return pages by name. Building them writes to the world, so their order matters."""
    facts = {"language_model": True, "gives_advice": True}
    world = ActingWorld(
        folder, [page for module in MODULES for page in module.PAGES],
        type="licensed_corporation", facts=facts, live_since="2026-01-01T00:00:00Z",
    )  # fmt: skip
    try:
        return dict(_pages(world, language))
    finally:
        world.close()


class _Shown:
    """Renders pages of a world in one language."""

    def __init__(self, world, language):
        self.world, self.language = world, language

    def page(self, method, pattern, *, by="compliance", **given):
        return self.world.show(method, pattern, by=by, language=self.language, **given)

    def sent(self, pattern, *, by="compliance", **given):
        return self.world.html(
            self.world.answer("POST", pattern, by=by, language=self.language, **given), self.language
        )


def _pages(world, language):
    shown = _Shown(world, language)
    for part in (_reviews, _stops, _people, _intake):
        yield from part(world, shown)


def _reviews(world, shown):
    """Reviews in every state, after a declaration and an account were made."""
    desk, _language, page, _sent = world.desk, shown.language, shown.page, shown.sent
    desk.register.adopt(compiled([rule("r", PASSES), rule("a", "ev.approval.fit")]), known_key("compliance"))
    tasks = [
        {
            "name": text("Letters to customers"),
            "hours_per_month": 3200.0,
            "hours_released": 900.0,
            "destination": "retrain",
        },
        {"name": text("Filing"), "hours_per_month": 120.0, "hours_released": 60.0, "destination": "undecided"},
    ]
    record = declaration(
        tasks=tasks, affected=["customers", "staff"], components=COMPONENTS, live_since="2026-01-01T00:00:00Z",
        facts={"language_model": True, "gives_advice": True}, title={"en": "Early calls to card customers", "zh-Hant": "信用卡客戶提早聯絡"},
    )  # fmt: skip
    desk.register.declare(read_record(record, UseCase, where="test"), known_key("owner"))
    world.services["login"].add(
        NewAccount("ann", FIRM, "ann", "Ann Ng", "en", frozenset({ConsoleRole.OWNER, ConsoleRole.REVIEWER})),
        ACCOUNT_PASSWORD,
    )
    ids = [
        desk.decide(review=why, output=DRAFT, four_eyes=True)[0].review
        for why in ("hold_before_release", "customer_asked", "sample")
    ]
    one = {"path": {"id": ids[0]}}
    world.answer("POST", "/reviews/{id}", by="reviewer", form={"do": "claim"}, **one)
    changed = DRAFT.replace("9 days", "nine days") + "\nYou need not answer."
    world.answer(
        "POST", "/reviews/{id}", by="reviewer", form={"do": "modify", "reason": "tone", "text": changed}, **one
    )
    yield "review-waits", page("GET", "/reviews/{id}", by="reviewer", **one)
    desk.forward(hours=3)
    world.answer("POST", "/reviews/{id}", by="auditor", roles=["reviewer"], form={"do": "claim"}, **one)
    yield "reviews", page("GET", "/reviews", by="reviewer")
    yield "review", page("GET", "/reviews/{id}", by="auditor", roles=["reviewer"], **one)
    yield "reviews-group", page("GET", "/reviews/group", by="reviewer")


def _stops(world, shown):
    """Observe mode, holds and incidents."""
    desk, _language, page, sent = world.desk, shown.language, shown.page, shown.sent
    yield (
        "observe-begin",
        page("GET", "/uses/{institution}/{use}/observe", by="executive", roles=["officer"], path=USE_PATH),
    )
    form = {"do": "begin", "days": "60", "reason": "live since January", "password": PASSWORD}
    world.answer(
        "POST", "/uses/{institution}/{use}/observe", by="executive", roles=["officer"], path=USE_PATH, form=form
    )
    yield "observe", page("GET", "/uses/{institution}/{use}/observe", by="executive", roles=["officer"], path=USE_PATH)
    yield "hold-set", sent("/holds", form={"target": f"use:{USE}", "reason": "two wrong letters", "password": PASSWORD})
    yield "holds", page("GET", "/holds")
    hold = list_holds(desk.register)[0]["id"]
    yield "hold", page("GET", "/holds/{id}", by="boss", roles=["officer"], path={"id": hold})
    form = {
        "use": USE,
        "kind": "wrong-output",
        "severity": "major",
        "note": "two wrong letters",
        "people_affected": "2",
    }
    world.answer("POST", "/incidents/new", by="owner", form=form)
    incident = {"path": {"id": list_incidents(desk.register)[0]["id"]}}
    given = {"answer": "no", "reason": "clients had it before", "password": PASSWORD}
    world.answer(
        "POST",
        "/uses/{institution}/{use}/change",
        by="compliance",
        path=USE_PATH,
        form=given | {"release": world.desk.register.latest_release(USE)},
    )
    yield "change", page("GET", "/uses/{institution}/{use}/change", path=USE_PATH)
    yield "change-refused", sent("/uses/{institution}/{use}/change", path=USE_PATH, form={"answer": ""})
    yield "incidents", page("GET", "/incidents")
    yield "incident-new", sent("/incidents/new", by="owner", form={"people_affected": "many", "kind": "outage"})
    yield "incident", page("GET", "/incidents/{id}", **incident)


def _people(world, shown):
    """The administrator's pages, and erasure."""
    desk, language, page, sent = world.desk, shown.language, shown.page, shown.sent
    admin = {"by": "validator", "roles": ["administrator"]}
    yield "people", page("GET", "/people", **admin)
    yield "person", page("GET", "/people/{name}", path={"name": "ann"}, **admin)
    yield "person-new", page("GET", "/people/new", **admin)
    yield "keys", page("GET", "/keys", **admin)
    yield "key", page("GET", "/keys/{keyid}", path={"keyid": known_key("owner").key_id}, **admin)
    yield "settings", page("GET", "/settings", **admin)
    made = world.answer(
        "POST",
        "/api-keys",
        form={"label": "scoring service", "days": "90", "sure": "yes", "reason": "nightly scoring"},
        lists={"roles": ["caller"]},
        language=language,
        **admin,
    )
    yield "api-keys", re.sub(r"dt_[A-Za-z0-9_-]{43}", "dt_" + "x" * 43, world.html(made, language))
    desk.decide(retention="sfo-7y")
    yield "erasure", page("GET", "/erasure")
    found = sent("/erasure", form={"person": "ann"})
    yield "erasure-found", found
    subject = re.search(r'name="subject" value="([0-9a-f]{64})"', found).group(1)
    yield "erasure-done", sent("/erasure", form={"do": "erase", "subject": subject, "reason": "letter of 20 November"})


def _intake(world, shown):
    """Evidence, declarations, the import, and what staff see."""
    _desk, language, page, sent = world.desk, shown.language, shown.page, shown.sent
    new = "/uses/{institution}/{use}/evidence/new"
    yield "evidence-topics", page("GET", new, by="validator", path=USE_PATH)
    yield (
        "evidence-form",
        world.html(
            world.answer(
                "POST", new, by="validator", path=USE_PATH, form={"topic": "check", "f-low": "0,6"}, language=language
            ),
            language,
        ),
    )
    yield "declare", page("GET", "/declare", by="owner")
    yield "declare-form", page("GET", "/declare", by="owner", query={"template": "service-bank"})
    given = world.answer("GET", "/declare", by="owner", query={"use": USE}, language=language).context
    lists = {name: [value] for name, value in given["form"].items()} | {
        "affected": ["customers"],
        "q-language_model": ["yes"],
    }
    yield "declare-preview", sent("/declare", by="owner", form=given["form"], lists=lists)
    yield "import", page("GET", "/import")
    files = {"file": Upload(sample_path().name, sample_path().read_bytes())}
    yield "import-report", sent("/import", form={"sector": "bank"}, files=files)
    yield "staff", page("GET", "/staff", by="auditor")
