"""A supervisor's desk: an ordinary workspace with one institution of type supervisor, what it received, and its witness.

What comes in is kept as a file under `received/<institution>/` and recorded in the supervisor's own ledger by digest and
result. Logs are never merged: a firm's entries stay in the firm's bundles.
"""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING, Literal

from dualtrack.domain import canonical
from dualtrack.domain.entry import Entry
from dualtrack.domain.institution import Institution, KeyGrant
from dualtrack.domain.records import Record, encode, read_record
from dualtrack.domain.vocabulary import InstitutionType, Role
from dualtrack.errors import FieldError
from dualtrack.keys.files import make_folder, replace_private
from dualtrack.keys.vkey import VerifierKey
from dualtrack.store.config import InstitutionConfig, ledger_origin
from dualtrack.store.keyring import create_key, load_key
from dualtrack.store.register import Register
from dualtrack.supervisor.recompute import Result
from dualtrack.supervisor.witness_folder import WitnessFolder

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from dualtrack.domain.records import Text
    from dualtrack.domain.time import Clock
    from dualtrack.store.store import Store
    from dualtrack.store.workspace import Workspace
    from dualtrack.supervisor.recompute import Recomputed

__all__ = [
    "RECEIVED_FORMAT",
    "SUPERVISOR_HOLDER",
    "WITNESS_HOLDER",
    "Received",
    "check_supervisor",
    "found_supervisor",
    "keep_document",
    "open_witness",
    "received_from",
    "record_received",
    "witness_name",
]

SUPERVISOR_HOLDER = "supervisor"
"""Holder whose key signs notices, unless another is named."""

WITNESS_HOLDER = "witness"
"""Holder of the key that co-signs heads: a service."""

RECEIVED_FORMAT = "dualtrack.received/1"


class Received(Record, frozen=True):
    """What was received and what came of it; `institution`, `use` and `verdict` are null where nothing was recomputed."""

    format: str
    what: Literal["bundle", "return"]
    digest: str
    institution: str | None
    use: str | None
    assessment: str | None
    verdict: str | None
    head_size: int | None
    result: Result
    reason: str | None
    demo: bool


def found_supervisor(
    store: Store, institution: str, name: Text, clock: Clock, *, passphrase: str | None = None
) -> Register:
    """Make a supervisor in a new workspace: root, log, supervisor and witness keys, all its own.

    In a demo workspace everything is marked as demo. Raises KeyFileError if it exists.
    """
    workspace = store.workspace
    root = create_key(workspace, institution, "root", passphrase=passphrase)
    log = create_key(workspace, institution, "log", passphrase=passphrase)
    listed = VerifierKey.of(ledger_origin(institution), log.public_key).format()
    workspace.save(workspace.config.with_institution(InstitutionConfig(id=institution, logs={"main": listed})))
    register = Register(store, institution, log, clock)
    record = Institution(
        id=institution,
        name=name,
        type=InstitutionType.SUPERVISOR,
        root_key=base64.b64encode(root.public_key).decode(),
        demo=workspace.demo,
    )
    register.found(record, root)
    for holder, role in ((SUPERVISOR_HOLDER, Role.SUPERVISOR), (WITNESS_HOLDER, Role.WITNESS)):
        signer = create_key(workspace, institution, holder, passphrase=passphrase)
        grant = KeyGrant(
            keyid=signer.key_id,
            public_key=base64.b64encode(signer.public_key).decode(),
            holder=holder,
            name=holder,
            person=role is Role.SUPERVISOR,
            roles=[role],
            demo=workspace.demo,
        )
        register.grant(grant, root)
    return register


def check_supervisor(register: Register) -> None:
    """Raise FieldError unless the register is of an institution of type supervisor."""
    found = register.case(None, None).found.institution.type
    if found is not InstitutionType.SUPERVISOR:
        raise FieldError(
            f"{register.institution} is a {found.value}",
            where=str(register.store.workspace.root),
            expected="a workspace of a supervisor",
            fix="`dualtrack init ID --type supervisor` in a folder of its own, then keys supervisor and witness",
        )


def witness_name(institution: str) -> str:
    """Return the key name of a supervisor's cosignatures: a name, no host is contacted."""
    return f"dualtrack.local/{institution}/witness"


def open_witness(register: Register, *, passphrase: str | None = None) -> WitnessFolder:
    """Open the supervisor's witness, made at its first use.

    Once the ledger says that something was received, a missing folder is an error: its memory is what it is worth.
    """
    workspace = register.store.workspace
    signer = load_key(workspace, register.institution, WITNESS_HOLDER, passphrase=passphrase)
    folder = workspace.path("witness")
    if not folder.exists() and not register.repository.entries(kinds=("received/1",), limit=1):
        return WitnessFolder.create(folder, witness_name(register.institution), signer=signer)
    return WitnessFolder.open(folder, signer=signer)


def received_from(item: Recomputed) -> Received:
    """Return the record of a bundle."""
    account = item.account
    return Received(
        format=RECEIVED_FORMAT,
        what="bundle",
        digest=item.digest,
        institution=account.institution if account else None,
        use=account.use if account else None,
        assessment=account.digest if account else None,
        verdict=account.assessment.verdict.value if account else None,
        head_size=item.head_size,
        result=item.result,
        reason=item.reason,
        demo=item.demo,
    )


def keep_document(workspace: Workspace, institution: str | None, data: bytes, suffix: str) -> Path:
    """Keep exact bytes under `received/`, by digest; what names no institution goes to `unreadable`."""
    folder = workspace.path("received")
    for path in (folder, folder / (institution or "unreadable")):
        if not path.is_dir():
            make_folder(path)
        folder = path
    target = folder / f"{canonical.digest(data)}{suffix}"
    if not target.is_file():
        replace_private(target, data)
    return target


def record_received(register: Register, items: Iterable[Received]) -> int:
    """Record what is not recorded yet with this result; returns how many entries that made."""
    known = {encode(item) for item in _recorded(register)}
    new = [content for item in items if (content := encode(item)) not in known]
    contents = list(dict.fromkeys(new))
    if contents:
        register.append_plain([("received/1", register.institution, content) for content in contents])
    return len(contents)


def _recorded(register: Register) -> Iterable[Received]:
    for entry in register.repository.every(kinds=("received/1",)):
        if isinstance(entry, Entry):
            yield read_record(canonical.decode(entry.content), Received, where=f"entry {entry.index}")
