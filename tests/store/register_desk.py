"""A register for tests, with the keys of its people and a clock that is set by hand."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from dualtrack.domain.evidence import Statement
from dualtrack.domain.institution import Institution, KeyGrant
from dualtrack.domain.records import read_record
from dualtrack.domain.release import Release
from dualtrack.domain.usecase import UseCase
from dualtrack.domain.vocabulary import Role
from dualtrack.keys.vkey import VerifierKey
from dualtrack.store.config import InstitutionConfig, ledger_origin
from dualtrack.store.register import Register
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from permit import firm as made
from permit.firm import CHECK, FIRM, PASSES, compiled, declaration, known_key, rule, text

if TYPE_CHECKING:
    from dualtrack.errors import (
        DualtrackError,
    )

START = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


class Desk:
    """A register in a fresh workspace, with the keys of its people and a clock that is set by hand."""

    def __init__(self, folder, *, demo: bool = False) -> None:
        log = VerifierKey.of(ledger_origin(FIRM), known_key("log").public_key).format()
        listed = InstitutionConfig(id=FIRM, logs={"main": log})
        self.workspace = Workspace.create(folder / "ws", institutions=(listed,), demo=demo)
        self.time = START
        self.store = Store.open(self.workspace)
        self.register = Register(self.store, FIRM, known_key("log"), lambda: self.time)
        self.demo = demo
        self.release_digest = ""

    @property
    def size(self) -> int:
        return self.register.repository.size()

    def institution(self, **changes) -> Institution:
        record = made.Firm().record | {"demo": self.demo} | changes
        return read_record(record, Institution, where="test")

    def grant(self, holder: str, roles: list[str], *, key: str | None = None, demo: bool = False):
        signer = known_key(key or holder)
        grant = KeyGrant(
            keyid=signer.key_id,
            public_key=base64.b64encode(signer.public_key).decode(),
            holder=holder,
            name=f"{holder} {self.size}",
            person=True,
            roles=[Role(role) for role in roles],
            demo=demo,
        )
        return self.register.grant(grant, known_key("root"))

    def found(self) -> None:
        self.register.found(self.institution(), known_key("root"))
        for holder, roles in made.ROLES.items():
            self.grant(holder, roles)

    def use_case(self, **changes) -> UseCase:
        record = declaration(**changes) | {"purpose": text(f"version {self.size}")}
        return read_record(record, UseCase, where="test")

    def declare(self, **changes):
        return self.register.declare(self.use_case(**changes), known_key("owner"))

    def release(self, note: str = "") -> str:
        record = read_record(made.release() | {"note": note}, Release, where="test")
        self.release_digest, _ = self.register.release(record, known_key("developer"))
        return self.release_digest

    def statement(self, topic: str, fields: dict, **changes) -> Statement:
        factory = made.Firm()
        factory.release_digest = self.release_digest
        now = self.time.strftime("%Y-%m-%dT%H:%M:%SZ")
        plain = factory.statement(topic, fields, **({"taken_at": now, "seed": self.size} | changes))
        return read_record(plain, Statement, where="test")

    def evidence(self, topic: str = "check", fields: dict | None = None, by: str = "validator", **changes):
        return self.register.add_evidence(self.statement(topic, fields or CHECK, **changes), [known_key(by)])

    def set_up(self) -> None:
        self.found()
        self.register.adopt(compiled([rule("r", PASSES)]), known_key("compliance"))
        self.declare()
        self.release()


def refused(desk: Desk, kind: type[DualtrackError], act) -> DualtrackError:
    """Return the error of an act that must be refused with nothing written, and that says where and what to do."""
    size, shelf = desk.size, sorted(desk.register.packs)
    with pytest.raises(kind) as caught:
        act()
    assert (desk.size, sorted(desk.register.packs)) == (size, shelf)
    assert caught.value.fix or caught.value.expected
    return caught.value


# the first entry
