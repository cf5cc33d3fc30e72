"""Writes down what administrators do: after an act has succeeded, an entry of the institution says who did what and why.

The act and its entry are two commits: identity's rows are under a lock of their own. A process that dies between the two leaves an act without
its entry (LIMITATIONS.md).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.administration import DETAIL_CHARACTERS_MAX, Administration
from dualtrack.domain.records import encode
from dualtrack.errors import FieldError, ForbiddenError
from dualtrack.runtime.holders import check_reason

if TYPE_CHECKING:
    from dualtrack.domain.administration import Act
    from dualtrack.store.register import Register
    from dualtrack.web.identity.accounts import Account
    from dualtrack.web.identity.api_keys import NewApiKey
    from dualtrack.web.identity.who import Identity
    from dualtrack.web.settings import RateSettings, SessionSettings

__all__ = [
    "ADMINISTRATION_KIND",
    "Done",
    "account_detail",
    "check_not_own",
    "checked_reason",
    "is_own",
    "key_detail",
    "record_act",
    "settings_detail",
]

ADMINISTRATION_KIND = "administration/1"
"""Kind of the entries."""

_USES_NAMED_MAX = 20
"""Uses of a key that are named; more are counted."""


class Done(NamedTuple):
    """An act that succeeded. `about` names the account, key or file; `detail` says how it stands now."""

    act: Act
    about: str
    detail: str = ""
    reason: str | None = None


def checked_reason(given: str | None) -> str:
    """Return the reason of a form, without white space at its ends; raises FieldError for the field."""
    reason = (given or "").strip()
    try:
        check_reason(reason)
    except FieldError as error:
        raise FieldError(
            error.found, where="form, field reason", expected=error.expected, fix=error.fix, code=error.code
        ) from error
    return reason


def is_own(by: Identity, account: Account) -> bool:
    """Tell whether an account is of who asks: an account of the same holder is one's own, whatever its name."""
    return account.name == by.name or (by.holder is not None and account.holder == by.holder)


def check_not_own(by: Identity, account: Account) -> None:
    """Raise ForbiddenError where somebody would change an account of their own: a second person gives roles and passwords."""
    if is_own(by, account):
        raise ForbiddenError(
            "your own account", where=account.name, fix="ask another administrator", code="forbidden.own-account"
        )


def record_act(register: Register | None, by: str, done: Done) -> None:
    """Append the entry of an act; an institution whose ledger is not kept here has none."""
    if register is None:
        return
    record = Administration(
        by=by,
        act=done.act,
        about=done.about,
        detail=done.detail[:DETAIL_CHARACTERS_MAX],
        reason=done.reason,
        at=register.now(),
    )
    register.append_plain([(ADMINISTRATION_KIND, register.institution, encode(record))])


def account_detail(account: Account) -> str:
    """Return how an account stands, in a line."""
    state = "closed" if account.disabled else "open"
    return f"{state}; person {account.holder}; roles {' '.join(sorted(account.roles))}"


def settings_detail(session: SessionSettings, rate: RateSettings) -> str:
    """Return the settings that can be changed, in a line."""
    sessions = f"sessions end after {session.idle_s} s unused, {session.absolute_s} s in any case"
    return f"{sessions}; {rate.burst} requests at once, {rate.a_second:.15g} a second"


def key_detail(new: NewApiKey) -> str:
    """Return what an API key is for, in a line."""
    uses = "every use"
    if new.uses is not None:
        named = len(new.uses) <= _USES_NAMED_MAX
        uses = f"uses {' '.join(sorted(new.uses))}" if named else f"{len(new.uses)} uses"
    return f"{new.days} days; roles {' '.join(sorted(new.roles))}; {uses}"
