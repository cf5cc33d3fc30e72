"""What pages read from a request and its address: the language, numbers and longer words; and where a use's pages are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import NotFoundError
from dualtrack.web.views.wording import Say

if TYPE_CHECKING:
    from dualtrack.web.pages.base import PageRequest

__all__ = ["number_of", "say_of", "use_address", "words_of"]

_NUMBER_DIGITS_MAX = 15
"""Digits of a number in an address: more entries than a ledger will have."""


def say_of(request: PageRequest) -> Say:
    """Return the request's language as something that says things in it."""
    return Say(request.language)


def use_address(use: str, *rest: str) -> str:
    """Return the address of a use's page, or of a page below it."""
    return "/".join(("/uses", use, *rest))


def words_of(request: PageRequest, field: str = "text") -> str:
    """Return what somebody wrote into a form's longer field; a browser sends two characters for a line end, which is one."""
    return request.form.get(field, "").replace("\r\n", "\n")


def number_of(text: str, *, where: str) -> int:
    """Return a whole number from an address; raises NotFoundError for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS_MAX):
        raise NotFoundError(f"{text[:40]!r} is no number", where=where, fix="choose one from the list")
    return int(text)
