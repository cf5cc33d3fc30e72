"""What pages read from a request: the language, the use that is named, and a few checked fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.ids import parse_use
from dualtrack.errors import NotFoundError
from dualtrack.store.projections import Projections
from dualtrack.web.identity.permissions import Verb, allowed, require
from dualtrack.web.views.wording import Say

if TYPE_CHECKING:
    from dualtrack.errors import DualtrackError
    from dualtrack.web.identity.who import Identity
    from dualtrack.web.pages.base import PageRequest

__all__ = ["Problem", "may", "number_of", "problem_of", "say_of", "use_address", "use_of", "who"]

_NUMBER_DIGITS_MAX = 15
"""Digits of a number in an address: more entries than a ledger will have."""


class Problem(NamedTuple):
    """Why a form was refused, and what to do: shown above the form, with what was typed still in it."""

    found: str
    fix: str
    status: int


def problem_of(error: DualtrackError) -> Problem:
    """Return an error as a page shows it."""
    found = f"{error.where}: {error.found}" if error.where else error.found
    return Problem(found, error.fix or error.expected, error.status)


def say_of(request: PageRequest) -> Say:
    """Return the request's language as something that says things in it."""
    return Say(request.language)


def who(request: PageRequest) -> Identity:
    """Return who asks; pages with a verb always have somebody."""
    assert request.identity is not None
    return request.identity


def may(request: PageRequest, verb: Verb) -> bool:
    """Tell whether who asks has a verb: what a page offers, never what it allows."""
    return request.identity is not None and allowed(request.identity.roles, verb)


def use_of(request: PageRequest, verb: Verb = Verb.SEE_USE) -> str:
    """Return the whole name of the use in the address; raises NotFoundError, and ForbiddenError for one out of reach."""
    identity = who(request)
    use = f"{request.path['institution']}/{request.path['use']}"
    parse_use(use, where="address")
    known = use.partition("/")[0] == identity.institution
    if not known or not Projections(request.register.repository).rows("use", id=use):
        raise NotFoundError(f"no use {use!r:.80}", where=identity.institution, fix="choose one from the overview")
    require(identity, verb, institution=identity.institution, use=use)
    return use


def use_address(use: str, *rest: str) -> str:
    """Return the address of a use's page, or of a page below it."""
    return "/".join(("/uses", use, *rest))


def number_of(text: str, *, where: str) -> int:
    """Return a whole number from an address; raises NotFoundError for anything else."""
    if not (text.isascii() and text.isdigit() and len(text) <= _NUMBER_DIGITS_MAX):
        raise NotFoundError(f"{text[:40]!r} is no number", where=where, fix="choose one from the list")
    return int(text)
