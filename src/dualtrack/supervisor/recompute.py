"""Recompute what firms sent: each bundle goes through the single-file verifier, and one that fails stops no other.

What the verifier says is kept word for word. Without an anchor for its institution a bundle can only agree with itself:
"consistent, authenticity not established".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import dualtrack_verify
from dualtrack.domain import canonical
from dualtrack.domain.ids import check_slug
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.permit.bundle import read_bundle
from dualtrack.supervisor.account import account_of
from dualtrack.supervisor.plain import plain_text

if TYPE_CHECKING:
    from dualtrack.permit.bundle import Bundle
    from dualtrack.supervisor.account import Account
    from dualtrack.supervisor.anchors import Anchors

__all__ = ["RESULT_WORDS", "Recomputed", "Result", "recompute"]

Result = Literal["verified", "consistent", "refused"]

RESULT_WORDS: dict[Result, str] = {
    "verified": "recomputed, authentic by the anchors",
    "consistent": "recomputed; consistent, authenticity not established",
    "refused": "not recomputed",
}

_RESULTS: dict[int, Result] = {0: "verified", 3: "consistent"}
"""Exit codes of the verifier that mean the verdict was computed again; every other one refuses."""

_OWN_WORDS = {"demo": "a demo bundle in a real workspace: everything in it is fictional"}
"""Words for reasons that are the desk's own; all others are the verifier's."""


class Recomputed(NamedTuple):
    """What became of one bundle. `institution` is what the bundle says of itself, None where that could not be read.

    `account` is given when the verdict was recomputed; `checkpoint` is the note of its head, signatures unchecked.
    """

    source: str
    data: bytes
    digest: str
    result: Result
    reason: str | None
    detail: str
    institution: str | None
    demo: bool
    account: Account | None
    checkpoint: bytes | None
    head_size: int | None

    @property
    def words(self) -> str:
        """Return the reason in words, with the verifier's detail."""
        if self.reason is None:
            return RESULT_WORDS[self.result]
        said = _OWN_WORDS.get(self.reason) or dualtrack_verify.REASONS.get(self.reason, "not readable")
        return f"{said} ({self.detail})" if self.detail else said


def recompute(source: str, data: bytes, anchors: Anchors | None, *, demo_allowed: bool) -> Recomputed:
    """Recompute the verdict of one bundle; never raises for what a bundle holds.

    `source` names the file for people. A demo bundle is refused unless the workspace is itself a demo.
    """
    bundle = _read(data)
    institution = _institution(bundle)
    known = anchors is not None and institution in anchors.logs
    found = dualtrack_verify.verify(data, anchors.data if anchors and known else None)
    result = _RESULTS.get(found.exit, "refused")
    reason, detail = found.reason, plain_text(found.detail)
    demo = bool(found.facts.get("demo"))
    if result != "refused" and demo and not demo_allowed:
        result, reason, detail = "refused", "demo", ""
    account = account_of(bundle) if bundle is not None and result != "refused" else None
    return Recomputed(
        source=plain_text(source),
        data=data,
        digest=canonical.digest(data),
        result=result,
        reason=reason,
        detail=detail,
        institution=institution,
        demo=demo,
        account=account,
        checkpoint=bundle.checkpoint if bundle else None,
        head_size=found.facts["log"]["size"] if result != "refused" else None,
    )


def _read(data: bytes) -> Bundle | None:
    try:
        return read_bundle(data)
    except DualtrackError:
        return None  # the verifier names the reason


def _institution(bundle: Bundle | None) -> str | None:
    """Return the institution that a bundle names; one that is no slug must not become a path or an id."""
    try:
        return check_slug(bundle.manifest.institution, where="manifest") if bundle else None
    except FieldError:
        return None
