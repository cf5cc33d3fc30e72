"""The seals of reviews: each commits to whether its item was planted, and whoever holds the vault's key can open any of them.

A salt is a keyed digest of the review's id (HMAC-SHA-256 under a key derived from the vault's, NIST SP 800-108), so none has
to be stored and no erasure can take one away. One salt that is handed out tells nothing of another. No page opens a seal for a
reviewer, and a database without the vault's key opens none.
"""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from dualtrack.domain.review import is_seeded, seed_digest
from dualtrack.errors import ReviewError

if TYPE_CHECKING:
    from dualtrack.domain.review import ReviewOpened
    from dualtrack.store.register import Register
    from dualtrack.store.vault import Vault

__all__ = ["ReviewSeals", "seals_of"]

_PURPOSE = b"dualtrack/review-seals/v1\x00"


class ReviewSeals:
    """Makes and opens the seals of one ledger."""

    __slots__ = ("_key",)

    def __init__(self, vault: Vault, ledger: str) -> None:
        self._key = vault.derive(_PURPOSE + ledger.encode())

    def salt(self, review: str) -> bytes:
        """Return the 32 bytes that open the seal of this review and of no other."""
        return hmac.digest(self._key, review.encode(), "sha256")

    def seed(self, review: str, *, seeded: bool) -> str:
        """Return the seal of a review that opens."""
        return seed_digest(review, self.salt(review), seeded=seeded)

    def planted(self, opened: ReviewOpened) -> bool | None:
        """Open a seal: whether the item was planted; None where the salt was thrown away, as before this could be opened."""
        try:
            return is_seeded(opened, self.salt(opened.id))
        except ReviewError:
            return None


def seals_of(register: Register) -> ReviewSeals:
    """Return the seals of a register's ledger."""
    return ReviewSeals(register.store.vault, register.repository.ledger)
