"""Facts of one use: its permit with conditions, its release and runtime policy, and what happened while it ran."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from sqlalchemy import select

from dualtrack.domain import canonical
from dualtrack.domain.assessment import Permit
from dualtrack.domain.records import Text, read_record
from dualtrack.domain.time import format_instant, parse_instant
from dualtrack.errors import NotFoundError
from dualtrack.present.phrases import our_test
from dualtrack.present.terms import MODE_WORDS
from dualtrack.runtime.live import LiveUse
from dualtrack.runtime.lookup import find_policy
from dualtrack.runtime.opt_out_counts import people_opted_out
from dualtrack.runtime.plant_counts import counted_signals
from dualtrack.runtime.standing import standing_settings
from dualtrack.web.parts import Badge, Fact, outcome_badge
from dualtrack.web.views.fallback import fallback_rows
from dualtrack.web.views.runtime_words import runtime_words

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.release import Release
    from dualtrack.permit.explain import Explanation
    from dualtrack.runtime.live import Closed
    from dualtrack.runtime.standing import SignalRule
    from dualtrack.store.register import Register
    from dualtrack.web.views.wording import Say

__all__ = [
    "ACTION_WORDS",
    "DECISION_WORDS",
    "REVIEW_WORDS",
    "SIGNAL_WORDS",
    "ConditionRow",
    "LastServed",
    "PermitView",
    "PolicyView",
    "SeenSignal",
    "SignalRow",
    "guard_name",
    "last_served",
    "permit_view",
    "policy_of_release",
    "policy_view",
    "seen_signals",
    "signal_rows",
    "signals_address",
]

ACTION_WORDS: dict[str, Text] = {
    "allow": Text(en="noted", zh="記錄"),
    "redact": Text(en="redacted", zh="遮蓋"),
    "route": Text(en="to a person", zh="轉交人手"),
    "block": Text(en="blocked", zh="攔截"),
}
REVIEW_WORDS: dict[str, Text] = {
    "none": Text(en="nobody looks at outputs as a matter of course", zh="輸出不設例行人手查看"),
    "sample": Text(en="a drawn share is looked at afterwards", zh="事後抽查部分輸出"),
    "hold": Text(en="no output is released before a person has approved it", zh="每項輸出須經人手批准方可發出"),
}
DECISION_WORDS: dict[str, Text] = {
    "served": Text(en="served", zh="已送達"),
    "blocked": Text(en="blocked by a guard", zh="被防護攔截"),
    "routed": Text(en="routed to a person", zh="轉交人手"),
    "fallback": Text(en="answered by the fallback", zh="由後備方案回應"),
    "shadowed": Text(en="recorded, shown to nobody", zh="只作記錄，未向任何人顯示"),
    "failed": Text(en="the model failed", zh="模型失敗"),
    "refused": Text(en="refused", zh="拒絕"),
    "stopped": Text(en="stopped midway by a hold", zh="中途因暫停而停止"),
}
"""Outcomes of decisions."""

SIGNAL_WORDS: dict[str, Text] = {
    "override": Text(en="output changed by a person", zh="輸出被人手更改"),
    "opt_out": Text(en="person opted out", zh="選擇退出"),
    "complaint": Text(en="complaint", zh="投訴"),
    "incident": Text(en="incident", zh="事故"),
    "complaint_unnamed": Text(en="complaint that names nobody", zh="未指明任何人的投訴"),
    "guard_fired": Text(en="guard fired", zh="防護觸發"),
    "fingerprint_changed": Text(en="model behind the address changed", zh="地址背後的模型有變"),
    "upstream_failed": Text(en="model failed", zh="模型失敗"),
    "drift": Text(en="drift", zh="漂移"),
}

_GUARDS: dict[str, Text] = {
    "disclosure": Text(en="Disclosure", zh="披露"),
    "injection": Text(en="Injected instructions", zh="注入指令"),
    "input_schema": Text(en="Form of the input", zh="輸入格式"),
    "investment_advice": Text(en="Investment advice", zh="投資意見"),
    "mpf_choice": Text(en="MPF choices", zh="強積金選擇"),
    "opt_out": Text(en="People who opted out", zh="選擇退出的人"),
    "output_checks": Text(en="Checks of the output", zh="輸出檢查"),
    "personal_data": Text(en="Personal data", zh="個人資料"),
    "tipping_off": Text(en="Tipping off", zh="通風報信"),
    "tool_use": Text(en="Use of tools", zh="工具使用"),
}


class ConditionRow(NamedTuple):
    """A condition of the permit with its deadline."""

    anchor: str
    title: str
    test: str
    due: str
    badge: Badge


class PermitView(NamedTuple):
    """The newest permit: facts, its conditions, its entry."""

    facts: list[Fact]
    conditions: list[ConditionRow]
    entry: int


class PolicyView(NamedTuple):
    """What the runtime enforces: guards as rows, the chain of models, texts that people are shown."""

    facts: list[Fact]
    guards: list[tuple[str, str, str, str]]
    chain: list[tuple[str, str]]
    disclosure: Text | None
    human: Text
    message: Text


class LastServed(NamedTuple):
    """The newest decision of a use."""

    id: str
    at: str
    outcome: str


class SeenSignal(NamedTuple):
    """A signal that a number counts: when it was seen, and its entry in the ledger."""

    at: str
    entry: int


class SignalRow(NamedTuple):
    """A kind of signal within its window: how many, what it takes for an effect, and where these are listed."""

    kind: str
    n: int
    window: str
    says: str
    href: str


def permit_view(
    register: Register, explanation: Explanation, use: str, live: LiveUse | Closed | None, say: Say
) -> PermitView | None:
    """Return the newest permit of a use; None where there never was one. Durability is what the runtime does, if it is open."""
    entry = register.repository.newest("permit/1", use)
    if entry is None:
        return None
    permit = read_record(canonical.decode(entry.content), Permit, where=f"entry {entry.index}")
    ends = say.moment(permit.expires) if permit.expires else say("no end", "無期限")
    durable = live.durable if isinstance(live, LiveUse) else permit.durability == "durable"
    at_once = say("each decision durable before the answer", "每項決定在回應前已寫入")
    in_batches = say("written in batches; a crash may lose the last moments", "分批寫入；故障可能失去最後片刻")
    facts = [
        Fact(say("Mode", "模式"), say.capital(MODE_WORDS[permit.mode])),
        Fact(say("From", "生效"), say.moment(permit.valid_from)),
        Fact(say("Ends", "到期"), ends),
        Fact(say("Durability", "持久性"), at_once if durable else in_batches),
        *_quota(register, canonical.digest(entry.content), permit, say),
        Fact(say("Release", "版本"), permit.release, code=True),
    ]
    rules = {(item.pack.id, item.rule.id): item for item in explanation.rules}
    conditions = []
    for item in permit.conditions:
        found = rules.get((item.pack, item.rule))
        due = say.day(item.due) if item.due else say("no date", "未訂日期")
        title = say.text(found.rule.data.title) if found else f"{item.pack}/{item.rule}"
        test = say.text(our_test(found.rule.data.cites)) if found else ""
        badge = outcome_badge(found.outcome, say.language) if found else Badge("note", "–")
        conditions.append(ConditionRow(f"{item.pack}--{item.rule}", title, test, due, badge))
    return PermitView(facts, conditions, entry.index)


def _quota(register: Register, digest: str, permit: Permit, say: Say) -> list[Fact]:
    if permit.decisions_max is None:
        return []
    table = register.repository.tables.quota
    query = select(table.c.reserved).where(table.c.ledger == register.repository.ledger, table.c.permit == digest)
    with register.repository.backend.read() as connection:
        reserved = int(connection.execute(query).scalar() or 0)
    used = say(f"{reserved:,} of {permit.decisions_max:,} reserved", f"已預留{reserved:,}／{permit.decisions_max:,}")
    return [Fact(say("Decisions at most", "決定上限"), used)]


def policy_view(
    register: Register, use: str, release: Release | None, live: LiveUse | Closed | None, say: Say
) -> PolicyView | None:
    """Return the runtime policy of a release in words; None where it pins none."""
    policy = live.policy if isinstance(live, LiveUse) else policy_of_release(register, use, release)
    if policy is None:
        return None
    guards = [
        (
            guard_name(item.guard, say),
            say("input", "輸入") if item.stage == "input" else say("output", "輸出"),
            f"{item.threshold / 1000:g}",
            say.capital(ACTION_WORDS[item.action]),
        )
        for item in policy.guards
    ]
    return PolicyView(
        _policy_facts(policy, live, say),
        guards,
        _chain(policy, say),
        policy.disclosure.text if policy.disclosure else None,
        policy.human,
        policy.message,
    )


def guard_name(guard: str, say: Say) -> str:
    """Return a guard's name in words, or its own name where it is not ours."""
    return say.text(_GUARDS[guard]) if guard in _GUARDS else guard


def last_served(register: Register, use: str, say: Say) -> LastServed | None:
    """Return the newest decision of a use, by the index of uses."""
    table = register.repository.tables.decision
    query = select(table.c.id, table.c.at, table.c.outcome).where(
        table.c.ledger == register.repository.ledger, table.c.use_id == use, table.c.outcome != "begun"
    )
    with register.repository.backend.read() as connection:
        row = connection.execute(query.order_by(table.c.id.desc()).limit(1)).first()
    return LastServed(row[0], say.moment(row[1]), say.capital(DECISION_WORDS[row[2]])) if row else None


def signal_rows(register: Register, use: str, say: Say) -> list[SignalRow]:
    """Return the signals within the windows of the settings, with what they do when there are enough."""
    rows, found = counted_signals(register, use), []
    for rule in standing_settings().signals:
        n = len(_seen(register, use, rule, rows))
        window = say(f"{rule.window_days} days", f"{rule.window_days}日")
        kind, says = say.capital(SIGNAL_WORDS[rule.kind]), say.capital(rule.says)
        found.append(SignalRow(kind, n, window, says, signals_address(use, rule)))
    return found


def seen_signals(register: Register, use: str, rule: SignalRule) -> list[SeenSignal]:
    """Return the signals that `signal_rows` counts for a rule, newest first."""
    found = _seen(register, use, rule, counted_signals(register, use))
    return sorted(found, key=lambda item: (item.at, item.entry), reverse=True)


def signals_address(use: str, rule: SignalRule) -> str:
    """Return where the signals that a rule counts are listed."""
    return f"/uses/{use}/signals?" + urlencode({"kind": rule.kind, "days": rule.window_days})


def _seen(register: Register, use: str, rule: SignalRule, rows: Sequence[Mapping[str, Any]]) -> list[SeenSignal]:
    now = register.now()
    since = format_instant(parse_instant(now) - timedelta(days=rule.window_days))
    if rule.kind == "opt_out":  # people who are still out, not wishes: each by the entry of the wish
        return [SeenSignal(item.at, item.entry) for item in people_opted_out(register, use) if since <= item.at]
    return [
        SeenSignal(row["at"], row["idx"])
        for row in rows
        if row["kind"] == rule.kind and since <= row["at"] <= now and row["value"] > 0
    ]


def policy_of_release(register: Register, use: str, release: Release | None) -> RuntimePolicy | None:
    """Return the runtime policy that a release pins; None where it pins none."""
    if release is None or release.policy.runtime is None:
        return None
    try:
        return find_policy(register, use, release.policy.runtime)
    except NotFoundError:
        return None


def _policy_facts(policy: RuntimePolicy, live: LiveUse | Closed | None, say: Say) -> list[Fact]:
    review = live.review if isinstance(live, LiveUse) else policy.review.mode
    facts = [Fact(say("Human review", "人手覆核"), say.capital(REVIEW_WORDS[review]))]
    if isinstance(live, LiveUse) and live.review_why:
        facts.append(Fact(say("Why that binds", "所依據"), runtime_words(live.review_why, say)))
    if policy.review.mode == "sample":
        facts.append(Fact(say("Share drawn", "抽查比例"), f"{policy.review.sample_percent}%"))
    every = say("before the first output and at each interaction", "首次輸出前及每次互動時")
    once = say("before the first output", "首次輸出前")
    shown = (every if policy.disclosure.every else once) if policy.disclosure else say("none", "沒有")
    return [
        *facts,
        Fact(say("Review due within", "覆核時限"), say(f"{policy.review.due_minutes} business minutes", f"{policy.review.due_minutes}個工作分鐘")),
        Fact(say("Two people", "四眼原則"), say.value(policy.review.four_eyes)),
        Fact(say("Disclosure", "披露"), shown),
        Fact(say("Opting out is honoured", "容許選擇退出"), say.value(policy.opt_out)),
        Fact(say("Retention", "保存類別"), policy.retention, code=True),
    ]  # fmt: skip


def _chain(policy: RuntimePolicy, say: Say) -> list[tuple[str, str]]:
    """Return what answers, in order: each model, then what stands in when none does."""
    models = [(item.id, item.model or item.provider) for item in policy.upstreams]
    return [*models, *fallback_rows(policy, say)]
