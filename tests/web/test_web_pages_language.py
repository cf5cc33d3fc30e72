"""Every page in Chinese: no English sentence of ours on it, what firms typed and documents are called marked as English."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

import pytest
from acting_world import PASSWORD, ActingWorld
from identity_world import PASSWORD as ACCOUNT_PASSWORD
from page_language import english_in, marked_english, read_page
from server_world import ServerWorld

from dualtrack.domain.documents import read_yaml
from dualtrack.intake import sample_path
from dualtrack.runtime.holds import list_holds
from dualtrack.runtime.ids import receipt_digest
from dualtrack.runtime.incidents import list_incidents
from dualtrack.store.verdicts import record_verdict
from dualtrack.web.identity.accounts import NewAccount
from dualtrack.web.identity.links import LINKS_AN_HOUR_MAX, CustomerLinks
from dualtrack.web.identity.roles import ConsoleRole
from dualtrack.web.pages.base import View
from dualtrack.web.pages.registry import console_pages
from dualtrack.web.views.rendering import Language
from dualtrack.web.visit import Upload
from permit.firm import FIRM, USE, known_key

EVERY = [role.value for role in ConsoleRole if role is not ConsoleRole.CUSTOMER_LINK]
OF_USE = {"institution": FIRM, "use": USE.partition("/")[2]}
ZH = "zh-Hant"
TYPED = "（譯）"
"""How the test firm's own Chinese texts begin; English follows."""

PACKS = ("dualtrack-policy", "sfc-24ec55", "hkma-genai-2024", "amlo-vatp-part5b", "pcpd-framework-2024")
FACTS = {"language_model": True, "gives_advice": True, "customer_facing": True}


class Filled(ActingWorld):
    """A firm with real packs, a verdict, decisions, reviews, a hold, an incident, evidence and an account."""

    def __init__(self, folder) -> None:
        self.linked = 0
        super().__init__(
            folder, console_pages(), type="licensed_corporation", live_since="2026-01-01T00:00:00Z", facts=FACTS
        )
        desk = self.desk
        for name in PACKS:
            pack = resources.files("dualtrack.rules").joinpath("packs", f"{name}.json").read_bytes()
            desk.register.adopt(pack, known_key("compliance"))
        record_verdict(desk.register, USE)
        self.answer(
            "POST", "/uses/{institution}/{use}/observe", by="executive", roles=["officer"], path=OF_USE,
            form={"do": "begin", "days": "60", "reason": "live since January this year", "password": PASSWORD},
        )  # fmt: skip
        self.services["login"].add(
            NewAccount("ann", FIRM, "ann", "Ann Ng", "en", frozenset({ConsoleRole.OWNER})), ACCOUNT_PASSWORD
        )
        decided = [
            desk.decide(review=why, output="Your payment is nine days late.", four_eyes=True)
            for why in ("hold_before_release", "customer_asked", "sample")
        ]
        self.decision, self.code = decided[0][0], decided[1][1]
        self.review = decided[0][0].review
        self.answer("POST", "/reviews/{id}", form={"do": "claim"}, path={"id": self.review})
        evidence = {
            "topic": "validation_report", "taken_at": "2026-11-23T09:30", "f-passed": "yes", "f-covers_fitness": "yes",
            "f-covers_cyber_controls": "yes", "f-covers_data_controls": "yes", "f-open_critical": "0",
            "note": "as our validator wrote it down", "password": PASSWORD,
        }  # fmt: skip
        self.answer(
            "POST", "/uses/{institution}/{use}/evidence/new", by="validator", roles=EVERY, path=OF_USE, form=evidence
        )
        hold = {"target": "provider:cloud", "reason": "two wrong letters went out", "password": PASSWORD}
        self.answer("POST", "/holds", by="compliance", form=hold)
        incident = {"use": USE, "kind": "wrong-output", "severity": "major", "note": "two wrong letters went out"}
        self.answer("POST", "/incidents/new", by="owner", form=incident)

        release = self.desk.register.latest_release(USE)
        answer = {"answer": "no", "reason": "clients had the same letters before", "release": release}
        self.answer("POST", "/uses/{institution}/{use}/change", by="compliance", path=OF_USE, form=answer)

        complaint = {"use": USE, "text": "the answer was wrong and rude", "decision": self.decision.id}
        self.answer("POST", "/complaints/new", by="owner", roles=EVERY, form=complaint)

    def link(self) -> str:
        """Return the token of a customer's link to the receipt."""
        self.links = CustomerLinks(self.runtime.store.backend, b"k" * 32, lambda: self.desk.time)
        self.linked += 1  # the clock stands, and one maker makes so many an hour
        maker = f"owner-{self.linked // LINKS_AN_HOUR_MAX}"
        return self.links.make(FIRM, receipt_digest(self.code), made_by=maker, language=ZH, lifetime_s=60)

    def kept(self, kind: str) -> str:
        return str(next(entry.index for entry in self.desk.register.repository.entries(kinds=(kind,))))

    def paths(self) -> dict[str, list[dict]]:
        """Return, by pattern, what each page is asked with; a page that is new is added here."""
        register = self.desk.register
        entries = [self.kept(kind) for kind in ("evidence/1", "assessment/1", "declaration/1", "pack-adoption/1")]
        topics = [{"path": OF_USE, "query": {"topic": name}} for name in register.case(USE, None).topics]
        return {
            "/uses/{institution}/{use}": [{"path": OF_USE}],
            "/uses/{institution}/{use}/to-green": [{"path": OF_USE}],
            "/uses/{institution}/{use}/assessment": [{"path": OF_USE}],
            "/uses/{institution}/{use}/change": [{"path": OF_USE}],
            "/uses/{institution}/{use}/price": [{"path": OF_USE}],
            "/uses/{institution}/{use}/assurance": [{"path": OF_USE}],
            "/uses/{institution}/{use}/signals": [{"path": OF_USE, "query": {"kind": "complaint", "days": "30"}}],
            "/uses/{institution}/{use}/observe": [{"path": OF_USE}],
            "/uses/{institution}/{use}/evidence/new": [{"path": OF_USE}, *topics],
            "/staff/{institution}/{use}": [{"path": OF_USE}],
            "/notice/{institution}/{use}": [{"path": OF_USE}],
            "/assessments/{idx}": [{"path": {"idx": self.kept("assessment/1")}}],
            "/evidence/{idx}": [{"path": {"idx": self.kept("evidence/1")}}],
            "/decisions/{id}": [{"path": {"id": self.decision.id}}],
            "/ledger/{idx}": [{"path": {"idx": index}} for index in entries],
            "/r/{code}": [{"path": {"code": self.code}}, {"path": {"code": "0000-0000-0000"}}],
            "/c/{token}": [
                {"path": {"token": token}, "links": self.links} for token in (self.link(), "nothing.like-it")
            ],
            "/packs/{id}": [{"path": {"id": name}} for name in PACKS],
            "/packs/{id}/diff": [{"path": {"id": PACKS[0]}}],
            "/reviews/{id}": [{"path": {"id": self.review}}],
            "/holds/{id}": [{"path": {"id": list_holds(register)[0]["id"]}}],
            "/incidents/{id}": [{"path": {"id": list_incidents(register)[0]["id"]}}],
            "/incidents/{id}/close": [{"path": {"id": list_incidents(register)[0]["id"]}}],
            "/complaints/{entry}": [{"path": {"entry": self.kept("complaint/1")}}],
            "/reviews/planted": [{"by": "compliance", "roles": ["compliance"]}],
            "/people/{name}": [{"path": {"name": "ann"}}],
            "/keys/{keyid}": [{"path": {"keyid": known_key("owner").key_id}}],
            "/declare": [{}, {"query": {"template": "service-bank"}}, {"query": {"use": USE}}],
        }


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    made = Filled(tmp_path_factory.mktemp("language"))
    yield made
    made.close()


@cache
def ours() -> frozenset[str]:
    """Return sentences of ours in English: words of templates, meanings of codes, reasons of the runtime."""
    views = resources.files("dualtrack.web.views")
    meanings = read_yaml(views.joinpath("refusals.yaml").read_bytes(), where="refusals")
    said = {side["en"] for meaning in meanings.values() for side in meaning.values()}
    said |= {item["en"] for item in read_yaml(views.joinpath("runtime_words.yaml").read_bytes(), where="runtime words")}
    for path in Path(str(resources.files("dualtrack.web"))).glob("locale/zh_Hant/LC_MESSAGES/*.po"):
        lines = path.read_text(encoding="utf-8").splitlines()
        said |= {line[7:-1] for line in lines if line.startswith('msgid "') and len(line.split()) > 3}
    return frozenset(said)


def check(html: str, *others: str) -> None:
    assert [text for text in english_in(html, others) if TYPED not in text] == []
    assert [text for text in marked_english(html) if text in ours()] == []


DOWNLOADS = {
    "/export/uses.xlsx",
    "/assessments/{idx}/bundle",
    "/ledger/{idx}/proof",
    "/r/{code}/proof",
    "/c/{token}/proof",
    "/import/gap-report",
    "/uses/{institution}/{use}/assurance/{form}",
}
PATTERNS = [page.path for page in console_pages() if page.method == "GET" and page.path not in DOWNLOADS]


@pytest.mark.parametrize("pattern", PATTERNS)
def test_no_page_has_an_english_sentence_of_ours_in_chinese(world, pattern):
    given = world.paths().get(pattern, [{}])
    assert "{" not in pattern or given != [{}], "a new page: say in `paths` what its address names"
    for one in given:
        view = world.answer("GET", pattern, **{"by": "reviewer", "roles": EVERY, "language": ZH, **one})
        if isinstance(view, View):
            html = world.html(view, ZH)
            assert any(lang == Language.ZH.tag for _, lang in read_page(html))
            check(html)


REFUSED = [
    ("/reviews/{id}", {"do": "approve"}, {"by": "developer"}),
    ("/holds", {"target": "provider:cloud", "reason": ""}, {}),
    ("/incidents/new", {"people_affected": "many", "kind": "outage"}, {}),
    ("/incidents/{id}/close", {"note": ""}, {}),
    ("/people/new", {"name": "A"}, {}),
    ("/api-keys", {"label": "", "days": "x"}, {}),
    ("/api-keys", {"label": "x", "days": "3", "roles": "caller", "sure": "yes"}, {}),
    ("/settings", {"idle_s": "few"}, {}),
    ("/keys/{keyid}", {"do": "signed", "reason": ""}, {}),
    ("/erasure", {"person": ""}, {}),
    ("/uses/{institution}/{use}/observe", {"do": "begin", "days": "999", "reason": ""}, {}),
    ("/uses/{institution}/{use}/evidence/new", {"topic": "validation_report", "f-open_critical": "many"}, {}),
    ("/declare", {"do": "preview", "id": "x", "title_en": "Only in one language"}, {}),
    ("/import", {"sector": "bank"}, {}),
    ("/uses/{institution}/{use}/change", {"answer": "no", "reason": ""}, {}),
    ("/decisions/person", {"person": "", "reason": "asked"}, {}),
    ("/complaints/new", {"use": USE, "text": "", "person": "C-7"}, {}),
    ("/decisions/{id}/content", {"reason": ""}, {}),
    ("/decisions/{id}/replay", {"reason": ""}, {}),
]


@pytest.mark.parametrize(("pattern", "form", "more"), REFUSED, ids=[item[0] for item in REFUSED])
def test_no_refusal_has_an_english_sentence_of_ours_in_chinese(world, pattern, form, more):
    path = next(
        iter(world.paths().get(pattern.removesuffix("/content").removesuffix("/replay").removesuffix("/close"), [{}]))
    )
    given = {"by": "reviewer", "roles": EVERY, "files": {}, **more, "path": path.get("path", {})}
    view = world.answer("POST", pattern, form=form, language=ZH, **given)
    assert view.status >= 400
    check(world.html(view, ZH))


def test_an_import_is_said_in_chinese(world):
    files = {"file": Upload(sample_path().name, sample_path().read_bytes())}
    view = world.answer("POST", "/import", by="owner", roles=EVERY, form={"sector": "bank"}, files=files, language=ZH)
    check(world.html(view, ZH), "gen ai y n")  # a heading of the file, as its words are compared


def test_a_customer_reads_no_english_but_what_the_firm_gave_in_one_language(world):
    html = world.html(world.answer("GET", "/r/{code}", path={"code": world.code}, language=ZH), ZH)
    assert set(marked_english(html)) <= {"English", "Pays late", "Your payment is nine days late."}


@pytest.fixture(scope="module")
def served(tmp_path_factory):
    made = ServerWorld(tmp_path_factory.mktemp("served"))
    yield made
    made.close()


@pytest.mark.parametrize("address", ["/sign-in", "/r", "/r/0000-0000-0000", "/nowhere"])
def test_what_is_said_at_the_doors_is_chinese(served, address):
    answer = served.browser().get(f"{address}?lang={ZH}")
    assert any(lang == Language.ZH.tag for _, lang in read_page(answer.text))
    check(answer.text)
    owner = served.signed_in(ConsoleRole.OWNER)
    for inside in ("/account", "/nowhere", "/people", f"/uses/{FIRM}/absent"):
        page = owner.get(f"{inside}?lang={ZH}")
        assert any(lang == Language.ZH.tag for _, lang in read_page(page.text))
        check(page.text)


@pytest.mark.parametrize(
    ("html", "found"),
    [
        ('<html lang="zh-Hant-HK"><p>Nothing was changed at all</p></html>', 1),
        ('<html lang="zh-Hant-HK"><p lang="en">Nothing was changed at all</p></html>', 0),
        ('<html lang="zh-Hant-HK"><p>沒有 <b>one two three four</b></p></html>', 1),
        ('<html lang="zh-Hant-HK"><p>SHA-256 of HKMA</p><code>one two three four</code></html>', 0),
        ('<html lang="zh-Hant-HK"><a title="one, two three four">甲</a></html>', 1),
        ('<html lang="zh-Hant-HK"><p>https://example.hk/one/two/three-four</p></html>', 0),
        ('<html lang="en-HK"><p>one two three four</p></html>', 0),
        ('<html lang="zh-Hant-HK"><p>未能理解問題：「one value of several periods」</p></html>', 1),
        (
            '<html lang="zh-Hant-HK"><p>欄名「one two three four」</p><td lang="en">one two three four five</td></html>',
            0,
        ),
    ],
)
def test_the_detector_finds_sentences_and_nothing_else(html, found):
    assert len(english_in(html)) == found
