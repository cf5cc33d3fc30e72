"""What stands in for the models of a use, as rows for people: its fixed rules in order, and how shadow mode agreed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import Markup
from msgspec import UNSET

from dualtrack.runtime.agreement import agreement_of
from dualtrack.runtime.fallback import OTHERWISE
from dualtrack.web.parts import Stat

if TYPE_CHECKING:
    from dualtrack.domain.fallback import Fixed
    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.store.register import Register
    from dualtrack.web.views.wording import Say

__all__ = ["agreement_stat", "fallback_rows"]


def fallback_rows(policy: RuntimePolicy, say: Say) -> list[tuple[str, str]]:
    """Return what answers after the models: each rule with its condition and answer, or the one thing that does."""
    last = {
        "message": say("the message below", "下列訊息"),
        "extractive": say("passages of the sources, unchanged", "原文節錄，不作改動"),
        "rules": say("fixed rules, also on hold", "固定規則，暫停期間亦適用"),
    }
    rows = [(say("then", "其後"), last[policy.fallback])]
    if policy.rules is UNSET:
        return rows
    rows += [(rule.id, Markup("{} → {}").format(rule.when, _given(rule, say))) for rule in policy.rules.rows]
    if policy.rules.rows:
        fixed = policy.rules.otherwise
        given = say("to a person", "轉交職員") if fixed is None else _given(fixed, say)
        rows.append((say(OTHERWISE, "其他情況"), given))
    quoted = say('"{}"', "「{}」")
    rows += [
        (rule.id, f"{' / '.join(quoted.format(phrase) for phrase in rule.phrases)} → {say.text(rule.answer)}")
        for rule in policy.rules.phrases
    ]
    return [*rows, (say("then", "其後"), last["message"])]


def agreement_stat(register: Register, use: str, say: Say) -> Stat | None:
    """Return how often model and baseline agreed in shadow mode, with n and interval; None where nothing ran so."""
    found = agreement_of(register, use)
    if found is None:
        return None
    name = say("Same as the baseline, in shadow", "影子運行：與基準相同")
    method = say(f"Wilson; {found.without:,} without a pair", f"Wilson；另{found.without:,}項沒有配對")
    if found.low is None or found.high is None:
        return Stat(name, "–", n="0", method=method)
    interval = f"{found.low:.1%} – {found.high:.1%}"
    return Stat(name, f"{found.same / found.n:.1%}", n=f"{found.n:,}", interval=interval, method=method)


def _given(fixed: Fixed, say: Say) -> str:
    return say("to a person", "轉交職員") if fixed.person else say.value(fixed.output)
