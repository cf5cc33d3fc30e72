"""A firm with one permitted use in a fresh workspace, whose runtime can be opened; the clock is the machine's own."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from dualtrack.domain.canonical import digest
from dualtrack.domain.evidence import Statement
from dualtrack.domain.institution import Institution, KeyGrant
from dualtrack.domain.policy import RuntimePolicy
from dualtrack.domain.records import read_record
from dualtrack.domain.release import Release
from dualtrack.domain.usecase import UseCase
from dualtrack.domain.vocabulary import Role
from dualtrack.keys.vkey import VerifierKey
from dualtrack.runtime.engine import Runtime
from dualtrack.runtime.models import keep_artifact
from dualtrack.store.config import InstitutionConfig, ledger_origin
from dualtrack.store.register import Register
from dualtrack.store.store import Store
from dualtrack.store.verdicts import record_verdict
from dualtrack.store.workspace import Workspace
from permit import firm as made
from permit.firm import CHECK, FIRM, PASSES, USE, compiled, declaration, known_key, rule, text

CLAIM = "found-earlier"
"""The claim of the declaration, which a plan is to measure."""

CARD = {
    "format": "dualtrack.additive/1",
    "intercept": -1.0,
    "link": "logit",
    "reasons": 2,
    "features": [
        {
            "name": "late",
            "cuts": [0.5, 2.5],
            "points": [-0.5, 0.75, 2.0],
            "missing": 0.25,
            "says": {"en": "payments were late", "zh-Hant": "曾逾期還款"},
        },
        {
            "name": "used",
            "cuts": [0.8],
            "points": [0.0, 1.0],
            "missing": 0.0,
            "says": {"en": "most of the limit is used", "zh-Hant": "已用大部分信用額"},
        },
    ],
}


def policy(**changes: Any) -> dict[str, Any]:
    """Return a runtime policy as plain data: a scorecard for staff, unless changed."""
    plain: dict[str, Any] = {
        "format": "dualtrack.runtime-policy/1",
        "use": USE,
        "audience": "staff",
        "guards": [{"guard": "input_schema", "stage": "input", "action": "block"}],
        "upstreams": [{"id": "model", "kind": "python", "provider": "in-house"}],
        "fallback": "message",
        "message": {"en": "A colleague will look at this.", "zh-Hant": "同事會跟進。"},
        "human": {"en": "Call 2000 0000 (fictional)", "zh-Hant": "致電 2000 0000（虛構）"},
        "review": {"mode": "none"},
        "output": {"reasons": True},
        "retention": "none",
        "fields": [
            {"name": "late", "type": "number", "low": 0, "high": 12},
            {"name": "used", "type": "number", "low": 0, "high": 2, "required": False},
        ],
    }
    return plain | changes


class World:
    """A workspace with a founded firm. `permit` declares, releases with a policy, adds evidence and assesses."""

    def __init__(self, folder, *, database: str = "sqlite:///main.db") -> None:
        log = VerifierKey.of(ledger_origin(FIRM), known_key("log").public_key).format()
        self.workspace = Workspace.create(
            folder / "ws", institutions=(InstitutionConfig(id=FIRM, logs={"main": log}),), database=database
        )
        key_folder = self.workspace.path(f"{self.workspace.config.key_dir}/{FIRM}")
        key_folder.mkdir(mode=0o700)
        known_key("log").save(key_folder / "log.pem")
        self.offset = timedelta(0)
        self.store = Store.open(self.workspace)
        self.register = Register(self.store, FIRM, known_key("log"), self.clock)
        self.release = ""
        self._found()

    def clock(self) -> datetime:
        return datetime.now(UTC) + self.offset

    def _found(self) -> None:
        root = known_key("root")
        self.register.found(read_record(made.Firm().record, Institution, where="test"), root)
        for holder, roles in made.ROLES.items():
            signer = known_key(holder)
            grant = KeyGrant(
                keyid=signer.key_id,
                public_key=base64.b64encode(signer.public_key).decode(),
                holder=holder,
                name=holder,
                person=True,
                roles=[Role(role) for role in roles],
            )
            self.register.grant(grant, root)

    def permit(self, *, packs=None, flags: dict[str, Any] | None = None, plan: str | None = None, **changes: Any):
        """Permit the use with this runtime policy; returns what was recorded.

        With `plan` ("shadow" or "trial") nothing is measured: the permit rests on a registered plan for that mode.
        """
        register = self.register
        for pack in packs or [compiled([rule("r", PASSES)])]:
            register.adopt(pack, known_key("compliance"))
        model = keep_artifact(self.workspace.path("models"), msgspec.json.encode(CARD))
        parts = [
            {"id": "model", "type": "model", "name": "card", "version": "1", "digest": model, "licence": "own"},
        ]
        plain = declaration(components=[{**component(), **part} for part in parts])
        register.declare(read_record(plain, UseCase, where="test"), known_key("owner"))
        return self.again(flags=flags, model=model, plan=plan, **changes)

    def again(
        self,
        *,
        flags: dict[str, Any] | None = None,
        model: str | None = None,
        plan: str | None = None,
        components: dict[str, str] | None = None,
        **changes: Any,
    ):
        """Release anew with another policy and permit that; `components` are digests by id where there are several."""
        register = self.register
        self.model = model or self.model
        found = register.keep_policy(read_record(policy(**changes), RuntimePolicy, where="test"))
        record = made.release(**({"durability": "buffered", "runtime": found} | (flags or {})))
        digests = components or {"model": self.model}
        record["components"] = [{"id": name, "digest": digest} for name, digest in digests.items()]
        record["note"] = str(register.repository.size())
        self.release, _ = register.release(read_record(record, Release, where="test"), known_key("developer"))
        factory = made.Firm()
        factory.release_digest = self.release
        now = self.clock().strftime("%Y-%m-%dT%H:%M:%SZ")
        for topic, fields, by in evidence() if plan is None else [planned(plan, self.clock())]:
            kind = "approval" if topic == "trial_plan" else "measurement"
            plain = factory.statement(topic, fields, kind=kind, taken_at=now, seed=register.repository.size())
            register.add_evidence(read_record(plain, Statement, where="test"), [known_key(by)])
        return record_verdict(register, USE)

    def open(self) -> Runtime:
        """Open a runtime of the workspace."""
        self.opened = Runtime.open(self.workspace, self.clock)
        return self.opened

    def settle(self) -> None:
        """Let the runtime opened last read what was recorded: on a busy machine its thread may be late."""
        self.opened.snapshots.refresh()

    def close(self) -> None:
        self.store.close()


def evidence():
    return [("check", CHECK, "validator")]


def planned(mode: str, now: datetime):
    fields = {"mode": mode, "decisions_max": 200, "until": f"{now + timedelta(days=60):%Y-%m-%d}", "measures": CLAIM}
    return "trial_plan", fields, "executive"


def component() -> dict[str, Any]:
    return {"provider": None, "licence": None, "source": None, "reservation": None, "indemnity": None, "digest": None}


__all__ = ["CARD", "FIRM", "USE", "World", "digest", "policy", "text", "timedelta"]
