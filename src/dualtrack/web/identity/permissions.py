"""Permissions: a closed set of verbs, and one table of who may do what.

A role is a door, not a vote. Separation of duties (who builds does not validate or approve) is judged from the
signatures on the entries, where no administrator can talk it away; so a person with two roles passes here and fails there.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

from dualtrack.errors import AuthenticationError, ForbiddenError
from dualtrack.web.identity.roles import ConsoleRole

if TYPE_CHECKING:
    from collections.abc import Iterable

    from dualtrack.web.identity.who import Identity

__all__ = [
    "FRESH_S_MAX",
    "FRESH_VERBS",
    "PERSON_VERBS",
    "VERBS_OF",
    "Verb",
    "allowed",
    "require",
    "require_fresh",
    "visible_uses",
]

FRESH_S_MAX = 300
"""Seconds since the last password within which a grave step may be taken: time to read what one signs, not to leave."""


class Verb(StrEnum):
    """What somebody may want to do."""

    SEE_PORTFOLIO = "see_portfolio"
    SEE_USE = "see_use"
    SEE_DECISIONS = "see_decisions"
    SEE_CONTENT = "see_content"
    SEE_REVIEWS = "see_reviews"
    SEE_INCIDENTS = "see_incidents"
    DECLARE = "declare"
    IMPORT_INVENTORY = "import_inventory"
    RELEASE = "release"
    ADD_EVIDENCE = "add_evidence"
    ASSESS = "assess"
    APPROVE = "approve"
    ADOPT_PACK = "adopt_pack"
    CLAIM_REVIEW = "claim_review"
    DECIDE_REVIEW = "decide_review"
    PLANT_REVIEW = "plant_review"
    SET_HOLD = "set_hold"
    RELEASE_HOLD = "release_hold"
    SIGN_OBSERVE = "sign_observe"
    OPEN_INCIDENT = "open_incident"
    CLOSE_INCIDENT = "close_incident"
    REPLAY = "replay"
    ERASE_CONTENT = "erase_content"
    ANSWER_NOTICE = "answer_notice"
    MANAGE_ACCOUNTS = "manage_accounts"
    MANAGE_KEYS = "manage_keys"
    MANAGE_API_KEYS = "manage_api_keys"
    MANAGE_SETTINGS = "manage_settings"
    VERIFY_LEDGER = "verify_ledger"
    EXPORT_BUNDLE = "export_bundle"
    CALL_MODEL = "call_model"
    MAKE_LINK = "make_link"
    SEE_RECEIPT = "see_receipt"
    REQUEST_PERSON = "request_person"
    OPT_OUT = "opt_out"
    COMPLAIN = "complain"


_READS = frozenset(
    {
        Verb.SEE_PORTFOLIO,
        Verb.SEE_USE,
        Verb.SEE_DECISIONS,
        Verb.SEE_REVIEWS,
        Verb.SEE_INCIDENTS,
        Verb.VERIFY_LEDGER,
        Verb.EXPORT_BUNDLE,
    }
)
"""What everybody inside the institution sees: verdicts and counts. What a customer wrote needs `see_content`."""

_CUSTOMER = frozenset({Verb.SEE_RECEIPT, Verb.REQUEST_PERSON, Verb.OPT_OUT, Verb.COMPLAIN})

VERBS_OF: dict[ConsoleRole, frozenset[Verb]] = {
    ConsoleRole.OWNER: _READS
    | _CUSTOMER
    | {
        Verb.SEE_CONTENT,
        Verb.DECLARE,
        Verb.IMPORT_INVENTORY,
        Verb.RELEASE,
        Verb.ADD_EVIDENCE,
        Verb.ASSESS,
        Verb.SET_HOLD,
        Verb.SIGN_OBSERVE,
        Verb.OPEN_INCIDENT,
        Verb.REPLAY,
        Verb.CALL_MODEL,
        Verb.MAKE_LINK,
    },
    ConsoleRole.DEVELOPER: _READS
    | {
        Verb.DECLARE,
        Verb.IMPORT_INVENTORY,
        Verb.RELEASE,
        Verb.ADD_EVIDENCE,
        Verb.ASSESS,
        Verb.SET_HOLD,
        Verb.OPEN_INCIDENT,
        Verb.REPLAY,
        Verb.CALL_MODEL,
    },
    ConsoleRole.VALIDATOR: _READS
    | {
        Verb.SEE_CONTENT,
        Verb.PLANT_REVIEW,
        Verb.ADD_EVIDENCE,
        Verb.ASSESS,
        Verb.SET_HOLD,
        Verb.OPEN_INCIDENT,
        Verb.REPLAY,
        Verb.CALL_MODEL,
    },
    ConsoleRole.COMPLIANCE: _READS
    | {
        Verb.SEE_CONTENT,
        Verb.PLANT_REVIEW,
        Verb.SEE_RECEIPT,
        Verb.IMPORT_INVENTORY,
        Verb.ADD_EVIDENCE,
        Verb.ASSESS,
        Verb.ADOPT_PACK,
        Verb.SET_HOLD,
        Verb.RELEASE_HOLD,
        Verb.OPEN_INCIDENT,
        Verb.CLOSE_INCIDENT,
        Verb.REPLAY,
        Verb.ERASE_CONTENT,
        Verb.ANSWER_NOTICE,
        Verb.COMPLAIN,
        Verb.MAKE_LINK,
    },
    ConsoleRole.APPROVER: _READS
    | {
        Verb.ADD_EVIDENCE,
        Verb.ASSESS,
        Verb.APPROVE,
        Verb.CLAIM_REVIEW,
        Verb.DECIDE_REVIEW,
        Verb.SET_HOLD,
        Verb.RELEASE_HOLD,
        Verb.OPEN_INCIDENT,
    },
    ConsoleRole.REVIEWER: frozenset(
        {
            Verb.SEE_PORTFOLIO,
            Verb.SEE_USE,
            Verb.SEE_DECISIONS,
            Verb.SEE_CONTENT,
            Verb.SEE_REVIEWS,
            Verb.CLAIM_REVIEW,
            Verb.DECIDE_REVIEW,
            Verb.SET_HOLD,
            Verb.OPEN_INCIDENT,
            Verb.SEE_RECEIPT,
            Verb.REQUEST_PERSON,
            Verb.OPT_OUT,
            Verb.COMPLAIN,
            Verb.MAKE_LINK,
        }
    ),
    ConsoleRole.AUDITOR: _READS | {Verb.SEE_CONTENT, Verb.SEE_RECEIPT, Verb.REPLAY, Verb.ADD_EVIDENCE},
    ConsoleRole.OFFICER: _READS
    | {
        Verb.SEE_CONTENT,
        Verb.SEE_RECEIPT,
        Verb.ADD_EVIDENCE,
        Verb.ASSESS,
        Verb.SET_HOLD,
        Verb.RELEASE_HOLD,
        Verb.SIGN_OBSERVE,
        Verb.OPEN_INCIDENT,
        Verb.CLOSE_INCIDENT,
        Verb.ANSWER_NOTICE,
        Verb.COMPLAIN,
    },
    ConsoleRole.SUPERVISOR: _READS,
    ConsoleRole.ADMINISTRATOR: frozenset(
        {
            Verb.SEE_PORTFOLIO,
            Verb.MANAGE_ACCOUNTS,
            Verb.MANAGE_KEYS,
            Verb.MANAGE_API_KEYS,
            Verb.MANAGE_SETTINGS,
            Verb.VERIFY_LEDGER,
        }
    ),
    ConsoleRole.CALLER: frozenset({Verb.CALL_MODEL}) | _CUSTOMER,
    ConsoleRole.COLLECTOR: frozenset({Verb.SEE_PORTFOLIO, Verb.SEE_USE, Verb.ADD_EVIDENCE}),
    ConsoleRole.CUSTOMER_LINK: _CUSTOMER,
}
"""Who may do what. Everybody on a use may stop it (`set_hold`); to let it run again is for fewer."""

PERSON_VERBS = frozenset(
    {
        Verb.APPROVE,
        Verb.ADOPT_PACK,
        Verb.CLAIM_REVIEW,
        Verb.DECIDE_REVIEW,
        Verb.PLANT_REVIEW,
        Verb.RELEASE_HOLD,
        Verb.SIGN_OBSERVE,
        Verb.CLOSE_INCIDENT,
        Verb.ERASE_CONTENT,
        Verb.ANSWER_NOTICE,
        Verb.MANAGE_ACCOUNTS,
        Verb.MANAGE_KEYS,
        Verb.MANAGE_API_KEYS,
        Verb.MANAGE_SETTINGS,
    }
)
"""What a person does in a session and no program with a key, whatever the key's roles."""

FRESH_VERBS = PERSON_VERBS - {Verb.CLAIM_REVIEW, Verb.DECIDE_REVIEW}
"""What asks for the password again (`require_fresh`). Reviews come by the dozen; they are the work, not the exception."""

_REACHES_ALL = frozenset({Verb.SEE_PORTFOLIO})
"""What is a list by nature: nobody names a use, and `visible_uses` filters it."""


def allowed(roles: Iterable[ConsoleRole], verb: Verb) -> bool:
    """Tell whether one of the roles has the verb."""
    return any(verb in VERBS_OF[role] for role in roles)


def require(
    identity: Identity | None,
    verb: Verb,
    *,
    institution: str,
    use: str | None = None,
    receipt: str | None = None,
    listed: bool = False,
) -> Identity:
    """Return the identity if it may do this here, or raise AuthenticationError (nobody) or ForbiddenError.

    A caller that lists things of many uses says `listed` and filters by `visible_uses`; otherwise an identity that is narrowed
    to some uses has to be asked about one of them, so that a use forgotten at a call refuses rather than opens. `receipt`
    is the code that is looked at; an identity narrowed to one receipt has to be asked about that one.
    """
    if identity is None:
        raise AuthenticationError("nobody is signed in", where=verb, fix="sign in, or send an API key")
    if identity.institution != institution:
        raise _refused(verb, "this account belongs to another institution", "forbidden.institution")
    if not allowed(identity.roles, verb):
        raise _refused(verb, "none of the roles of this account has it", "forbidden.role")
    if verb in PERSON_VERBS and identity.means != "session":
        raise _refused(verb, "only a person in a session does this", "forbidden.person")
    if identity.receipt is not None and receipt != identity.receipt:
        raise _refused(verb, "this link is for another receipt", "forbidden.receipt")
    listed = listed or verb in _REACHES_ALL
    if identity.uses is not None and not (listed if use is None else use in identity.uses):
        raise _refused(verb, "this key is for other uses", "forbidden.use")
    return identity


def require_fresh(identity: Identity, now_s: int, *, within_s: int = FRESH_S_MAX) -> None:
    """Raise AuthenticationError (`authentication.step-up`) unless the person showed who they are within that time."""
    if identity.auth_s is None or not 0 <= now_s - identity.auth_s <= within_s:
        raise AuthenticationError(
            "the password was not asked for lately",
            expected=f"within {within_s} seconds",
            fix="enter the password again",
            code="authentication.step-up",
        )


def visible_uses(identity: Identity) -> frozenset[str] | None:
    """Return the uses whose rows an identity may list, for the WHERE of whoever reads them; None is all of its institution.

    Rows of no use are hidden from an identity that is narrowed to some, and a customer's link lists nothing.
    """
    return frozenset() if identity.receipt is not None else identity.uses


def _refused(verb: Verb, found: str, code: str) -> ForbiddenError:
    return ForbiddenError(
        found, where=verb, fix="ask the institution's administrator for another role or key", code=code
    )
