"""What stands beside a signature under `custody: server`: the provider's word about a person, countersigned by us.

Under OpenID Connect nobody has a key of their own here. A service key signs for the person, and says so: who, at which issuer, when
they last entered a password, for what. It is weaker than a key of one's own: whoever runs the server could write one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Literal

from msgspec import Meta

from dualtrack.domain import canonical
from dualtrack.domain.forms import Digest, Slug
from dualtrack.domain.records import Record, encode, read_record
from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.errors import AuthenticationError, FieldError
from dualtrack.keys import dsse

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.keys.signer import Signer
    from dualtrack.web.identity.accounts import Account
    from dualtrack.web.identity.oidc import OidcLogin

__all__ = [
    "ASSERTION_TYPE",
    "CountersignedAssertion",
    "assert_login",
    "countersign",
    "read_assertion",
]

ASSERTION_TYPE = "application/vnd.dualtrack.identity-assertion+json"
"""Payload type of the envelope."""


class CountersignedAssertion(Record, frozen=True):
    """Who did what, by the word of an identity provider. `id_token` is the SHA-256 of the token as it was received."""

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


def assert_login(login: OidcLogin, account: Account) -> CountersignedAssertion:
    """Return the assertion for a login that was asked for anew, with its purpose.

    Raises AuthenticationError where the provider did not say when it asked for the password, or the account is another's.
    """
    if login.auth_time_s is None or (account.issuer, account.subject) != (login.issuer, login.subject):
        raise AuthenticationError(
            "the provider's word does not cover this", fix="sign in again for this step", code="authentication.step-up"
        )
    return CountersignedAssertion(
        format="dualtrack.identity-assertion/1",
        institution=account.institution,
        account=account.name,
        holder=account.holder,
        issuer=login.issuer,
        subject=login.subject,
        auth_time=format_instant(datetime.fromtimestamp(login.auth_time_s, UTC)),
        id_token=login.id_token_digest,
        purpose=login.purpose,
        custody="server",
    )


def countersign(assertion: CountersignedAssertion, service: Signer) -> bytes:
    """Return the assertion in an envelope, signed by the service's key."""
    return dsse.sign(encode(assertion), ASSERTION_TYPE, [service])


def read_assertion(envelope: bytes, public_keys: Mapping[str, bytes]) -> CountersignedAssertion:
    """Return the assertion of an envelope that one of the service keys signed; raises SignatureError or FieldError."""
    found = dsse.parse(envelope)
    found.verify(public_keys)
    if found.payload_type != ASSERTION_TYPE:
        raise FieldError("the envelope holds something else", where="assertion", expected=ASSERTION_TYPE)
    assertion = read_record(canonical.decode(found.payload), CountersignedAssertion, where="assertion")
    parse_instant(assertion.auth_time, where="assertion, auth_time")
    return assertion
