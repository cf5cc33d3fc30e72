"""What the pages of notes and of the register have in common: forms that come back, errors in the reader's language, issuers to choose from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.refusals import Shown, refusal_codes, refusal_of, shown_refusal
from dualtrack.apps.research.pages.desk import NOT_DONE
from dualtrack.apps.research.state import state

if TYPE_CHECKING:
    from dualtrack.apps.pages import AppRequest
    from dualtrack.apps.research.desk import Desk
    from dualtrack.errors import DualtrackError

__all__ = ["author_of", "issuers_of", "told", "typed"]

_TYPED = (
    "id", "title", "issuers", "first", "audience", "language", "text", "place", "answer", "document", "page", "quote",
    "issuer", "kind", "who", "since", "until", "percent",
)  # fmt: skip


def typed(request: AppRequest, **first: str) -> dict[str, str]:
    """Return what was typed into the form that comes back, by field; `first` is what stands in one that is new."""
    return {name: request.form.get(name, first.get(name, "")) for name in _TYPED}


def told(error: DualtrackError | None, request: AppRequest) -> Shown | None:
    """Return an error for a page in its reader's language; the error's own words, which are English, only where its code does not say all."""
    if error is None:
        return None
    if error.code not in refusal_codes() or not error.code.startswith("research."):
        return shown_refusal(error, NOT_DONE, request.language)
    meant = refusal_of(error)
    blank = "" if request.language == "zh-Hant" else " "
    return Shown(blank.join(request.said(text) for text in (NOT_DONE, meant.says, meant.do)), "")


def issuers_of(desk: Desk) -> list[str]:
    """Return the issuers of the documents that are loaded, by name."""
    return sorted({str(row["issuer"]) for row in state(desk.register).rows("document") if row["issuer"]})


def author_of(request: AppRequest) -> str:
    """Return who is at work here: the holder of the visitor's key, or the account."""
    assert request.visitor is not None, "the desk is not public"
    return request.visitor.holder or request.visitor.name
