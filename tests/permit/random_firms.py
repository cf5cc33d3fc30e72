"""Random ledgers: honest entries, odd ones and broken ones, in every kind that an assessment reads.

Everything follows from the seed, so a failing case is run again by its number.
"""

from __future__ import annotations

import random
from datetime import timedelta

from firm import AT, FIRM, T0, USE, Firm, declaration, known_key, release, text
from odd_records import broken, mutated
from random_packs import random_pack

from dualtrack.domain import canonical
from dualtrack.domain.records import encode
from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.keys import dsse
from dualtrack.permit.assess import issue
from dualtrack.permit.opening import STATEMENT_PAYLOAD, payload_type

PACKS = 90
RECORDED = [T0, T0, "2026-01-10T09:05:00Z", "2026-01-31T09:00:00Z", "2026-02-10T00:00:00Z", "2026-02-20T12:00:00Z"]
"""When entries are recorded, in this order."""

INSTANTS = [
    "2016-01-13T09:00:00Z",
    "2016-01-13T08:59:59Z",
    "2025-09-02T09:00:00Z",
    "2026-01-10T09:00:00Z",
    "2026-01-10T09:05:00Z",
    "2026-01-10T09:05:01Z",
    "2026-02-28T15:59:59Z",
    "2026-03-01T08:59:59Z",
    AT,
    "0099-01-01T00:00:00Z",
]


class RandomFirm:
    """One random ledger; `firm` has its entries, `at` is when to assess."""

    def __init__(self, seed: int) -> None:
        self.pick = random.Random(f"firm {seed}")
        pick = self.pick
        self.at = pick.choice([AT, AT, "2026-02-28T15:59:59Z", "2026-02-28T16:00:00Z", "2026-03-01T16:00:00Z"])
        profile = {name: pick.random() < 0.5 for name in ("has_shop", "transfers_va") if pick.random() < 0.6}
        self.firm = Firm(kind=pick.choice(["bank", "bank", "insurer"]), demo=pick.random() < 0.2, profile=profile)
        self.releases: list[str] = []
        self.plans: list[dict[str, object]] = []
        self.now = T0
        self.odd = pick.choice([0.0, 0.02, 0.15])  # how often something is not as it should be
        self.keys()
        for number in pick.sample(range(PACKS), pick.randint(1, 4)):
            self.firm.adopt(random_pack(number))
        if pick.random() < 0.8:
            self.declare()
            self.freeze()
        for topic in pick.sample(sorted(KINDS), pick.randint(0, len(KINDS))) if self.releases else ():
            self.evidence(topic)
        for step in range(steps := pick.randint(3, 24)):
            self.now = RECORDED[step * len(RECORDED) // steps]
            pick.choice(self.verbs())()
        if self.releases and pick.random() < 0.9:
            self.firm.release_digest = pick.choice(self.releases[-2:])

    def verbs(self):
        always = [self.adopt, self.again]
        always += [self.declare] if self.pick.random() < 0.4 else []
        always += (
            [self.revoke, self.grant, self.institution, self.noise] if self.odd or self.pick.random() < 0.2 else []
        )
        always += [self.freeze] if len(self.releases) < 2 else []
        if not self.releases:
            return [self.declare, self.freeze, self.freeze, self.evidence]
        return [*always, *[self.evidence] * 14, *[self.waive] * 4, *[self.plan] * 12, *[self.permit] * 2]

    # who signs

    def keys(self) -> None:
        for name in ("validator-2", "stranger", "second-developer", "both"):
            self.firm.keys[name] = known_key(name)
        self.firm.grant("validator", ["validator", "collector"], key="validator-2")
        self.firm.grant("developer", ["validator", "approver"], key="second-developer")
        self.firm.grant("both", ["validator", "approver", "owner"], demo=self.pick.random() < 0.1)

    def signers(self, usual: str) -> list[str]:
        others = ["validator", "validator-2", "both", "second-developer", "executive", "stranger", "collector", "owner"]
        if self.pick.random() >= 2 * self.odd:
            return [usual]
        return self.pick.sample(others, self.pick.randint(1, 2)) if self.pick.random() < 0.6 else [usual, "both"]

    # how it is signed and logged

    def put(self, kind: str, subject: str, record: object, usual: str) -> None:
        """Sign and append a record, now and then with a change or a fault on the way."""
        pick = self.pick
        if pick.random() < self.odd:
            record = mutated(pick, record)
        signers = [self.firm.keys[name] for name in self.signers(usual)]
        media = STATEMENT_PAYLOAD if kind == "evidence/1" else payload_type(kind)
        media = media if pick.random() >= self.odd / 8 else "text/plain"
        content = dsse.sign(canonical.encode(record), media, signers)
        if pick.random() < self.odd / 2:
            content = broken(pick, content)
        if pick.random() < self.odd / 4:
            subject = FIRM if subject == USE else USE
        self.firm.append(kind, subject, content, self.now)

    # verbs

    def again(self) -> None:
        """Play back an entry, as it is or under another leaf."""
        old = self.pick.choice(self.firm.entries)
        subject = old.parsed.id if self.pick.random() < 0.9 else self.pick.choice([USE, FIRM])
        self.firm.append(old.kind, subject, old.content, self.now)

    def declare(self) -> None:
        pick = self.pick
        record = declaration(
            facts={name: value for name, value in ANSWERS.items() if pick.random() < 0.5},
            affected=pick.sample(["customers", "staff", "public"], pick.randint(0, 2)),
            builders=pick.choice([[], [], ["developer"], ["developer"], ["developer", "second"], ["validator"]]),
            tasks=[task(pick) for _ in range(pick.randint(0, 3))],
            components=[component(pick, number) for number in range(pick.randint(0, 2))],
            claims=[claim(pick, number) for number in range(pick.choice([0, 1, 1, 1, 2]))],
            fallback=pick.choice([None, text("by hand")]),
            live_since=pick.choice(
                [None, None, "2026-01-10T09:05:00Z", "2026-02-28T09:00:00Z", "2025-12-01T09:00:00Z"]
            ),
        )
        self.put("declaration/1", USE, record, "owner")

    def freeze(self) -> None:
        pick = self.pick
        record = release(
            disclosure=pick.random() < 0.5,
            guards=pick.choice([[], ["pii"], ["pii", "scope"]]),
            durability=pick.choice(["durable", "buffered"]),
        ) | {
            "builders": pick.choice([[], [], ["developer"], ["developer"], ["executive"]]),
            "note": str(len(self.releases)),
        }
        self.put("release/1", USE, record, "developer")
        self.releases.append(canonical.digest(canonical.encode(record)))
        self.firm.release_digest = self.releases[-1]

    def evidence(self, topic: str | None = None) -> None:
        pick = self.pick
        topic = topic or pick.choice(
            [
                "check",
                "check",
                "check",
                "approval",
                "benefit",
                "benefit",
                "gauge",
                "gauge",
                "monitor",
                "strategy",
                "unheard",
            ]
        )
        about, usual, kind = KINDS[topic]
        if pick.random() < self.odd / 3:
            kind = pick.choice(["drill", "challenge", "measurement"])
        if pick.random() < self.odd / 4:
            about = pick.choice(["firm", "use", "release"])
        low = round(pick.uniform(0, 0.8), 2)
        interval = {"estimate": round(low + 0.1, 2), "low": low, "high": round(low + 0.2, 2), "n": 100}
        fields = {
            "approval": {"fit": pick.random() < 0.7},
            "benefit": {"claim": "found-earlier", **interval},
            "strategy": {"adopted": pick.random() < 0.7},
            "gauge": interval | {"limit": pick.choice([0.9, 0.9, 0.9, 0.95])},
        }.get(topic, interval)
        changes = {
            "kind": kind,
            "about": about,
            "taken_at": pick.choice(INSTANTS) if pick.random() < 0.1 + self.odd else self.now,
            "claim": "found-earlier" if topic == "benefit" or pick.random() < 0.15 else None,
            "demo": pick.random() < self.odd / 4,
        }
        if topic == "gauge":
            changes["statistics"] = self.planned()
        if pick.random() < self.odd / 3:
            changes["digest"] = pick.choice([*self.releases, "1" * 64])
        if pick.random() < self.odd / 3:
            changes[pick.choice(["n", "method", "data_digest"])] = None
        self.put("evidence/1", FIRM if about == "firm" else USE, self.firm.statement(topic, fields, **changes), usual)

    def planned(self) -> dict[str, object]:
        """Return statistics that name a plan, registered now or before, whole or by parts; now and then none, or another one."""
        pick = self.pick
        if not self.plans or pick.random() < 0.4:
            part = pick.choice([None, None, None, "share"])
            gate = {
                "topic": pick.choice(["gauge", "gauge", "gauge", "check"]),
                "part": part,
                "limit": pick.choice([0.9, None]),
            }
            record = {
                "use": USE,
                "items": [{"id": "item", "gate": pick.choice([gate, gate, gate, None])}],
                "seed": self.firm.entries[-1].index,
            }
            index = self.firm.entries[-1].index + 1
            self.put("measurement-plan/1", USE, record, pick.choice(["collector", "collector", "validator", "owner"]))
            self.plans.append({"index": index, "digest": canonical.digest(canonical.encode(record)), "item": "item"})
        named = dict(pick.choice(self.plans[-2:]))
        if pick.random() < 0.2 + self.odd:
            named[pick.choice(["index", "digest", "item"])] = pick.choice(
                [0, 10_000, "item", "x", "0" * 64, None, True, [1]]
            )
        whole: dict[str, object] = {"plan": named}
        return pick.choice(
            [whole, whole, whole, {"parts": {"share": whole}}, {"parts": {}} | whole, {"parts": {"share": 1}}, {}]
        )

    def waive(self) -> None:
        pick = self.pick
        fields = {
            "rule": f"pack-{pick.randint(0, 2)}/r{pick.randint(0, 3)}",
            "reason": "no data yet",
            "until": pick.choice(["2026-04-01", "2026-03-01", "2026-03-02", "2027-01-11", "2027-01-12", "soon"]),
            "proportionality": pick.random() < 0.4,
        }
        changes = {"kind": "approval", "about": "use", "taken_at": pick.choice([self.now, self.now, T0, AT])}
        self.put("evidence/1", USE, self.firm.statement("waiver", fields, **changes), "executive")

    def plan(self) -> None:
        pick = self.pick
        fields = {
            "mode": pick.choice(["shadow", "shadow", "trial", "trial", "live"]),
            "decisions_max": pick.choice([500, 500, 500, 1, 0, 1_000_001]),
            "until": pick.choice(
                ["2026-04-01", "2026-04-01", "2026-05-01", "2026-07-12", "2026-07-13", "2026-03-01", "2026-13-01"]
            ),
            "measures": pick.choice(["found-earlier", "found-earlier", "found-earlier", "claim-0"]),
        }
        changes = {"kind": "approval", "about": "release", "taken_at": self.now}
        self.put("evidence/1", USE, self.firm.statement("trial_plan", fields, **changes), "executive")

    def permit(self) -> None:
        """Record what an earlier assessment granted, or a permit nobody granted: both are unsigned."""
        pick = self.pick
        at = self.now
        granted = issue(self.firm.assess(at), "durable")
        forgery = canonical.encode(forged(pick, self.firm.release_digest, at))
        content = encode(granted) if granted and pick.random() < 0.7 else forgery
        if pick.random() < self.odd:
            content = canonical.encode(mutated(pick, canonical.decode(content)))
        self.firm.append("permit/1", USE, content, at)

    def revoke(self) -> None:
        name = self.pick.choice(["validator", "validator-2", "both", "executive", "collector", "stranger", "root"])
        record = {"keyid": self.firm.keys[name].key_id, "reason": f"left {self.pick.random()}"}
        self.put("key-revoke/1", FIRM, record, "root")

    def grant(self) -> None:
        pick = self.pick
        name = pick.choice(["validator", "validator-2", "both", "executive", "stranger", "root"])
        roles = pick.sample(["validator", "approver", "collector", "compliance", "root", "owner"], pick.randint(1, 3))
        signer = self.firm.keys[name]
        self.firm.grant(pick.choice([name, "developer"]), roles, key=name, demo=pick.random() < 0.2)
        odd = canonical.decode(dsse.parse(self.firm.entries[-1].content).payload) | {"holder": name, "name": "again"}
        odd["keyid"] = pick.choice([signer.key_id, "0" * 64])
        self.put("key-grant/1", FIRM, odd, pick.choice(["root", "owner"]))

    def institution(self) -> None:
        record = self.firm.record | {"staff": self.pick.choice([None, 5, 40])}
        if self.pick.random() < 0.2:
            odd = [{"demo": not record["demo"]}, {"id": "other"}, {"profile": {"type": True}}, {"type": "provider"}]
            record |= self.pick.choice(odd)
        self.put("institution/1", FIRM, record, "root")

    def adopt(self) -> None:
        compiled = random_pack(self.pick.randrange(PACKS))
        plain = canonical.decode(compiled)
        digest = canonical.digest(compiled)
        self.firm.packs[digest] = compiled
        action = self.pick.choice(["adopt", "adopt", "retire"])
        record = {"pack": plain["id"], "version": plain["version"], "digest": digest, "action": action}
        record["decided_at"] = self.now
        self.put("pack-adoption/1", FIRM, record, "compliance")

    def noise(self) -> None:
        """Kinds that are not read, and content that is nothing."""
        pick = self.pick
        kinds = ["notice/1", "decision/1", "release/1", "evidence/1", "permit/1", "assessment/1", "measurement-plan/1"]
        kind = pick.choice(kinds)
        self.firm.append(kind, USE, pick.choice(["", "{}", "null", "[1]", "x"]).encode(), self.now)


KINDS = {
    "check": ("release", "validator", "measurement"),
    "approval": ("release", "executive", "approval"),
    "benefit": ("release", "collector", "measurement"),
    "gauge": ("release", "collector", "measurement"),
    "monitor": ("use", "collector", "measurement"),
    "strategy": ("firm", "compliance", "document"),
    "unheard": ("use", "validator", "measurement"),
}
ANSWERS = {
    "individual_effect": True,
    "language_model": False,
    "decision_effect": "decides",
    "development": ["rag", "tools"],
    "phase": "early",
}


def task(pick: random.Random) -> dict[str, object]:
    hours = pick.choice([0.1, 0.2, 0.3, 1e16, 1.7e308, 3])
    destination = pick.choice(["redeploy", "reduce", "undecided"])
    return {"name": text("task"), "hours_per_month": hours, "hours_released": hours, "destination": destination}


def component(pick: random.Random, number: int) -> dict[str, object]:
    empty = dict.fromkeys(["digest", "provider", "source", "reservation", "indemnity"])
    licence = pick.choice([None, "Apache-2.0"])
    name = text("m") if number else "m"
    return {"id": f"part-{number}", "type": "model", "name": name, "version": "1", "licence": licence, **empty}


def claim(pick: random.Random, number: int) -> dict[str, object]:
    return {
        "id": pick.choice(["found-earlier", "found-earlier", "found-earlier", f"claim-{number}"]),
        "track": pick.choice(["benefit", "benefit", "safety"]),
        "topic": "benefit",
        "primary": pick.random() < 0.7,
        "statement": text("finds more"),
        "baseline": pick.choice([None, "rule-card"]),
        "design": pick.choice([None, "superiority", "non_inferiority"]),
        "minimum": pick.choice([None, 0.1, 1, 0]),
        "margin": pick.choice([None, 0.05, 1]),
        "unit": pick.choice([None, "share"]),
    }


def forged(pick: random.Random, digest: str, at: str) -> dict[str, object]:
    """Return a permit in the right form that no assessment gave."""
    due = pick.choice([None, None, "2026-02-01T00:00:00Z", "2026-03-01T09:00:00Z", "2026-06-01T00:00:00Z"])
    return {
        "format": "dualtrack.permit/1",
        "institution": FIRM,
        "use": USE,
        "release": digest,
        "mode": pick.choice(["shadow", "trial", "live"]),
        "from": pick.choice(
            [at, at, at, format_instant(parse_instant(at) - timedelta(seconds=pick.choice([300, 301])))]
        ),
        "expires": format_instant(parse_instant(at) + timedelta(days=30)),
        "assessment": "0" * 64,
        "conditions": [
            {"pack": f"pack-{pick.randint(0, 2)}", "rule": f"r{number}", "due": due}
            for number in range(pick.randint(0, 4))
        ],
        "decisions_max": None,
        "lapses_if": [],
        "durability": "durable",
        "statement": "",
        "demo": False,
    }
