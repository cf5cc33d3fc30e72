"""One use as employees read it: whom to ask, what they may do about it, and what is recorded of staff who work with it.

No rule in a shipped pack asks for such a notice; it is our own. What it says of records is what this program keeps: it knows
nothing of a firm's other systems, and says so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import urlencode

from dualtrack.runtime.live import LiveUse
from dualtrack.runtime.review_group import REVIEWERS_MIN
from dualtrack.web.identity.permissions import Verb, allowed
from dualtrack.web.parts import Fact
from dualtrack.web.views.staff import GROUP_POSTS_MIN

if TYPE_CHECKING:
    from collections.abc import Collection

    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.usecase import UseCase
    from dualtrack.runtime.live import Closed
    from dualtrack.web.identity.roles import ConsoleRole
    from dualtrack.web.views.wording import Say

__all__ = ["Step", "contacts_of", "may_do", "scope_facts", "what_is_recorded"]


class Step(NamedTuple):
    """Something that a reader may do: its name, what it is, and where; an empty `href` is done with people."""

    title: str
    text: str
    href: str = ""


def scope_facts(declared: UseCase, say: Say) -> list[Fact]:
    """Return what a use does and does not do, as its owner declared it."""
    return [
        Fact(say("What it does", "它做甚麼"), say.text(declared.scope.does)),
        Fact(say("What it does not do", "它不做甚麼"), say.text(declared.scope.does_not)),
    ]


def contacts_of(declared: UseCase, policy: RuntimePolicy | None, say: Say) -> list[Fact]:
    """Return whom to ask: how the policy says that a person is reached, and who answers for the use."""
    human = [Fact(say("How to reach a person", "如何聯絡職員"), say.text(policy.human))] if policy is not None else []
    return [
        *human,
        Fact(say("Owner", "負責人"), declared.lines.first),
        Fact(say("Second line", "第二道防線"), declared.lines.second),
        Fact(say("Accountable executive", "問責高管"), declared.accountable_executive),
    ]


def may_do(
    declared: UseCase,
    policy: RuntimePolicy | None,
    live: LiveUse | Closed | None,
    roles: Collection[ConsoleRole],
    say: Say,
) -> list[Step]:
    """Return what a reader with these roles may do: about themselves where the use affects staff, and as who works with it."""
    if "staff" not in declared.affected:
        return [_not_about(declared, say), *_working(declared, roles, say)]
    shadow = isinstance(live, LiveUse) and live.mode == "shadow"
    receipts = policy if policy is not None and policy.audience != "system" and not shadow else None
    return [*_concerning(declared, receipts, say), *_working(declared, roles, say)]


def _concerning(declared: UseCase, policy: RuntimePolicy | None, say: Say) -> list[Step]:
    """Return what an employee may do whom answers are about; `policy` is None where no answer has a receipt."""
    owner = declared.lines.first
    if policy is None:
        text = say(
            f"No receipt is given here. Ask {owner} to have a person look at what concerns you.",
            f"此用途不發收據。如涉及你本人，請要求{owner}安排職員查看。",
        )
        return [Step(say("Have it looked at", "要求查看"), text)]
    steps = [
        Step(
            say("Ask for a person, or challenge it", "要求由職員處理或提出異議"),
            say(
                "Every answer about you has a receipt code. On its page you see why, ask that a person looks at it by a time that is shown, and complain.",
                "每項與你有關的答覆均有收據代碼。在收據頁面可查看原因、要求職員於所示時限內查看，亦可投訴。",
            ),
            "/r",
        )
    ]  # fmt: skip
    if policy.opt_out:
        text = say(
            "You may ask that no AI is used for you in this, on the page of your receipt or through the contact above.",
            "你可要求此事不對你使用人工智能，可於收據頁面或經上列聯絡方式提出。",
        )
    else:
        text = say(
            "This use has no opting out. A person can be asked all the same.",
            "此用途不設選擇退出，但仍可要求由職員處理。",
        )
    return [*steps, Step(say("Opting out", "選擇退出"), text)]


def _not_about(declared: UseCase, say: Say) -> Step:
    second = declared.lines.second
    text = say(
        f"As declared, nothing that it decides is about an employee. If in practice it is, tell {second}: the declaration is then wrong.",
        f"按申報，此用途的決定不涉及員工。如實際上涉及，請告知{second}：申報即屬有誤。",
    )
    return Step(say("It is not about you", "與你本人無關"), text)


def _working(declared: UseCase, roles: Collection[ConsoleRole], say: Say) -> list[Step]:
    owner, use = declared.lines.first, declared.use
    say_so = say("Say that it is wrong", "指出錯誤")
    stop = say("Stop it", "停止使用")
    if allowed(roles, Verb.OPEN_INCIDENT):
        wrong = Step(say_so, say("Open an incident; a major one closes the use.", "開立事故；重大事故會令用途關閉。"), "/incidents/new?" + urlencode({"use": use}))  # fmt: skip
    else:
        wrong = Step(say_so, say(f"Tell {owner}, who opens an incident.", f"告知{owner}，由其開立事故。"))
    if allowed(roles, Verb.SET_HOLD):
        text = say(
            "A hold stops every call within about a second; another person lets it go on.",
            "暫停會在約一秒內停止所有調用；須由另一人解除。",
        )
        return [wrong, Step(stop, text, "/holds?" + urlencode({"scope": "use", "target": use}))]
    text = say(f"Tell {owner}, or anybody who may set a hold.", f"告知{owner}，或任何可設定暫停的人。")
    return [wrong, Step(stop, text)]


def what_is_recorded(policy: RuntimePolicy | None, live: LiveUse | Closed | None, say: Say) -> list[str]:
    """Return what this program records of staff who work with a use. Whether items are planted now is never told."""
    review = live.review if isinstance(live, LiveUse) else policy.review.mode if policy is not None else "none"
    if review == "none":
        reviews = say(
            "No output is reviewed as a matter of course. Where somebody asks for a person, who decides on that, when and why is in the ledger.",
            "輸出不設例行覆核。如有人要求由職員處理，由誰、何時及因何決定，會記入日誌。",
        )  # fmt: skip
    else:
        reviews = say(
            f"Who takes and decides a review, when and why, is in the ledger. Figures about reviewers are of the group, of {REVIEWERS_MIN} people or more, never of one. Firms may plant known-wrong items among reviews.",
            f"由誰、何時及因何認領和決定覆核，會記入日誌。有關覆核人員的數字只涵蓋{REVIEWERS_MIN}人或以上的群組，絕不涉及個人。機構可於覆核中放入已知錯誤項目。",
        )  # fmt: skip
    return [
        reviews,
        say(
            "The record of a call does not say which member of staff made it. A person whom a call is about stands there under a pseudonym.",
            "調用紀錄不會顯示由哪位員工作出。調用所涉的人以化名記錄。",
        ),
        say(
            "Who opens the contents of a decision, or makes a link for a customer, is recorded with the reason given.",
            "由誰開啟決定的內容或為客戶建立連結，連同所述原因均會記錄。",
        ),
        say(
            "Who declares, releases, approves, stops or frees a use signs it; that name stays in the ledger.",
            "申報、發布、批准、暫停或解除用途者須簽署；其名稱會保留於日誌。",
        ),
        say(
            f"Hours are what owners declared of groups of {GROUP_POSTS_MIN} posts or more. Nobody's hours are measured here.",
            f"工時為負責人就{GROUP_POSTS_MIN}個職位或以上的群組所申報。此處不會量度任何人的工時。",
        ),
        say(
            "What the firm's other systems record of you is not known here: ask the owner.",
            "機構的其他系統如何記錄你的資料，此處無從得知：請向負責人查詢。",
        ),
    ]  # fmt: skip
