"""What people outside may be told of a use: only of one that answers customers, and only while it does or did until it was stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.assessment import Permit
from dualtrack.domain.records import Text, read_record
from dualtrack.domain.vocabulary import Mode
from dualtrack.runtime.live import LiveUse
from dualtrack.runtime.lookup import find_release
from dualtrack.store.projections import Projections
from dualtrack.web.views.use_facts import policy_of_release

if TYPE_CHECKING:
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.runtime.live import Closed
    from dualtrack.store.register import Register
    from dualtrack.web.parts import Tone

__all__ = ["CLOSED_LATELY", "CustomerNotice", "customer_notice", "notice_address", "policy_of"]

CLOSED_LATELY = frozenset({"permit.held", "permit.lapsed", "permit.expired", "permit.signal"})
"""Why a use is closed that was open before: customers met it. What never opened is nobody's business outside."""


class CustomerNotice(NamedTuple):
    """How a use stands, for customers: `now` in a sentence, whether an AI answers, and the policy that speaks to them."""

    tone: Tone
    now: Text
    answers: bool
    policy: RuntimePolicy


def policy_of(register: Register, use: str, live: LiveUse | Closed | None) -> RuntimePolicy | None:
    """Return the policy in force, else that of the newest release; None where nothing was released with one."""
    if isinstance(live, LiveUse):
        return live.policy
    if live is not None and live.standby is not None:
        return live.standby.policy
    newest = register.latest_release(use)
    return policy_of_release(register, use, find_release(register, use, newest) if newest else None)


def notice_address(use: str) -> str:
    """Return the address of the page for customers."""
    return f"/notice/{use}"


def customer_notice(register: Register, use: str, live: LiveUse | Closed | None) -> CustomerNotice | None:
    """Return what customers are told of how a use stands; None where it is not for them to know of, as in shadow."""
    if live is None:
        return None
    policy = policy_of(register, use, live)
    if policy is None or policy.audience != "customers":
        return None
    if isinstance(live, LiveUse):
        return _open(live) if live.mode != "shadow" else None
    if live.code not in CLOSED_LATELY or not _met_customers(register, use):
        return None
    if live.standby is not None:
        now = Text(
            en="No AI answers now: the firm put it on hold. Fixed rules answer, or a person.",
            zh="現時不由人工智能回應：機構已將其暫停，改由固定規則或職員回應。",
        )
    else:
        now = Text(
            en="No AI answers now: it is stopped. A person helps you.",
            zh="現時不由人工智能回應：系統已停用，由職員為你服務。",
        )
    return CustomerNotice("note", now, answers=False, policy=policy)


def _open(live: LiveUse) -> CustomerNotice:
    if live.mode == "observe":
        now = Text(
            en="In use, watched by the firm and not yet permitted by it: it was in use before the firm began to examine it.",
            zh="正在使用，由機構觀察而尚未獲其准許：機構開始審查前，系統已在使用。",
        )
        return CustomerNotice("amber", now, answers=True, policy=live.policy)
    if live.review == "hold":
        now = Text(
            en="In use. A person of the firm approves every answer before it reaches you.",
            zh="正在使用。每項答覆均先由機構職員批准，才會送達你。",
        )
    else:
        now = Text(en="In use, within a permit of the firm.", zh="正在使用，並在機構的准許範圍之內。")
    return CustomerNotice("low" if live.mode == "trial" else "good", now, answers=True, policy=live.policy)


def _met_customers(register: Register, use: str) -> bool:
    """Tell whether a closed use answered customers before: its newest permit was for more than shadow, or it was observed."""
    entry = register.repository.newest("permit/1", use)
    if entry is not None:
        return (
            read_record(canonical.decode(entry.content), Permit, where=f"entry {entry.index}").mode is not Mode.SHADOW
        )
    return bool(Projections(register.repository).rows("observe", use_id=use))
