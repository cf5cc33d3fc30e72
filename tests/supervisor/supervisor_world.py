"""A firm and a supervisor for tests: keys, a tiny pack, one measured use; the clock moves on by a second each time."""

from __future__ import annotations

import base64
import itertools
import shutil
from datetime import UTC, datetime, timedelta

from firm import TOPICS, compiled, declaration, release, rule

from dualtrack.domain.evidence import Statement
from dualtrack.domain.ids import use_digest
from dualtrack.domain.institution import Institution, KeyGrant
from dualtrack.domain.records import Text, read_record
from dualtrack.domain.release import Release
from dualtrack.domain.usecase import UseCase
from dualtrack.domain.vocabulary import InstitutionType, Role
from dualtrack.keys.vkey import VerifierKey
from dualtrack.rules.catalogue import read_catalogue
from dualtrack.store.anchors import anchors_document
from dualtrack.store.config import InstitutionConfig, ledger_origin
from dualtrack.store.keyring import create_key, load_key
from dualtrack.store.register import Register
from dualtrack.store.store import Store
from dualtrack.store.verdicts import prove, record_verdict
from dualtrack.store.workspace import Workspace
from dualtrack.supervisor.desk import found_supervisor
from dualtrack.supervisor.supervise import supervise

START = datetime(2026, 11, 22, 8, 0, tzinfo=UTC)
HOLDERS = {
    "owner": Role.OWNER,
    "developer": Role.DEVELOPER,
    "validator": Role.VALIDATOR,
    "executive": Role.APPROVER,
    "compliance": Role.COMPLIANCE,
}
CATALOGUE = read_catalogue(TOPICS, where="test topics")


def base_pack() -> bytes:
    return compiled(
        [
            rule("SAFE-1", "ev.check.low >= 0.5"),
            rule("BEN-1", "ev.benefit.low > 0.0", track="benefit"),
        ]
    )


def stricter_pack(day: str = "2026-12-22", low: float = 0.7, **changes) -> bytes:
    """A pack that is due in a month: the check must be better, and somebody must monitor."""
    rules = [
        rule("NEW-1", f"ev.check.low >= {low}"),
        rule("NEW-2", "ev.monitor.low >= 0.0", severity="S3", clock_days=30),
    ]
    return compiled(rules, **{"id": "new-pack", "effective_from": day} | changes)


class Ticking:
    def __init__(self, start: datetime = START) -> None:
        self._seconds, self._start = itertools.count(), start

    def __call__(self) -> datetime:
        return self._start + timedelta(seconds=next(self._seconds))


class FirmDesk:
    """One firm in its workspace; `use` is its measured use, further ones can be declared."""

    def __init__(self, folder, name: str, *, demo: bool = False, clock=None) -> None:
        self.folder, self.name, self.demo = folder, name, demo
        self.clock = clock or Ticking()
        self.workspace = Workspace.open(folder) if folder.exists() else Workspace.create(folder, demo=demo)
        self.store = Store.open(self.workspace)
        self.releases: dict[str, str] = {}
        if self.workspace.config.institution(name):
            self.register = Register(self.store, name, self.key("log"), self.clock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.store.close()

    @property
    def use(self) -> str:
        return f"{self.name}/early-warning"

    def key(self, holder: str):
        return load_key(self.workspace, self.name, holder)

    def set_up(self) -> None:
        """Found the firm, adopt the pack, declare and measure a use, and assess it."""
        self.found()
        self.register.adopt(base_pack(), self.key("compliance"))
        self.add_use("early-warning")
        self.measure("early-warning")
        self.assess()

    def found(self) -> None:
        root, log = create_key(self.workspace, self.name, "root"), create_key(self.workspace, self.name, "log")
        listed = VerifierKey.of(ledger_origin(self.name), log.public_key).format()
        config = InstitutionConfig(id=self.name, logs={"main": listed})
        self.workspace.save(self.workspace.config.with_institution(config))
        self.register = Register(self.store, self.name, log, self.clock)
        encoded = base64.b64encode(root.public_key).decode()
        name = Text(en="Test Bank", zh="測試銀行")
        self.register.found(
            Institution(id=self.name, name=name, type=InstitutionType.BANK, root_key=encoded, demo=self.demo), root
        )
        for holder, role in HOLDERS.items():
            signer = create_key(self.workspace, self.name, holder)
            grant = KeyGrant(
                keyid=signer.key_id,
                public_key=base64.b64encode(signer.public_key).decode(),
                holder=holder,
                name=holder,
                person=True,
                roles=[role],
                demo=self.demo,
            )
            self.register.grant(grant, root)

    def add_use(self, slug: str, **changes) -> None:
        plain = declaration(use=f"{self.name}/{slug}", demo=self.demo, **changes)
        self.register.declare(read_record(plain, UseCase, where="test"), self.key("owner"))
        frozen = read_record(release() | {"use": f"{self.name}/{slug}"}, Release, where="test")
        self.releases[slug], _ = self.register.release(frozen, self.key("developer"))

    def measure(self, slug: str, *, check_low: float = 0.6, benefit_low: float = 0.02) -> None:
        self.evidence(slug, "check", {"estimate": 0.8, "low": check_low, "high": 0.9, "n": 100})
        figures = {"estimate": 0.03, "low": benefit_low, "high": 0.04, "n": 100}
        self.evidence(slug, "benefit", {"claim": "found-earlier", **figures})

    def evidence(self, slug: str, topic: str, fields: dict, *, by: str = "validator") -> None:
        about_use = CATALOGUE[topic].about == "use"
        digest = use_digest(f"{self.name}/{slug}") if about_use else self.releases[slug]
        predicate = {
            "kind": "measurement",
            "topic": topic,
            "claim": fields.get("claim"),
            "fields": fields,
            "method": {"name": "m", "version": "1", "source": "s"},
            "data_digest": "a" * 64,
            "n": 100,
            "taken_at": self.register.now(),
            "demo": self.demo,
        }
        statement = {
            "_type": "https://in-toto.io/Statement/v1",
            "subject": [{"name": f"{self.name}/{slug}", "digest": {"sha256": digest}}],
            "predicateType": "urn:dualtrack:evidence:1",
            "predicate": predicate,
        }
        self.register.add_evidence(read_record(statement, Statement, where="test"), [self.key(by)])

    def assess(self):
        uses = [use for use, _ in self.register.repository.portfolio_entries(self.name)]
        return [record_verdict(self.register, use) for use in uses]

    def bundles(self) -> list[tuple[str, bytes]]:
        uses = [use for use, _ in self.register.repository.portfolio_entries(self.name)]
        return [(f"{use.replace('/', '.')}.zip", prove(self.register, use)) for use in uses]

    def anchors(self) -> bytes:
        return anchors_document([self.register])

    def twin(self, folder) -> FirmDesk:
        """A copy of the whole workspace, keys included: what somebody needs to rewrite the log and sign it again."""
        self.store.close()
        shutil.copytree(self.folder, folder)
        self.store = Store.open(self.workspace)
        self.register = Register(self.store, self.name, self.key("log"), self.clock)
        other = FirmDesk(folder, self.name, clock=self.clock)
        other.releases = dict(self.releases)
        return other


class Watchdog:
    """A supervisor in its workspace."""

    def __init__(self, folder, *, demo: bool = False) -> None:
        clock = Ticking(START + timedelta(hours=1))
        there = folder.exists()
        self.workspace = Workspace.open(folder) if there else Workspace.create(folder, demo=demo)
        self.store = Store.open(self.workspace)
        if there:
            self.register = Register(self.store, "watchdog", self.key("log"), clock)
        else:
            self.register = found_supervisor(self.store, "watchdog", Text(en="Watchdog", zh="監察機構"), clock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.store.close()

    def key(self, holder: str = "supervisor"):
        return load_key(self.workspace, "watchdog", holder)

    def sit(self, bundles, anchors=None, requests=(), returns=()):
        return supervise(self.register, bundles, anchors=anchors, requests=requests, returns=returns)
