"""Roles of the console, and what each may sign for by the domain's roles.

A console role opens doors; a domain role, granted to a key by the institution's root, makes a signature count. The two
are kept apart: an account whose key has no grant can see and prepare, but what it signs counts for nothing.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import Role
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "ACCOUNT_ROLES",
    "API_KEY_ROLES",
    "ROLE_NAMES",
    "SIGNING_ROLES",
    "ConsoleRole",
    "check_roles",
    "read_roles",
    "write_roles",
]


class ConsoleRole(StrEnum):
    """What somebody is to the console. A person may have several; what they may do is the union."""

    OWNER = "owner"
    DEVELOPER = "developer"
    VALIDATOR = "validator"
    COMPLIANCE = "compliance"
    APPROVER = "approver"
    REVIEWER = "reviewer"
    AUDITOR = "auditor"
    OFFICER = "officer"
    SUPERVISOR = "supervisor"
    ADMINISTRATOR = "administrator"
    CALLER = "caller"
    COLLECTOR = "collector"
    CUSTOMER_LINK = "customer_link"


SIGNING_ROLES: dict[ConsoleRole, Role | None] = {
    ConsoleRole.OWNER: Role.OWNER,
    ConsoleRole.DEVELOPER: Role.DEVELOPER,
    ConsoleRole.VALIDATOR: Role.VALIDATOR,
    ConsoleRole.COMPLIANCE: Role.COMPLIANCE,
    ConsoleRole.APPROVER: Role.APPROVER,
    ConsoleRole.REVIEWER: None,
    ConsoleRole.AUDITOR: Role.AUDITOR,
    ConsoleRole.OFFICER: Role.OFFICER,
    ConsoleRole.SUPERVISOR: Role.SUPERVISOR,
    ConsoleRole.ADMINISTRATOR: None,
    ConsoleRole.CALLER: None,
    ConsoleRole.COLLECTOR: Role.COLLECTOR,
    ConsoleRole.CUSTOMER_LINK: None,
}
"""The domain role that a key of such a person is granted, or None where nothing is signed.

A reviewer's answers are entries of the runtime, not evidence, and need no grant. An administrator signs nothing: who
manages accounts gains no voice on a permit. `root`, `log` and `witness` are keys of an institution, never of an account.
"""

ACCOUNT_ROLES = frozenset(ConsoleRole) - {ConsoleRole.CALLER, ConsoleRole.COLLECTOR, ConsoleRole.CUSTOMER_LINK}
"""Roles of people. A caller and a collector are programs; a customer's link is made for one receipt."""

API_KEY_ROLES = frozenset(
    {
        ConsoleRole.OWNER,
        ConsoleRole.DEVELOPER,
        ConsoleRole.VALIDATOR,
        ConsoleRole.COMPLIANCE,
        ConsoleRole.AUDITOR,
        ConsoleRole.SUPERVISOR,
        ConsoleRole.CALLER,
        ConsoleRole.COLLECTOR,
    }
)
"""Roles that a program may have. Approving, reviewing and administering ask for a person who has just shown who they are."""

ROLE_NAMES: dict[ConsoleRole, Text] = {
    ConsoleRole.OWNER: Text(en="owner (first line)", zh="負責人（第一道防線）"),
    ConsoleRole.DEVELOPER: Text(en="developer", zh="開發人員"),
    ConsoleRole.VALIDATOR: Text(en="independent validator", zh="獨立驗證人員"),
    ConsoleRole.COMPLIANCE: Text(en="compliance (second line)", zh="合規人員（第二道防線）"),
    ConsoleRole.APPROVER: Text(en="approver", zh="批准人"),
    ConsoleRole.REVIEWER: Text(en="reviewer", zh="覆核人員"),
    ConsoleRole.AUDITOR: Text(en="auditor (third line)", zh="審計人員（第三道防線）"),
    ConsoleRole.OFFICER: Text(en="responsible officer", zh="負責人員"),
    ConsoleRole.SUPERVISOR: Text(en="supervisor", zh="監管機構"),
    ConsoleRole.ADMINISTRATOR: Text(en="administrator", zh="系統管理員"),
    ConsoleRole.CALLER: Text(en="calling application", zh="調用應用程式"),
    ConsoleRole.COLLECTOR: Text(en="measuring service", zh="量度服務"),
    ConsoleRole.CUSTOMER_LINK: Text(en="customer with a link", zh="持連結的客戶"),
}
"""Names for people."""


def check_roles(roles: Iterable[ConsoleRole], among: frozenset[ConsoleRole], *, where: str) -> frozenset[ConsoleRole]:
    """Return the roles, at least one and all of `among`; raises FieldError."""
    found = frozenset(roles)
    if not found or not found <= among:
        wrong = ", ".join(sorted(found - among)) or "none"
        raise FieldError(f"roles: {wrong}", where=where, expected="one or more of " + ", ".join(sorted(among)))
    return found


def write_roles(roles: Iterable[ConsoleRole]) -> str:
    """Return the roles as a table holds them."""
    return " ".join(sorted(roles))


def read_roles(text: str) -> frozenset[ConsoleRole]:
    """Return the roles of a table's text."""
    return frozenset(ConsoleRole(word) for word in text.split())
