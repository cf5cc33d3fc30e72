"""Accounts of a demo workspace: one for each role of each fictional institution, with passwords that are written down.

Their keys are those of the demo's own key files, sealed under the passwords, so that approvals count. A real workspace is
refused: there a person's password is nobody else's.
"""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import func, select

from dualtrack.errors import ForbiddenError, KeyFileError
from dualtrack.keys.files import replace_private
from dualtrack.keys.keyfile import read_private
from dualtrack.store.keyring import key_path
from dualtrack.store.projections import Projections
from dualtrack.web.identity.accounts import Accounts, NewAccount
from dualtrack.web.identity.login import Login
from dualtrack.web.identity.passwords import HashCost, PasswordHasher
from dualtrack.web.identity.rate_limits import Attempts
from dualtrack.web.identity.roles import ACCOUNT_ROLES, SIGNING_ROLES, ConsoleRole
from dualtrack.web.identity.sealed_key import read_private_key

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from dualtrack.domain.time import Clock
    from dualtrack.store.store import Store
    from dualtrack.store.workspace import Workspace

__all__ = ["DEMO_ACCOUNTS_NAME", "SHOWN_ROLES", "DemoAccount", "ensure_demo_accounts", "shown_accounts"]

DEMO_ACCOUNTS_NAME = "demo-accounts.txt"
"""The file with names and passwords, in the workspace, mode 0600."""

SHOWN_ROLES = (ConsoleRole.APPROVER, ConsoleRole.REVIEWER, ConsoleRole.AUDITOR)
"""Who sees most of a demo at first: the executive who may hold a use, the reviewer with a queue, the auditor."""

_FILE_BYTES_MAX = 1 << 18
"""Bytes read of the file with names and passwords; fifty accounts have about five thousand."""

_COST = HashCost(memory_kib=8_192, passes=1, lanes=1)
"""Cheaper than for people: these passwords are 90 random bits, which no hash has to stretch, and there are fifty of them."""

_PASSWORD_BYTES = 12
_HEAD = """\
Accounts of this demonstration. Everything in it is fictional; the passwords are random and stand here alone.
此示範系統的帳戶。內容全屬虛構；密碼為隨機產生，只記錄在此檔案。

"""


class DemoAccount(NamedTuple):
    """One account: its institution, role, name and password."""

    institution: str
    role: ConsoleRole
    name: str
    password: str


def ensure_demo_accounts(store: Store, clock: Clock) -> Path:
    """Make the accounts of a demo's institutions that have none yet; return the file with names and passwords.

    Raises ForbiddenError for a workspace that is no demo. What the file says of institutions that have accounts already is kept.
    """
    workspace = _demo_of(store)
    path = workspace.path(DEMO_ACCOUNTS_NAME)
    accounts = Accounts(store.backend, clock)
    hasher = PasswordHasher(_COST)
    login = Login(store.backend, hasher, Attempts(store.backend, secrets.token_bytes(32), clock), clock)
    made: list[DemoAccount] = []
    for item in workspace.config.institutions:
        if item.logs.get("main") and not accounts.of(item.id):
            made += _accounts_of(store, login, item.id)
    if made:
        before = path.read_text("utf-8") if path.is_file() else _HEAD
        replace_private(path, (before + _listed(made)).encode())
    return path


def shown_accounts(store: Store) -> list[DemoAccount]:
    """Return one account for each of SHOWN_ROLES, of the institution in the demo's file with the most decisions.

    For a demo's operator at the terminal. Raises ForbiddenError for a workspace that is no demo; a file that was taken away or
    rewritten gives what can still be read in it.
    """
    workspace = _demo_of(store)
    path = workspace.path(DEMO_ACCOUNTS_NAME)
    if not path.is_file():
        return []
    with path.open(encoding="utf-8", errors="replace") as file:
        listed = list(_read(file.read(_FILE_BYTES_MAX)))
    if not listed:
        return []
    counts = _decisions_of(store)
    busiest = max(dict.fromkeys(item.institution for item in listed), key=lambda name: counts.get(name, 0))
    by_role = {item.role: item for item in reversed(listed) if item.institution == busiest}
    return [by_role[role] for role in SHOWN_ROLES if role in by_role]


def _decisions_of(store: Store) -> dict[str, int]:
    """Return how many decisions each institution of the workspace has: whoever opens a demo should find some."""
    found = {}
    for item in store.workspace.config.institutions:
        if item.logs.get("main"):
            repository = store.repository(item.id)
            query = select(func.count()).where(repository.tables.decision.c.ledger == repository.ledger)
            with store.backend.read() as connection:
                found[item.id] = int(connection.execute(query).scalar_one())
    return found


def _read(text: str) -> Iterator[DemoAccount]:
    """Yield the accounts of the file: institutions at the margin, below each a role, a name and a password a line."""
    known = {role.value: role for role in ACCOUNT_ROLES}
    institution = ""
    for line in text.splitlines():
        words = line.split()
        if len(words) == 1 and not line.startswith(" "):
            institution = words[0]
        elif len(words) == 3 and line.startswith(" ") and words[0] in known:  # noqa: PLR2004 - role, name, password
            yield DemoAccount(institution, known[words[0]], words[1], words[2])


def _demo_of(store: Store) -> Workspace:
    """Return the store's workspace; raises ForbiddenError where it is no demo."""
    workspace = store.workspace
    if not workspace.demo:
        raise ForbiddenError(
            "this is no demo workspace",
            where=str(workspace.root),
            fix="make accounts with `dualtrack account new`",
            code="forbidden.demo",
        )
    return workspace


def _accounts_of(store: Store, login: Login, institution: str) -> list[DemoAccount]:
    holders = _holders(store, institution)
    made = []
    for role in sorted(ACCOUNT_ROLES):
        signing = SIGNING_ROLES[role]
        holder = holders.get(signing.value) if signing is not None else None
        name = f"{institution}-{role.value}"[:64].rstrip("-")
        password = secrets.token_urlsafe(_PASSWORD_BYTES)
        new = NewAccount(
            name=name,
            institution=institution,
            holder=holder or name,
            display_name=f"{role.value.title()} (fictional)",
            language="en",
            roles=frozenset({role}),
        )
        login.add(new, password, key=_key(store, institution, holder))
        made.append(DemoAccount(institution, role, name, password))
    return made


def _holders(store: Store, institution: str) -> dict[str, str]:
    """Return the first holder in force of each domain role."""
    found: dict[str, str] = {}
    for row in Projections(store.repository(institution)).rows("key", revoked_idx=None):
        for role in str(row["roles"]).replace(",", " ").split():
            found.setdefault(role, str(row["holder"]))
    return found


def _key(store: Store, institution: str, holder: str | None) -> Ed25519PrivateKey | None:
    if holder is None:
        return None
    try:
        return read_private_key(read_private(key_path(store.workspace, institution, holder)))
    except KeyFileError:  # the key is elsewhere: the account can do all that needs no signature
        return None


def _listed(made: list[DemoAccount]) -> str:
    lines = []
    for place, item in enumerate(made):
        if place == 0 or made[place - 1].institution != item.institution:
            lines.append(f"\n{item.institution}")
        lines.append(f"  {item.role.value:<14} {item.name:<40} {item.password}")
    return "\n".join(lines).lstrip("\n") + "\n"
