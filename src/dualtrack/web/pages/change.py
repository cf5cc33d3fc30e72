"""Changes of a use: what the firm may owe its regulators before one, and the answer whether it is a significant change."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, Any

from dualtrack.errors import DualtrackError, NotFoundError
from dualtrack.runtime.changes import answer_change, change_answers
from dualtrack.runtime.drafts import duties_of_change, reporting_duties, significant_change
from dualtrack.runtime.lookup import find_declaration
from dualtrack.web.identity.permissions import Verb
from dualtrack.web.pages.asked import say_of, use_address
from dualtrack.web.pages.base import Page, Redirect, View
from dualtrack.web.pages.use import use_tabs, use_trail
from dualtrack.web.parts import Choice, Crumb
from dualtrack.web.views.acting import can, error_field, holder_of_person, refusal, use_of
from dualtrack.web.views.incidents import answer_words, duty_rows, question_words

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.oversight import ChangeAnswer
    from dualtrack.web.pages.base import PageRequest
    from dualtrack.web.views.wording import Say

__all__ = ["PAGES"]


def _show(request: PageRequest) -> View:
    return _view(request, {}, None)


def _view(request: PageRequest, form: Mapping[str, str], error: DualtrackError | None) -> View:
    say, use, register = say_of(request), use_of(request), request.register
    declared, question = find_declaration(register, use), significant_change(register, use)
    answers = change_answers(register, use)
    release = register.latest_release(use)
    title = say("Changes", "改動")
    choices = (("yes", say("Yes, it is", "是")), ("no", say("No, it is not", "否")))
    context = {
        "declared": declared,
        "trail": use_trail(use, say.text(declared.title), say, Crumb(title)),
        "tabs": use_tabs(use, say, "change"),
        "duties": duty_rows(duties_of_change(register, use), say.language),
        "checked_on": date.fromisoformat(reporting_duties()[0]),
        "question": question_words(question, say.language),
        "answers": [_row(item, say) for item in answers],
        "release": release,
        "older": bool(answers) and answers[0].release != release,
        "choices": [Choice(value, label, value == form.get("answer")) for value, label in choices],
        "may_answer": can(request, Verb.ANSWER_NOTICE),
        "address": use_address(use, "change"),
        "form": form,
        "refused": refusal(error, say.language) if error else None,
        "wrong": error_field(error, ("answer", "reason")) if error else "",
    }
    return View("change.html.j2", context, f"{title}: {say.text(declared.title)}", error.status if error else 200)


def _row(item: ChangeAnswer, say: Say) -> dict[str, Any]:
    return {
        "answer": answer_words(item.answer, say.language),
        "reason": item.reason,
        "by": item.by,
        "when": say.moment(item.at),
        "release": item.release,
    }


def _answer(request: PageRequest) -> View | Redirect:
    """Record the answer. The door asked for the password of the last minutes, or the one in this form."""
    use, say, form = use_of(request, Verb.ANSWER_NOTICE), say_of(request), dict(request.form)
    try:
        answer_change(
            request.register,
            use,
            release=form.get("release") or None,
            answer=form.get("answer", ""),
            reason=form.get("reason", ""),
            by=holder_of_person(request),
        )
    except NotFoundError:
        raise
    except DualtrackError as error:
        return _view(request, form, error)
    return Redirect(use_address(use, "change"), say("The answer is recorded.", "答覆已記錄。"))


PAGES: tuple[Page, ...] = (
    Page("/uses/{institution}/{use}/change", "GET", Verb.SEE_USE, _show),
    Page("/uses/{institution}/{use}/change", "POST", Verb.ANSWER_NOTICE, _answer),
)
"""Everybody who sees the use reads what a change obliges the firm to; compliance and the responsible officer answer."""
