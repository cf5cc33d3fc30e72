"""Identity: who is asking, however they showed it. Everything that guards a door takes one of these."""

from __future__ import annotations

from typing import Literal

import msgspec

from dualtrack.web.identity.roles import ConsoleRole

__all__ = ["Custody", "Identity", "Language", "Means"]

Means = Literal["session", "api_key", "link"]
"""How it was shown: a session of a person, an API key of a program, a link that a customer was given."""

Custody = Literal["sealed by password", "server"]
"""Who holds the signing key: the person, under their password, or this server, which signs after a login at the provider."""

Language = Literal["en", "zh-Hant"]
"""Language of the pages."""


class Identity(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody known. `uses` narrows to some uses, `receipt` to one receipt; None narrows nothing.

    `auth_s` is when a password or the identity provider was last asked, in Unix seconds; programs and links have none.
    """

    name: str
    institution: str
    roles: frozenset[ConsoleRole]
    means: Means
    holder: str | None = None
    language: Language = "en"
    custody: Custody | None = None
    key_id: str | None = None
    auth_s: int | None = None
    uses: frozenset[str] | None = None
    receipt: str | None = None
