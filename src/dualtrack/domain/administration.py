"""What administrators do to doors: accounts, keys and settings, each act an entry with its reason.

The rows themselves lie in the database and can be changed by whoever has it; the entry says what was done through the console and the
API. An act holds names of accounts and ids of keys, never a password, a key or a person's name.
"""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta

from dualtrack.domain.forms import Slug
from dualtrack.domain.oversight import Reason
from dualtrack.domain.records import Record

__all__ = ["DETAIL_CHARACTERS_MAX", "Act", "Administration"]

DETAIL_CHARACTERS_MAX = 2_000
"""Longest list of what was set: two hundred uses of a key would not fit, and are counted instead."""

Act = Literal[
    "account-made",
    "account-changed",
    "password-reset",
    "api-key-made",
    "api-key-rotated",
    "api-key-revoked",
    "key-granted",
    "key-revoked",
    "settings-changed",
]


class Administration(Record, frozen=True):
    """One act: who did what to which account, key or file, how it stands now, and why. No reason is given where a program asked none."""

    by: Slug
    act: Act
    about: Annotated[str, Meta(min_length=1, max_length=200)]
    detail: Annotated[str, Meta(max_length=DETAIL_CHARACTERS_MAX)]
    reason: Reason | None
    at: str
