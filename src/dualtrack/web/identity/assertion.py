"""What stands before a signature under `custody: server`: the provider's word about a person, written down by us.

Under OpenID Connect nobody has a password here. A key in custody signs for the person, and says so in an entry of its own: who, at which
issuer, when they last entered a password there, for which signature. The provider says who and when; for what is this server's word.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal, NamedTuple

from msgspec import Meta

from dualtrack.domain import canonical
from dualtrack.domain.forms import Digest, Slug
from dualtrack.domain.records import Record, read_record
from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.errors import AuthenticationError, FieldError
from dualtrack.keys import dsse
from dualtrack.permit.opening import payload_type

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.web.identity.accounts import Account

__all__ = [
    "ASSERTION_KIND",
    "ASSERTION_TYPE",
    "CountersignedAssertion",
    "FreshLogin",
    "assert_login",
    "read_assertion",
]

ASSERTION_KIND = "identity-assertion/1"
"""Kind of its entry in the ledger."""

ASSERTION_TYPE = payload_type(ASSERTION_KIND)
"""Payload type of its envelope."""


class FreshLogin(NamedTuple):
    """A login that the provider was asked for anew: whose, when it asked, the digest of its token, and when it came back."""

    issuer: str
    subject: str
    auth_time_s: int | None
    id_token: str
    asked_s: int


class CountersignedAssertion(Record, frozen=True):
    """Who signs what, by the word of an identity provider. `id_token` is the SHA-256 of the token as it was received.

    `purpose` is `sign` and the SHA-256 of the DSSE pre-authentication encoding that is signed next.
    """

    format: Literal["dualtrack.identity-assertion/1"]
    institution: Slug
    account: Slug
    holder: Slug
    issuer: Annotated[str, Meta(min_length=1, max_length=500)]
    subject: Annotated[str, Meta(min_length=1, max_length=255)]
    auth_time: str
    id_token: Digest
    purpose: Annotated[str, Meta(min_length=1, max_length=500)]
    custody: Literal["server"]


def assert_login(login: FreshLogin, account: Account, purpose: str) -> CountersignedAssertion:
    """Return the assertion of a login that was asked for anew, for one purpose.

    Raises AuthenticationError where the provider did not say when it asked for the password, or the account is another's.
    """
    if login.auth_time_s is None or (account.issuer, account.subject) != (login.issuer, login.subject):
        raise AuthenticationError(
            "the provider's word does not cover this", fix="sign in again for this step", code="authentication.provider"
        )
    return CountersignedAssertion(
        format="dualtrack.identity-assertion/1",
        institution=account.institution,
        account=account.name,
        holder=account.holder,
        issuer=login.issuer,
        subject=login.subject,
        auth_time=format_instant(datetime.fromtimestamp(login.auth_time_s, UTC)),
        id_token=login.id_token,
        purpose=purpose,
        custody="server",
    )


def read_assertion(envelope: bytes, public_keys: Mapping[str, bytes]) -> CountersignedAssertion:
    """Return the assertion of an envelope that one of the keys signed; raises SignatureError or FieldError."""
    found = dsse.parse(envelope)
    found.verify(public_keys)
    if found.payload_type != ASSERTION_TYPE:
        raise FieldError("the envelope holds something else", where="assertion", expected=ASSERTION_TYPE)
    assertion = read_record(canonical.decode(found.payload), CountersignedAssertion, where="assertion")
    parse_instant(assertion.auth_time, where="assertion, auth_time")
    return assertion
