"""Decisions in words: a line of the list, and one decision with guards, calls, timings, disclosure, reviews and proof."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.records import encode
from dualtrack.domain.time import format_instant, parse_date, parse_instant
from dualtrack.errors import NotFoundError
from dualtrack.runtime.guards.tipping_off import walled_content
from dualtrack.runtime.lookup import contents_of, find_policy
from dualtrack.runtime.reasons import in_language, read_reasons
from dualtrack.web.parts import Badge, Fact, mode_badge
from dualtrack.web.views.reviews import WHY_WORDS, status_badge
from dualtrack.web.views.use_facts import ACTION_WORDS, DECISION_WORDS, guard_name
from dualtrack.web.views.wording import HONG_KONG_HOURS

if TYPE_CHECKING:
    from dualtrack.domain.decision import Decision
    from dualtrack.domain.oversight import AnswerFetch
    from dualtrack.runtime.decisions import DecisionView
    from dualtrack.store.register import Register
    from dualtrack.web.parts import Tone
    from dualtrack.web.views.wording import Say

__all__ = [
    "CONTENT_CHARACTERS_MAX",
    "DecisionPage",
    "Opened",
    "day_bound",
    "decision_page",
    "opened_contents",
    "outcome_of",
]

CONTENT_CHARACTERS_MAX = 60_000
"""Characters of a content printed on a page: what one call may carry by default."""

_TONES: dict[str, Tone] = {
    "served": "good",
    "blocked": "bad",
    "routed": "low",
    "fallback": "amber",
    "shadowed": "low",
    "failed": "bad",
    "refused": "note",
    "stopped": "bad",
}


class DecisionPage(NamedTuple):
    """Rows of the page of one decision, in one language."""

    facts: list[Fact]
    guards: list[tuple[str, str, str, str, str, str]]
    calls: list[tuple[str, str, str, str, str, str]]
    timings: list[tuple[str, str]]
    disclosure: str
    reviews: list[tuple[str, str, str, str]]


class Opened(NamedTuple):
    """A content that was opened: its name, and its text, or why there is none."""

    name: str
    text: str | None
    why: str


def outcome_of(outcome: str, say: Say) -> Badge:
    """Return a decision's outcome as a badge."""
    return Badge(_TONES.get(outcome, "note"), say.capital(DECISION_WORDS[outcome]))


def day_bound(text: str, *, end: bool, where: str) -> str | None:
    """Return the instant at which a Hong Kong day begins or, with `end`, ends; None for no day. Raises FieldError."""
    if not text:
        return None
    midnight = parse_instant(f"{parse_date(text, where=where)}T00:00:00Z") - timedelta(hours=HONG_KONG_HOURS)
    return format_instant(midnight + timedelta(days=1) if end else midnight)


def decision_page(register: Register, view: DecisionView, say: Say) -> DecisionPage:
    """Return one decision in rows."""
    record = view.record
    return DecisionPage(
        facts=_facts(record, say) + _fetched(view.fetched, say),
        guards=[
            (
                guard_name(item.guard, say),
                say("input", "輸入") if item.stage == "input" else say("output", "輸出"),
                f"{item.score / 1000:g}",
                say("yes", "是") if item.fired else say("no", "否"),
                say.capital(ACTION_WORDS[item.action]) if item.fired else "–",
                f"{item.cost_us:,}",
            )
            for item in record.guards
        ],
        calls=[
            (
                item.component,
                item.model or item.provider,
                item.fault or str(item.status),
                f"{item.us / 1000:,.1f}",
                "–" if item.tokens_in is None else f"{item.tokens_in:,}",
                "–" if item.tokens_out is None else f"{item.tokens_out:,}",
            )
            for item in record.upstream
        ],
        timings=[
            (name, f"{us / 1000:,.2f}")
            for name, us in (
                (say("Guards on the input", "輸入防護"), record.timing.input_us),
                (say("Model", "模型"), record.timing.upstream_us),
                (say("Guards on the output", "輸出防護"), record.timing.output_us),
                (say("All of it", "合計"), record.timing.total_us),
            )
        ],
        disclosure=_disclosure(register, record, say),
        reviews=[
            (
                item.opened.id,
                say.text(WHY_WORDS[item.opened.why]),
                status_badge(item.status, say.language).label + (say(", late", "，逾時") if item.late else ""),
                say.moment(item.opened.due_at),
            )
            for item in view.reviews
        ],
    )


def opened_contents(register: Register, record: Decision, say: Say) -> list[Opened]:
    """Open input, output and reasons of a decision. The caller has put into the ledger who looks and why."""
    names = (
        (say("Input", "輸入"), record.input),
        (say("Output", "輸出"), record.output),
        (say("Reasons", "理由"), record.reasons),
    )
    return [_open(register, record, name, digest, say) for name, digest in names]


def _open(register: Register, record: Decision, name: str, digest: str | None, say: Say) -> Opened:
    if digest is None:
        return Opened(name, None, say("There was none.", "沒有。"))
    try:
        data = contents_of(register).open(digest)
    except NotFoundError as error:
        erased = error.code == "not-found.erased"
        return Opened(
            name, None, say("It was erased.", "已被刪除。") if erased else say("It is not here.", "並不在此。")
        )
    text = _readable(register, record, digest, data, say)
    if len(text) > CONTENT_CHARACTERS_MAX:
        return Opened(
            name,
            text[:CONTENT_CHARACTERS_MAX],
            say(f"Cut: {len(text):,} characters in all.", f"已截短：全文共{len(text):,}字元。"),
        )
    return Opened(name, text, "")


def _readable(register: Register, record: Decision, digest: str, data: bytes, say: Say) -> str:
    """Return a content as text: reasons a line each in the reader's language, a row without what its policy walls off."""
    if digest == record.reasons:
        return "\n".join(in_language(read_reasons(data), say.language.value))
    if digest == record.input and record.policy is not None:
        data = walled_content(find_policy(register, record.use, record.policy), data)
    return data.decode("utf-8", "replace")


def _facts(record: Decision, say: Say) -> list[Fact]:
    durable = (
        say("durable before the answer", "回應前已寫入")
        if record.durability == "durable"
        else say("in a batch", "分批寫入")
    )
    receipt = say("given to the customer", "已交客戶") if record.receipt else say("none", "沒有")
    languages = {"en": "English", "zh-Hant": "繁體中文"}
    optional = [
        (say("Code", "代碼"), record.code, True),
        (say("Language", "語言"), languages.get(record.language or ""), False),
        (say("About (pseudonym)", "關於（假名）"), record.subject, True),
        (say("Released by reviewer", "由覆核人發出"), record.reviewer, False),
        (say("Written after a crash", "故障後補記"), say.value(True) if record.recovered else None, False),
    ]
    return [
        Fact(say("Mode", "模式"), mode_badge(record.mode, say.language).label),
        Fact(say("Recorded", "記錄方式"), durable),
        Fact(say("Receipt", "收據"), receipt),
        *(Fact(term, value, code) for term, value, code in optional if value is not None),
        Fact(say("Release", "版本"), record.release, code=True),
        Fact(say("Permit", "准許"), record.permit or say("none: not permitted", "沒有：未獲准許"), code=record.permit is not None),
        Fact(say("Runtime policy", "運行政策"), record.policy or "–", code=True),
        Fact(say("Number in its run", "進程內編號"), f"{record.run} / {record.seq:,}", code=True),
    ]  # fmt: skip


def _fetched(found: AnswerFetch | None, say: Say) -> list[Fact]:
    """Return when a held answer was first fetched, and by whom."""
    if found is None:
        return []
    by = {
        "program": say(f"key {found.by}", f"密鑰 {found.by}"),
        "receipt": say("the customer's receipt", "客戶收據"),
        "link": say(f"the customer's link {found.by}", f"客戶連結 {found.by}"),
        "function": say("the governed function", "受管治的函數"),
    }[found.means]
    when = say.moment(found.at)
    return [Fact(say("Answer first fetched", "首次取得答覆"), say(f"{when}, by {by}", f"{when}，經{by}"))]


def _disclosure(register: Register, record: Decision, say: Say) -> str:
    """Return the text that was shown, if the policy still says which it was."""
    if record.disclosure is None:
        return say("None was shown.", "沒有作出披露。")
    try:
        policy = find_policy(register, record.use, record.policy)
    except NotFoundError:
        return say("One was shown; its policy is not in the ledger.", "已作出披露；其政策不在日誌內。")
    shown = policy.disclosure.text if policy.disclosure else None
    if shown is None or canonical.digest(encode(shown)) != record.disclosure:
        return say("One was shown that the policy does not have.", "所作披露與政策不符。")
    return say.quoted(shown.en if record.language == "en" else shown.zh) if record.language else say.text(shown)
