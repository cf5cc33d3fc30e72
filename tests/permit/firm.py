"""A small firm for tests: keys, a ledger in memory, and packs compiled from a few lines."""

from __future__ import annotations

import base64
import hashlib
import json

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry, leaf_bytes, make_entry
from dualtrack.domain.ids import firm_digest, use_digest
from dualtrack.domain.records import encode
from dualtrack.keys import dsse
from dualtrack.keys.signer import FileSigner
from dualtrack.permit.assess import assess, issue, prepare
from dualtrack.permit.opening import payload_type
from dualtrack.rules.catalogue import read_catalogue
from dualtrack.rules.source import compile_pack

FIRM = "test-bank"
USE = "test-bank/early-warning"
T0 = "2026-01-10T09:00:00Z"
AT = "2026-03-01T09:00:00Z"

ROLES = {
    "owner": ["owner"],
    "developer": ["developer"],
    "validator": ["validator"],
    "executive": ["approver"],
    "compliance": ["compliance"],
    "collector": ["collector"],
}


def text(english: str) -> dict[str, str]:
    return {"en": english, "zh-Hant": f"（譯）{english}"}


def declaration(**changes: object) -> dict[str, object]:
    return {
        "use": USE,
        "title": text("Early warning"),
        "purpose": text("Warn early"),
        "area": "risk",
        "sector": "bank",
        "affected": ["customers"],
        "accountable_executive": "executive",
        "lines": {"first": "owner", "second": "compliance", "third": "auditor"},
        "builders": ["developer"],
        "scope": {
            "does": text("ranks"),
            "does_not": text("refuses"),
            "intents": [],
            "languages": [],
            "monthly_volume": None,
        },
        "facts": {"individual_effect": True, "language_model": False},
        "tasks": [],
        "components": [],
        "claims": [
            {
                "id": "found-earlier",
                "track": "benefit",
                "topic": "benefit",
                "primary": True,
                "statement": text("finds more"),
                "baseline": "rule-card",
                "design": "superiority",
                "minimum": 0.01,
                "margin": None,
                "unit": "share",
            }
        ],
        "fallback": None,
        "live_since": None,
        "template": None,
        "demo": False,
    } | changes


def release(**policy: object) -> dict[str, object]:
    return {
        "use": USE,
        "components": [],
        "code": "0" * 64,
        "policy": {
            "guards": [],
            "disclosure": False,
            "review_before_release": False,
            "opt_out": False,
            "durability": "durable",
            "runtime": None,
        }
        | policy,
        "builders": ["developer"],
        "note": "",
    }


def known_key(name: str) -> FileSigner:
    """A key derived from its name: the same in every run, and worth nothing outside of tests."""
    seed = hashlib.sha256(f"dualtrack test key {name}".encode()).digest()
    return FileSigner(name, Ed25519PrivateKey.from_private_bytes(seed))


class Firm:
    """Entries of one ledger in memory; every verb appends one, with words of its own: a statement counts once."""

    def __init__(self, *, kind: str = "bank", demo: bool = False, profile: dict[str, object] | None = None) -> None:
        self.keys = {name: known_key(name) for name in ("root", *ROLES)}
        self.entries: list[Entry] = []
        self.packs: dict[str, bytes] = {}
        self.release_digest: str | None = None
        self.record = {
            "id": FIRM,
            "name": text("Test Bank"),
            "type": kind,
            "licences": [],
            "staff": 40,
            "root_key": base64.b64encode(self.keys["root"].public_key).decode(),
            "profile": profile or {},
            "demo": demo,
        }
        self.signed("institution/1", FIRM, self.record, ["root"])
        for holder, roles in ROLES.items():
            self.grant(holder, roles, demo=demo)

    def grant(self, holder: str, roles: list[str], *, demo: bool = False, key: str | None = None) -> None:
        signer = self.keys[key or holder]
        record = {
            "keyid": signer.key_id,
            "public_key": base64.b64encode(signer.public_key).decode(),
            "holder": holder,
            "name": f"{holder}, entry {len(self.entries)}",
            "person": True,
            "roles": roles,
            "demo": demo,
        }
        self.signed("key-grant/1", FIRM, record, ["root"])

    def append(self, kind: str, subject: str, content: bytes, at: str | None = None) -> Entry:
        """Append an entry; recorded when the last one was, unless an instant is given."""
        index = len(self.entries)
        at = at or (self.entries[-1].recorded_at if self.entries else T0)
        salt = hashlib.sha256(f"salt {index}".encode()).digest()
        leaf = leaf_bytes(kind, FIRM, subject, at, salt, content)
        self.entries.append(make_entry(index, leaf, salt, content))
        return self.entries[-1]

    def signed(self, kind: str, subject: str, record: object, holders: list[str], at: str | None = None) -> Entry:
        signers = [self.keys[holder] for holder in holders]
        content = dsse.sign(canonical.encode(record), payload_type(kind), signers)
        return self.append(kind, subject, content, at)

    def adopt(self, compiled: bytes, *, action: str = "adopt") -> None:
        plain = canonical.decode(compiled)
        digest = canonical.digest(compiled)
        self.packs[digest] = compiled
        record = {
            "pack": plain["id"],
            "version": plain["version"],
            "digest": digest,
            "action": action,
            "decided_at": f"2026-01-10T09:00:{len(self.entries) % 60:02d}Z",
        }
        self.signed("pack-adoption/1", FIRM, record, ["compliance"])

    def declare(self, **changes: object) -> None:
        record = declaration(**changes) | {"purpose": text(f"Warn early, version {len(self.entries)}")}
        self.signed("declaration/1", USE, record, ["owner"])

    def freeze(self, note: str = "", builders: tuple[str, ...] = ("developer",), **policy: object) -> str:
        record = release(**policy) | {"note": note, "builders": list(builders)}
        self.signed("release/1", USE, record, ["developer"])
        self.release_digest = canonical.digest(canonical.encode(record))
        return self.release_digest

    def statement(self, topic: str, fields: dict[str, object], **changes: object) -> dict[str, object]:
        about = changes.pop("about", "release")
        name = FIRM if about == "firm" else USE
        digests = {"firm": firm_digest(FIRM), "use": use_digest(USE), "release": self.release_digest}
        digest = changes.pop("digest", digests[about])
        predicate = {
            "kind": "measurement",
            "topic": topic,
            "claim": None,
            "fields": fields,
            "method": {"name": "m", "version": "1", "source": "s"},
            "data_digest": "a" * 64,
            "document_digest": None,
            "n": 100,
            "seed": len(self.entries),
            "statistics": {},
            "taken_at": self.entries[-1].recorded_at,
            "minutes": None,
            "supersedes": None,
            "note": None,
            "demo": False,
        } | changes
        return {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": name, "digest": {"sha256": digest}}],
            "predicateType": "urn:dualtrack:evidence:1",
            "predicate": predicate,
        }

    def evidence(
        self, topic: str, fields: dict[str, object], by: str = "validator", at: str | None = None, **changes: object
    ) -> Entry:
        """Append evidence signed by the holders in `by`, separated by spaces."""
        statement = self.statement(topic, fields, **changes)
        return self.put_statement(statement, by, at)

    def put_statement(self, statement: dict[str, object], by: str = "validator", at: str | None = None) -> Entry:
        signers = [self.keys[holder] for holder in by.split()]
        content = dsse.sign(canonical.encode(statement), "application/vnd.in-toto+json", signers)
        return self.append("evidence/1", statement["subject"][0]["name"], content, at)

    def benefit(self, **fields: object) -> Entry:
        """Append a measurement of the claim that `declaration` registers."""
        return self.evidence("benefit", BENEFIT | fields, claim="found-earlier")

    def approve(self, *, fit: bool = True, by: str = "executive", **changes: object) -> Entry:
        return self.evidence("approval", {"fit": fit}, by, kind="approval", **changes)

    def waive(self, name: str, until: str, by: str = "executive", **changes: object) -> Entry:
        proportionality = changes.pop("proportionality", False)
        fields = {
            "rule": name,
            "reason": "until the data are there",
            "until": until,
            "proportionality": proportionality,
        }
        return self.evidence("waiver", fields, by, kind="approval", about="use", **changes)

    def plan(self, until: str, *, mode: str = "trial", decisions: int = 500, **changes: object) -> Entry:
        fields = {"mode": mode, "decisions_max": decisions, "until": until, "measures": "found-earlier"}
        return self.evidence("trial_plan", fields, "executive", kind="approval", **changes)

    def measurement_plan(self, by: str = "collector", use: str = USE, **changes: object) -> dict[str, object]:
        """Register a plan of measurement with one gated item; return how evidence names it."""
        gate = {"topic": "gauge", "part": None, "limit": 0.9} | changes
        record = {
            "use": use,
            "items": [{"id": "item", "gate": gate}, {"id": "other", "gate": None}],
            "seed": len(self.entries),
        }
        entry = self.signed("measurement-plan/1", USE, record, by.split())
        return {"index": entry.index, "digest": canonical.digest(canonical.encode(record)), "item": "item"}

    def revoke(self, holder: str) -> None:
        record = {"keyid": self.keys[holder].key_id, "reason": f"left, entry {len(self.entries)}"}
        self.signed("key-revoke/1", FIRM, record, ["root"])

    def assess(self, at: str = AT, use: str | None = USE):
        release_digest = self.release_digest if use else None
        return assess(self.entries, self.packs, institution=FIRM, use=use, release=release_digest, at=at)

    def case(self, at: str = AT, use: str | None = USE):
        release_digest = self.release_digest if use else None
        return prepare(self.entries, self.packs, institution=FIRM, use=use, release=release_digest, at=at)

    def line(self, name: str = "r", at: str = AT, use: str | None = USE):
        """Return the line of one rule in a fresh assessment."""
        return next(line for line in self.assess(at, use).rules if line.rule == name)

    def record_permit(self, at: str = AT):
        permit = issue(self.assess(at), "durable")
        if permit is not None:
            self.append("permit/1", USE, encode(permit), at)
        return permit


TOPICS = b"""
check:
  kind: measurement
  about: release
  roles: [validator, collector]
  fields: {estimate: double, low: double, high: double, n: int}
  duty: validate
  title: {en: Check, zh-Hant: \xe6\xaa\xa2\xe6\x9f\xa5}
  hours: 3
approval:
  kind: approval
  about: release
  roles: [approver]
  fields: {fit: bool}
  duty: approve
  title: {en: Approval, zh-Hant: \xe6\x89\xb9\xe5\x87\x86}
  hours: 1
gauge:
  kind: measurement
  about: release
  roles: [validator, collector]
  fields: {estimate: double, low: double, high: double, limit: double, n: int}
  duty: null
  planned: true
  title: {en: Gauge, zh-Hant: \xe9\x87\x8f\xe5\xba\xa6}
  hours: 4
benefit:
  kind: measurement
  about: release
  roles: [validator, collector]
  fields: {claim: string, estimate: double, low: double, high: double, n: int}
  duty: null
  title: {en: Benefit, zh-Hant: \xe6\x95\x88\xe7\x9b\x8a}
  hours: 8
monitor:
  kind: measurement
  about: use
  roles: [validator, collector]
  fields: {estimate: double, low: double, high: double, n: int}
  duty: monitor
  title: {en: Monitoring, zh-Hant: \xe7\x9b\xa3\xe5\xaf\x9f}
  hours: 2
strategy:
  kind: document
  about: firm
  roles: [compliance]
  fields: {adopted: bool}
  duty: null
  title: {en: Strategy, zh-Hant: \xe7\xad\x96\xe7\x95\xa5}
  hours: 5
"""


def rule(identifier: str, requires: str, **changes: object) -> dict[str, object]:
    return {
        "id": identifier,
        "cites": ["1"],
        "title": text(identifier),
        "says": text(f"{identifier} says"),
        "todo": text(f"do {identifier}"),
        "owner": "validator",
        "binds": ["bank"],
        "track": "safety",
        "applies": "true",
        "requires": requires,
        "severity": "S2",
        "checked": "assessment",
        "valid_days": 180,
        "weight": "circular",
        "basis": "ours",
        "source_grade": "policy",
        "checked_source": "not seen",
        "tests": [{"name": name, "facts": {}, "expect": name} for name in ("met", "not_met", "no_evidence")],
    } | changes


def pack_source(rules: list[dict[str, object]], **changes: object) -> dict[str, object]:
    return {
        "id": "test-pack",
        "version": "1.0",
        "issuer": "Test authority",
        "transcriber": "Dualtrack",
        "title": text("Test pack"),
        "subject": "use",
        "status": "in_force",
        "effective_from": "2025-01-01",
        "effective_to": None,
        "grade": "policy",
        "source": {
            "document": "Test circular",
            "reference": "T/1",
            "date": "2025-01-01",
            "address": "shelf 1",
            "file_digest": "b" * 64,
            "checked": "secondary source",
            "checked_on": "2026-01-01",
            "note": "",
        },
        "rules": rules,
    } | changes


def compiled(rules: list[dict[str, object]], **changes: object) -> bytes:
    source = pack_source(rules, **changes)
    topics = read_catalogue(TOPICS, where="test topics")
    return compile_pack(json.dumps(source).encode(), topics)


CHECK = {"estimate": 0.7, "low": 0.6, "high": 0.8, "n": 100}
GAUGE = {**CHECK, "limit": 0.9}
BENEFIT = {"claim": "found-earlier", "estimate": 0.05, "low": 0.02, "high": 0.08, "n": 100}
PASSES = "ev.check.estimate >= 0.5"


def ready(
    *rules: dict[str, object], demo: bool = False, facts: dict[str, object] | None = None, **pack: object
) -> Firm:
    """Return a firm that adopted one pack of these rules, declared a use and froze a release."""
    firm = Firm(demo=demo)
    firm.adopt(compiled(list(rules) or [rule("r", PASSES)], **pack))
    firm.declare(**({"facts": facts} if facts is not None else {}))
    firm.freeze()
    return firm
