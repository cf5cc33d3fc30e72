"""Customers' links: staff make one for the receipt of a decision, or end all of it; who made it and why is in the ledger before.

A link names the receipt by its digest, so that it can be made for a customer who has lost the code, which nobody else knows.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.oversight import Access
from dualtrack.domain.records import encode
from dualtrack.errors import NotFoundError
from dualtrack.runtime.holders import check_reason
from dualtrack.runtime.lookup import decision_row
from dualtrack.web.identity.permissions import Verb, require

if TYPE_CHECKING:
    from dualtrack.store.register import Register
    from dualtrack.web.identity.links import CustomerLinks
    from dualtrack.web.identity.who import Identity, Language

__all__ = ["DAYS_MAX", "DAYS_USUAL", "LinkDesk", "MadeLink"]

DAYS_MAX = 30
"""Longest life of a link in days: a month to read a letter in."""

DAYS_USUAL = 7
"""Days of a link that is made in the console: a week to open a message in."""

_DAY_S = 86_400


class MadeLink(NamedTuple):
    """A new link: its token, which is shown this once, and how long it lives."""

    token: str
    days: int

    def address(self, origin: str, language: Language) -> str:
        """Return where the customer goes, in a language; the page offers the other one."""
        return f"{origin}/c/{self.token}?lang={language}"


class LinkDesk:
    """Links of one decision's receipt, for staff who may make them. Raises NotFoundError, ForbiddenError on the way in."""

    def __init__(self, links: CustomerLinks, register: Register, identity: Identity, decision: str) -> None:
        row = decision_row(register, decision)
        require(identity, Verb.MAKE_LINK, institution=identity.institution, use=row["use_id"])
        if row["receipt"] is None:
            raise NotFoundError("this decision has no receipt", where=f"decision {decision}", code="not-found.receipt")
        self._links, self._register, self._identity = links, register, identity
        self._receipt, self._use = str(row["receipt"]), str(row["use_id"])

    def make(self, reason: str, language: Language, *, days: int = DAYS_USUAL) -> MadeLink:
        """Return a new link. Raises FieldError for no reason, RateLimitError for too many of one maker."""
        check_reason(reason)
        identity = self._identity
        self._links.check_rate(identity.institution, identity.name)
        by = identity.holder or identity.name
        look = Access(by=by, digest=self._receipt, about=self._use, reason=reason, at=self._register.now())
        self._register.append_plain([("access/1", self._use, encode(look))])
        token = self._links.make(
            identity.institution, self._receipt, made_by=identity.name, language=language, lifetime_s=days * _DAY_S
        )
        return MadeLink(token, days)

    def end(self) -> int:
        """End every link to this receipt; return how many."""
        return self._links.end(self._identity.institution, self._receipt)

    def living(self) -> int:
        """Return how many links to this receipt are open."""
        return self._links.living(self._identity.institution, self._receipt)
