"""Signed deliveries: HMAC-SHA256 under a shared secret over the time of sending, a full stop and the body as it is sent.

Chatwoot signs so (lib/webhooks/trigger.rb, from 4.13.0 for agent bots, its pull requests 13573 and 13892), and our own webhook does
the same under headers of its own. The time is under the signature, so that nobody can make an old delivery look new.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import NamedTuple

from dualtrack.errors import AuthenticationError

__all__ = ["CHATWOOT_HEADERS", "OWN_HEADERS", "SIGNED_WITHIN_S", "SignatureHeaders", "check_signed", "sign"]

SIGNED_WITHIN_S = 300
"""Seconds between sending and reading, in both directions: what Chatwoot advises, and more than two clocks differ by."""

_TIME = re.compile(r"[0-9]{1,12}")
_SIGNED = re.compile(r"sha256=[0-9a-f]{64}")


class SignatureHeaders(NamedTuple):
    """Names of the headers that carry the time (unix seconds), the signature and an id that is the same for retries."""

    time: str
    signature: str
    delivery: str


CHATWOOT_HEADERS = SignatureHeaders("x-chatwoot-timestamp", "x-chatwoot-signature", "x-chatwoot-delivery")
OWN_HEADERS = SignatureHeaders("dualtrack-timestamp", "dualtrack-signature", "dualtrack-delivery")


def sign(secret: str, sent_s: int | str, body: bytes) -> str:
    """Return the value of the signature's header: `sha256=` and 64 hexadecimal digits."""
    digest = hmac.new(secret.encode(), f"{sent_s}.".encode() + body, hashlib.sha256)
    return f"sha256={digest.hexdigest()}"


def check_signed(secret: str, sent: str | None, signature: str | None, body: bytes, now_s: float) -> None:
    """Check a delivery; raises AuthenticationError (401) in words that do not say how near a guess came.

    The signature is compared first and in constant time: of one that does not hold nothing else is said.
    """
    if sent is None or signature is None or not _TIME.fullmatch(sent) or not _SIGNED.fullmatch(signature):
        raise _refused("no well-formed signature and time", "sign the delivery, and send the time of sending with it")
    if not hmac.compare_digest(sign(secret, sent, body), signature):
        raise _refused("the signature does not hold", "use the secret of this connector, over the body as it is sent")
    if abs(now_s - int(sent)) > SIGNED_WITHIN_S:
        raise _refused(
            f"signed more than {SIGNED_WITHIN_S} seconds from now", "send it anew, and set the clocks of both machines"
        )


def _refused(found: str, fix: str) -> AuthenticationError:
    return AuthenticationError(found, where="signature", fix=fix, code="authentication.signature")
