"""A firm with a running use, for the tests of the services: people, a policy, and decisions with their contents."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

from dualtrack.domain.decision import DECISION_FORMAT, Decision, Timing, UpstreamCall, encode_decision
from dualtrack.domain.institution import Institution, KeyGrant
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import encode, read_record
from dualtrack.domain.release import Release
from dualtrack.domain.review import REVIEW_FORMAT, ReviewOpened, seed_digest
from dualtrack.domain.time import format_instant
from dualtrack.domain.usecase import UseCase
from dualtrack.domain.vocabulary import Role
from dualtrack.keys.b64 import b64_encode
from dualtrack.keys.vkey import VerifierKey
from dualtrack.runtime.ids import new_id, receipt_code, receipt_digest
from dualtrack.runtime.subjects import Subjects
from dualtrack.store.config import InstitutionConfig, ledger_origin
from dualtrack.store.content import ContentVault
from dualtrack.store.entries import NewEntry
from dualtrack.store.register import Register
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from permit import firm as made
from permit.firm import FIRM, USE, declaration, known_key, text

START = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)  # Monday, 10:00 in Hong Kong

PEOPLE = made.ROLES | {"auditor": ["auditor"], "boss": ["officer"]}

COMPONENTS = [
    {"id": "card", "type": "model", "name": "Scorecard", "version": "3", "digest": "c" * 64, "provider": "us"},
]

POLICY = {
    "format": "dualtrack.runtime-policy/1",
    "use": USE,
    "audience": "customers",
    "guards": [],
    "upstreams": [
        {"id": "card", "kind": "python", "provider": "us"},
        {"id": "backup", "kind": "http", "provider": "cloud", "url": "https://model.example/"},
    ],
    "fallback": "message",
    "message": text("We will call you"),
    "human": text("Call 2222 2222"),
    "review": {"mode": "none", "due_minutes": 240},
    "output": {"reasons": True},
    "retention": "none",
    "disclosure": {"text": text("A machine answers"), "every": False},
    "opt_out": True,
}


class ServiceDesk:
    """A register with a declared and released use; `clock` stands still until it is moved."""

    def __init__(self, folder, database: str = "sqlite:///main.db", **changes) -> None:
        log = VerifierKey.of(ledger_origin(FIRM), known_key("log").public_key).format()
        listed = InstitutionConfig(id=FIRM, logs={"main": log})
        self.workspace = Workspace.create(folder / "ws", database=database, institutions=(listed,))
        self.time = START
        self.store = Store.open(self.workspace)
        self.register = Register(self.store, FIRM, known_key("log"), lambda: self.time)
        ledger = self.register.repository.ledger
        self.contents = ContentVault(self.store.backend, self.store.tables, self.store.vault, ledger)
        self.subjects = Subjects(self.workspace)
        self.run, self.seq = new_id(), 0
        self.set_up(**changes)

    def set_up(self, *, type: str = "bank", live_since: str | None = None, facts=None, **policy) -> None:  # noqa: A002
        record = made.Firm().record | {"type": type}
        self.register.found(read_record(record, Institution, where="test"), known_key("root"))
        for holder, roles in PEOPLE.items():
            self.grant(holder, roles)
        declared = declaration(live_since=live_since, components=COMPONENTS, facts=facts or {})
        self.register.declare(read_record(declared, UseCase, where="test"), known_key("owner"))
        self.policy_digest = self.register.keep_policy(read_record(POLICY | policy, RuntimePolicy, where="test"))
        self.release_digest = self.release()

    def grant(self, holder: str, roles: list[str]) -> None:
        signer = known_key(holder)
        grant = KeyGrant(
            keyid=signer.key_id,
            public_key=b64_encode(signer.public_key),
            holder=holder,
            name=holder.title(),
            person=True,
            roles=[Role(role) for role in roles],
        )
        self.register.grant(grant, known_key("root"))

    def release(self, note: str = "") -> str:
        plain = made.release(runtime=self.policy_digest) | {
            "note": note,
            "components": [{"id": "card", "digest": "c" * 64}],
        }
        return self.register.release(read_record(plain, Release, where="test"), known_key("developer"))[0]

    def decide(
        self,
        *,
        person: str | None = "ann",
        outcome: str = "served",
        output: str | None = "0.25",
        reasons: tuple[str, ...] = ("Pays late",),
        asked: str = '{"days_late":9}',
        retention: str = "none",
        review: str | None = None,
        due_at: str | None = None,
        four_eyes: bool = False,
        upstream: str | None = None,
        done_us: int | None = None,
    ) -> tuple[Decision, str]:
        """Record a decision as the runtime does: entry, row, sealed contents, and a review if `review` says why."""
        self.seq += 1
        subject = self.subjects.pseudonym(FIRM, person) if person else None
        owner, code, at = subject or USE, receipt_code(), format_instant(self.time)
        sealed = [self.contents.seal(owner, asked.encode(), retention)]
        out = self.contents.seal(owner, output.encode(), retention) if output is not None else None
        why = self.contents.seal(owner, encode(list(reasons)), retention) if reasons else None
        sealed += [item for item in (out, why) if item]
        review_id = new_id() if review else None
        calls = [
            UpstreamCall(
                component=upstream, provider="cloud", model=None, fingerprint=None, status=200, fault=None, us=9,
                tokens_in=None, tokens_out=None,
            )
        ]  # fmt: skip
        record = Decision(
            format=DECISION_FORMAT, id=new_id(self.time.timestamp()), use=USE, release=self.release_digest, permit="d" * 64,
            policy=self.policy_digest, mode="live", durability="durable", at=at, outcome=outcome, code=None,
            input=sealed[0].digest, output=out.digest if out else None, reasons=why.digest if why else None, guards=[],
            disclosure="e" * 64, language="en", receipt=receipt_digest(code), review=review_id, reviewer=None,
            subject=subject, upstream=calls if upstream else [],
            timing=Timing(total_us=9, input_us=0, upstream_us=9, output_us=0), run=self.run, seq=self.seq, shadow=None,
            recovered=False,
        )  # fmt: skip
        items = [NewEntry("decision/1", FIRM, USE, encode_decision(record))]
        if review_id:
            opened = ReviewOpened(
                format=REVIEW_FORMAT, id=review_id, decision=record.id, use=USE, release=record.release,
                permit=record.permit, why=review, opened_at=at,
                due_at=due_at or format_instant(self.time + timedelta(hours=4)), four_eyes=four_eyes,
                makers=["developer"], draft=record.output or record.input,
                seed=seed_digest(review_id, bytes(32), seeded=False),
            )  # fmt: skip
            items.append(NewEntry("review/1", FIRM, USE, encode(opened)))
        keys = self.contents.new_keys(sealed)

        def beside(connection, receipts) -> None:
            row = (
                self.register.repository.ledger, record.id, receipts[0].index, USE, record.release, record.permit,
                record.mode, record.outcome, at, done_us or time.time_ns() // 1000, record.receipt, subject, review_id,
                record.input, record.output, self.run, self.seq,
            )  # fmt: skip
            self.store.backend.insert(connection, self.store.tables.decision, [row])
            self.contents.write(connection, sealed, keys, at)

        self.register.append_with(items, beside)
        self.contents.written(keys)
        return record, code

    def kinds(self, start: int = 0) -> list[str]:
        """Kinds of the entries from an index on."""
        return [entry.parsed.kind for entry in self.register.repository.entries(start=start)]

    def forward(self, **span: float) -> None:
        self.time += timedelta(**span)
