"""The fictional institutions: founding, keys, packs and declarations, through the same register a firm uses."""

from __future__ import annotations

import base64
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING

import msgspec

from dualtrack.domain.documents import read_yaml
from dualtrack.domain.institution import Institution, KeyGrant
from dualtrack.domain.records import Record, Text, Value, read_record
from dualtrack.domain.templates import read_template
from dualtrack.domain.vocabulary import InstitutionType, Role
from dualtrack.keys.vkey import VerifierKey
from dualtrack.rules.shipped import shipped
from dualtrack.store.config import InstitutionConfig, ledger_origin
from dualtrack.store.keyring import create_key, load_key
from dualtrack.store.register import Register

if TYPE_CHECKING:
    from dualtrack.domain.time import Clock
    from dualtrack.domain.usecase import UseCase
    from dualtrack.keys.signer import FileSigner
    from dualtrack.store.store import Store

__all__ = ["HOLDERS", "DemoFirm", "declare_templates", "demo_firms", "found_firm", "signer_of"]

HOLDERS: dict[str, tuple[str, list[Role]]] = {
    "first-line": ("Owner, first line (fictional)", [Role.OWNER]),
    "second-line": ("Compliance, second line (fictional)", [Role.COMPLIANCE]),
    "third-line": ("Internal audit, third line (fictional)", [Role.AUDITOR]),
    "developer": ("Developer (fictional)", [Role.DEVELOPER]),
    "validator": ("Independent validator (fictional)", [Role.VALIDATOR]),
    "executive": ("Accountable executive (fictional)", [Role.APPROVER]),
    "officer": ("Responsible officer (fictional)", [Role.OFFICER]),
    "collector": ("Measuring service", [Role.COLLECTOR]),
}
"""People and services of each institution, with their roles; holders are those the templates name."""


class DemoFirm(Record, frozen=True):
    """One fictional institution, with the templates it declares and the packs it adopts."""

    id: str
    type: InstitutionType
    name: Text
    staff: int
    licences: list[str]
    templates: list[str]
    packs: list[str]
    profile: dict[str, Value] = {}


@cache
def demo_firms() -> tuple[DemoFirm, ...]:
    """Return the fictional institutions of `firms.yaml`."""
    data = (resources.files("dualtrack.demo") / "data" / "firms.yaml").read_bytes()
    return tuple(read_record(read_yaml(data, where="firms.yaml"), list[DemoFirm], where="firms.yaml"))


def found_firm(store: Store, firm: DemoFirm, clock: Clock) -> Register:
    """Make keys, found the institution, grant the keys and adopt the packs; everything marked as demo."""
    workspace = store.workspace
    root, log = create_key(workspace, firm.id, "root"), create_key(workspace, firm.id, "log")
    listed = VerifierKey.of(ledger_origin(firm.id), log.public_key).format()
    workspace.save(workspace.config.with_institution(InstitutionConfig(id=firm.id, logs={"main": listed})))
    register = Register(store, firm.id, log, clock)
    register.found(_institution(firm, root), root)
    for holder, (name, roles) in HOLDERS.items():
        signer = create_key(workspace, firm.id, holder)
        register.grant(_grant(signer, holder, name, roles), root)
    compliance = signer_of(store, firm.id, "second-line")
    for pack in firm.packs:
        register.adopt(shipped(pack).compiled, compliance)
    return register


def _institution(firm: DemoFirm, root: FileSigner) -> Institution:
    return Institution(
        id=firm.id,
        name=firm.name,
        type=firm.type,
        licences=firm.licences,
        staff=firm.staff,
        root_key=base64.b64encode(root.public_key).decode(),
        profile=firm.profile,
        demo=True,
    )


def _grant(signer: FileSigner, holder: str, name: str, roles: list[Role]) -> KeyGrant:
    return KeyGrant(
        keyid=signer.key_id,
        public_key=base64.b64encode(signer.public_key).decode(),
        holder=holder,
        name=name,
        person=Role.COLLECTOR not in roles,
        roles=roles,
        demo=True,
    )


def signer_of(store: Store, institution: str, holder: str) -> FileSigner:
    """Return a fictional holder's key."""
    return load_key(store.workspace, institution, holder)


def declare_templates(store: Store, register: Register, firm: DemoFirm, changes: dict[str, UseCase]) -> list[str]:
    """Declare a firm's templates; `changes` replaces those that the demo measures. Returns the use ids."""
    owner = signer_of(store, firm.id, "first-line")
    uses = []
    for name in firm.templates:
        use_case = changes.get(name) or read_template(name, firm.id)
        use_case = msgspec.structs.replace(use_case, demo=True, template=name)
        register.declare(use_case, owner, where=name)
        uses.append(use_case.use)
    return uses
