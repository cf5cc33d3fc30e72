"""The second page of a change: what it does, in facts, and why; it works without script.

A form is answered with this page first. What it asked travels in hidden fields, and is judged again when it comes back. The password was asked
for in the first step, and counts for minutes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.domain.records import Text  # noqa: TC001 - named tuples are made from their annotations
from dualtrack.errors import DualtrackError, FieldError
from dualtrack.web.administration import checked_reason
from dualtrack.web.pages.base import View
from dualtrack.web.parts import Crumb, Fact
from dualtrack.web.views.acting import error_field, language_of, refusal, say

if TYPE_CHECKING:
    from dualtrack.web.pages.base import PageRequest

__all__ = ["Question", "Sure", "ask", "confirmed"]


class Question(NamedTuple):
    """What is asked: words, where the answer goes, what it carries on, and where to go back.

    With `passphrase` the institution's root signs, whose keeper types it.
    """

    title: Text
    says: Text
    label: Text
    action: str
    fields: tuple[tuple[str, str], ...]
    facts: tuple[Fact, ...]
    cancel: str
    trail: tuple[Crumb, ...]
    kind: Literal["primary", "danger"] = "primary"
    passphrase: bool = False


class Sure(NamedTuple):
    """The page as its template takes it."""

    title: str
    says: str
    label: str
    fields: tuple[tuple[str, str], ...]
    facts: tuple[Fact, ...]
    cancel: str
    kind: str
    passphrase: bool
    reason: str
    wrong: str


def confirmed(request: PageRequest, question: Question) -> str | View:
    """Return the reason of somebody who has seen the page and means it, else the page."""
    if request.form.get("sure") != "yes":
        return ask(request, question)
    try:
        return checked_reason(request.form.get("reason"))
    except FieldError as error:
        return ask(request, question, error)


def ask(request: PageRequest, question: Question, error: DualtrackError | None = None) -> View:
    """Return the page, with what was wrong the last time."""
    language = language_of(request)
    sure = Sure(
        title=say(request, question.title),
        says=say(request, question.says),
        label=say(request, question.label),
        fields=(*question.fields, ("sure", "yes")),
        facts=question.facts,
        cancel=question.cancel,
        kind=question.kind,
        passphrase=question.passphrase,
        reason=request.form.get("reason", ""),
        wrong=error_field(error, ("reason",)) if error else "",
    )
    context = {
        "sure": sure,
        "action": question.action,
        "trail": (*question.trail, Crumb(sure.title)),
        "refused": refusal(error, language) if error else None,
    }
    return View("sure.html.j2", context, sure.title, error.status if error else 200)
