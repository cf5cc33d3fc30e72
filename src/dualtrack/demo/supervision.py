"""The demo's second workspace: a fictional supervisor with keys of its own, which shares nothing with the firms'."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from dualtrack.domain.institution import Institution, KeyGrant
from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import InstitutionType, Role
from dualtrack.keys.vkey import VerifierKey
from dualtrack.store.config import InstitutionConfig, ledger_origin
from dualtrack.store.keyring import create_key
from dualtrack.store.register import Register
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.domain.time import Clock

__all__ = ["SUPERVISOR", "prepare_supervisor"]

SUPERVISOR = "supervisor-demo"

_NAME = Text(en="Demo Supervisor (fictional)", zh="示範監管機構（虛構）")


def prepare_supervisor(folder: Path, clock: Clock) -> Path:
    """Make the supervisor's workspace inside the demo folder; returns its path."""
    root_folder = folder / "supervisor"
    workspace = Workspace.create(root_folder, demo=True)
    with Store.open(workspace) as store:
        root, log = create_key(workspace, SUPERVISOR, "root"), create_key(workspace, SUPERVISOR, "log")
        listed = VerifierKey.of(ledger_origin(SUPERVISOR), log.public_key).format()
        workspace.save(workspace.config.with_institution(InstitutionConfig(id=SUPERVISOR, logs={"main": listed})))
        register = Register(store, SUPERVISOR, log, clock)
        encoded = base64.b64encode(root.public_key).decode()
        register.found(
            Institution(id=SUPERVISOR, name=_NAME, type=InstitutionType.SUPERVISOR, root_key=encoded, demo=True), root
        )
        for holder, role in (("supervisor", Role.SUPERVISOR), ("witness", Role.WITNESS)):
            signer = create_key(workspace, SUPERVISOR, holder)
            grant = KeyGrant(
                keyid=signer.key_id,
                public_key=base64.b64encode(signer.public_key).decode(),
                holder=holder,
                name=f"{holder} (fictional)",
                person=holder == "supervisor",
                roles=[role],
                demo=True,
            )
            register.grant(grant, root)
    return root_folder
