"""Reviews as people see them: the queue with its clocks, one item, its texts side by side, and why somebody may not act."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.errors import ReviewError
from dualtrack.present.text import same
from dualtrack.runtime.review_state import CLAIM_MINUTES, may
from dualtrack.web.parts import Badge, Fact, Step
from dualtrack.web.views.acting import due_clock, moment_text, refusal
from dualtrack.web.views.rendering import both
from dualtrack.web.views.use_facts import guard_name
from dualtrack.web.views.wording import Say

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from typing import Any

    from dualtrack.domain.decision import Decision
    from dualtrack.domain.review import ActionName, ReviewAction
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.runtime.review_state import ReviewState
    from dualtrack.web.parts import Tone
    from dualtrack.web.views.acting import Clock, Refusal
    from dualtrack.web.views.rendering import Language

__all__ = [
    "ACTION_WORDS",
    "DIFF_LINES_MAX",
    "DONE_WORDS",
    "FLOOR_SECONDS",
    "GROUP_REVIEWS_MAX",
    "ONE_MORE",
    "WHY_WORDS",
    "GroupFigure",
    "QueueItem",
    "Sides",
    "action_steps",
    "group_figures",
    "guard_rows",
    "queue_item",
    "review_facts",
    "side_by_side",
    "status_badge",
    "why_not",
]

DIFF_LINES_MAX = 2_000
"""Lines compared side by side; the comparison costs the square of it."""

FLOOR_SECONDS = 10
"""Seconds below which an approval counts as fast. Our own figure, no source sets one; the page says so."""

GROUP_REVIEWS_MAX = 500
"""Newest ended reviews behind the group's figures: each is read from the ledger while the page waits."""

WHY_WORDS: dict[str, Text] = {
    "hold_before_release": Text(en="Every output waits for a person", zh="所有輸出均須經人手放行"),
    "sample": Text(en="Drawn by chance, after the fact", zh="事後隨機抽查"),
    "guard_routed": Text(en="A guard sent it to a person", zh="防護措施轉交人手處理"),
    "no_model": Text(en="No model answered; the fixed rules pass it on", zh="模型未有作答，按固定規則轉交"),
    "customer_asked": Text(en="The customer asked for a person", zh="客戶要求由人處理"),
}
"""Why people look, in words."""

_STATUS: dict[str, tuple[Tone, Text]] = {
    "queued": ("low", Text(en="Waiting", zh="等候中")),
    "claimed": ("note", Text(en="Claimed", zh="已認領")),
    "escalated": ("amber", Text(en="Escalated", zh="已上報")),
    "approved": ("good", Text(en="Approved as drafted", zh="按草稿批准")),
    "modified": ("good", Text(en="Approved with changes", zh="修改後批准")),
    "rejected": ("bad", Text(en="Rejected", zh="已否決")),
    "terminated": ("bad", Text(en="Conversation ended", zh="對話已終止")),
    "expired": ("bad", Text(en="Ran out: fixed message given", zh="已逾期：已發出固定訊息")),
}

ACTION_WORDS: dict[ActionName, Text] = {
    "claim": Text(en="Claim", zh="認領"),
    "unclaim": Text(en="Give back", zh="交回"),
    "approve": Text(en="Approve", zh="批准"),
    "modify": Text(en="Change and approve", zh="修改並批准"),
    "reject": Text(en="Reject", zh="否決"),
    "terminate": Text(en="End the conversation", zh="終止對話"),
    "escalate": Text(en="Escalate", zh="上報"),
    "expire": Text(en="Ran out", zh="逾期"),
}
"""What each action is called on buttons and in the history."""

DONE_WORDS: dict[ActionName, Text] = {
    "claim": Text(
        en=f"You have claimed this review: for {CLAIM_MINUTES} minutes nobody else can decide it.",
        zh=f"你已認領此覆核：{CLAIM_MINUTES}分鐘內他人不能作決定。",
    ),
    "unclaim": Text(en="You gave the review back; somebody else can claim it.", zh="你已交回此覆核，他人可以認領。"),
    "approve": Text(en="You approved this text: you stand for it.", zh="你已批准此文字，並為其負責。"),
    "modify": Text(en="Your own text is recorded and approved.", zh="你所擬的文字已記錄並獲批准。"),
    "reject": Text(en="You rejected it: the fixed message stands in its place.", zh="你已否決：以固定訊息取代。"),
    "terminate": Text(en="You ended the conversation.", zh="你已終止對話。"),
    "escalate": Text(en="You escalated it: an approver decides now.", zh="你已上報：現由批准人決定。"),
}
"""What is said after each action that a person takes."""

ONE_MORE = Text(en="One more person must approve it.", zh="尚須另一人批准。")
"""What is said besides under four eyes."""

_UNDRAFTED = {
    "approved": Text(en="Taken up by a person, no answer written", zh="已由職員跟進，沒有撰寫答覆"),
    "modified": Text(en="A person wrote the answer", zh="由職員撰寫答覆"),
}
"""Ends of a review without a draft: then no text of the AI was approved."""

_WROTE = Text(en="Wrote the answer", zh="撰寫答覆")

_TONES: dict[str, Tone] = {"approve": "good", "modify": "good", "reject": "bad", "terminate": "bad", "expire": "bad"}

_LEVELS = {"reviewer": Text(en="reviewers", zh="覆核人員"), "approver": Text(en="approvers", zh="批准人")}

_FIGURES = {
    "review.caught": Text(en="Planted errors caught", zh="找出預設錯誤的比率"),
    "review.edit_distance": Text(en="Characters changed per changed text", zh="每份改動文字的改動字數"),
    "review.seconds": Text(en="Seconds from claim to decision", zh="由認領至決定的秒數"),
    "review.fast_approvals": Text(en="Approvals faster than the floor", zh="快於下限的批准"),
}

_REFUSED = {
    "fewer than 10 reviewers": Text(en="Fewer than ten: not shown", zh="少於十人：不予顯示"),
    "more than half by one reviewer": Text(en="More than half by one person: not shown", zh="過半出自一人：不予顯示"),
}


class QueueItem(NamedTuple):
    """A review in the queue."""

    id: str
    use: str
    why: str
    clock: Clock
    badge: Badge
    mine: bool
    escalated: bool
    four_eyes: bool


class Sides(NamedTuple):
    """Two texts line by line: signs and lines of each."""

    left: list[tuple[str, str]]
    right: list[tuple[str, str]]


class GroupFigure(NamedTuple):
    """One figure of the reviewers as a group; `value` is empty and `refused` says why where it may not be shown."""

    label: str
    value: str
    interval: str
    n: str
    method: str
    refused: str


def queue_item(row: Mapping[str, Any], now: datetime, me: str, language: Language, *, escalated: bool) -> QueueItem:
    """Return a row of the queue as it is shown."""
    state = "escalated" if escalated and row["state"] != "claimed" else row["state"]
    return QueueItem(
        id=row["id"],
        use=row["use_id"],
        why=both(WHY_WORDS[row["why"]], language),
        clock=due_clock(row["due_at"], now, language),
        badge=status_badge(state, language),
        mine=row["state"] == "claimed" and row["holder"] == me,
        escalated=escalated,
        four_eyes=bool(row["four_eyes"]),
    )


def status_badge(status: str, language: Language, *, drafted: bool = True) -> Badge:
    """Return a review's status as a badge; without a draft nothing of the AI's was approved, and none says so."""
    tone, label = _STATUS[status]
    return Badge(tone, both(label if drafted else _UNDRAFTED.get(status, label), language))


def review_facts(state: ReviewState, language: Language, *, disclosure: str) -> list[Fact]:
    """Return what a person needs to know of an item before its texts."""
    opened = state.opened
    yes, no = Text(en="Two people must approve the same text", zh="須由兩人批准同一文字"), Text(en="One", zh="一人")
    said = [
        (Text(en="Use", zh="用途"), same(opened.use)),
        (Text(en="Why people look", zh="覆核原因"), WHY_WORDS[opened.why]),
        (Text(en="Decides now", zh="現由何人決定"), _LEVELS[state.level]),
        (Text(en="People needed", zh="所需人數"), yes if opened.four_eyes else no),
        (Text(en="Approved so far by", zh="已批准"), same(", ".join(state.approvals) or "–")),
        (Text(en="Claimed by", zh="認領人"), same(state.claimant or "–")),
        (Text(en="Opened", zh="開立"), same(moment_text(opened.opened_at, language))),
        (Text(en="Due", zh="限期"), same(moment_text(opened.due_at, language))),
        (Text(en="AI disclosure", zh="人工智能披露"), same(disclosure)),
    ]
    return [Fact(both(term, language), both(value, language)) for term, value in said]


def why_not(
    state: ReviewState, action: ActionName, holder: str, roles: Collection[str], at: datetime, language: Language
) -> Refusal | None:
    """Return why this person may not do this now, or None if they may."""
    try:
        may(state, action, holder, roles, at)
    except ReviewError as error:
        return refusal(error, language)
    return None


def guard_rows(decision: Decision, language: Language) -> list[tuple[str, str, str, str]]:
    """Return the guards' findings: name, where, score of 1000, and what it did."""
    stage = {"input": Text(en="question", zh="提問"), "output": Text(en="answer", zh="回答")}
    done = {
        "allow": Text(en="let pass", zh="放行"),
        "redact": Text(en="took parts out", zh="刪去部分內容"),
        "route": Text(en="sent to a person", zh="轉交人手"),
        "block": Text(en="stopped it", zh="攔截"),
    }
    quiet = Text(en="did not fire", zh="未觸發")
    return [
        (
            guard_name(item.guard, Say(language)),
            both(stage[item.stage], language),
            f"{item.score}",
            both(done[item.action] if item.fired else quiet, language),
        )
        for item in decision.guards
    ]


def side_by_side(before: str, after: str) -> Sides:
    """Return both texts line by line, with what was taken away and what was added marked."""
    old, new = before.splitlines()[:DIFF_LINES_MAX], after.splitlines()[:DIFF_LINES_MAX]
    left: list[tuple[str, str]] = []
    right: list[tuple[str, str]] = []
    for tag, i1, i2, j1, j2 in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        left += [(" " if tag == "equal" else "-", line) for line in old[i1:i2]]
        right += [(" " if tag == "equal" else "+", line) for line in new[j1:j2]]
    return Sides(left, right)


def action_steps(actions: Sequence[ReviewAction], language: Language, *, drafted: bool = True) -> list[Step]:
    """Return what was done, newest first. Seconds and distances of one person are not shown: they are group figures."""
    clock = Text(en="the clock", zh="時鐘")
    return [
        Step(
            iso=item.at,
            when=moment_text(item.at, language),
            title=both(_WROTE if item.action == "modify" and not drafted else ACTION_WORDS[item.action], language),
            by=item.by or both(clock, language),
            text=item.reason or "",
            tone=_TONES.get(item.action, "amber" if item.action == "escalate" else "note"),
        )
        for item in reversed(actions)
    ]


def group_figures(found: Sequence[Measurement], language: Language) -> list[GroupFigure]:
    """Return the four figures of the group, or why one of them is not shown."""
    return [_figure(item, language) for item in found]


def _figure(item: Measurement, language: Language) -> GroupFigure:
    label = both(_FIGURES[item.measure], language)
    if item.estimate is None or item.low is None or item.high is None:
        said = str(item.facts.get("refused", ""))
        return GroupFigure(label, "", "", "", "", both(_REFUSED.get(said, same(said)), language))
    if item.unit == "share":
        value, interval = f"{item.estimate:.1%}", f"{item.low:.1%}–{item.high:.1%}"
    else:
        value, interval = f"{item.estimate:g}", f"{item.low:g}–{item.high:g}"
    return GroupFigure(label, value, interval, f"{item.n:,}", item.method.name, "")
