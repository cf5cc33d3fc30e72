"""What pages on which people act share: who acts, on what, instants in words, and a refusal as its reader can use it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.business_time import business_minutes_between
from dualtrack.domain.ids import parse_use
from dualtrack.domain.records import Text
from dualtrack.domain.time import HONG_KONG, parse_instant
from dualtrack.errors import DualtrackError, FieldError, NotFoundError
from dualtrack.present.text import date_text
from dualtrack.web.identity.permissions import Verb, allowed, require
from dualtrack.web.views.meanings import knows, meaning_of
from dualtrack.web.views.rendering import Language, both

if TYPE_CHECKING:
    from collections.abc import Collection
    from datetime import datetime

    from dualtrack.web.identity.who import Identity
    from dualtrack.web.pages.base import PageRequest

__all__ = [
    "Clock",
    "Refusal",
    "can",
    "due_clock",
    "error_field",
    "holder_of_person",
    "language_of",
    "moment_text",
    "person",
    "refusal",
    "say",
    "stale",
    "use_of",
]

_MINUTES_IN_HOUR = 60


class Refusal(NamedTuple):
    """Why something was refused and what to do. `detail` are the error's own words, in English."""

    says: str
    do: str
    detail: str
    code: str
    status: int


class Clock(NamedTuple):
    """Time left of a due instant in Hong Kong business time, in words."""

    text: str
    late: bool
    due: str


def language_of(request: PageRequest) -> Language:
    """Return the page's language as the views take it."""
    return Language(request.language)


def say(request: PageRequest, text: Text) -> str:
    """Return the side of a text that this reader reads."""
    return both(text, language_of(request))


def person(request: PageRequest) -> Identity:
    """Return who acts; pages with a verb are opened to nobody else."""
    assert request.identity is not None, "the page has a verb, so somebody was let in"
    return request.identity


def holder_of_person(request: PageRequest) -> str:
    """Return the name under which separation of duties is judged."""
    identity = person(request)
    return identity.holder or identity.name


def can(request: PageRequest, verb: Verb) -> bool:
    """Tell whether the person's roles have a verb, for what a page offers; the door itself judges again."""
    return allowed(person(request).roles, verb)


def use_of(request: PageRequest, verb: Verb = Verb.SEE_USE) -> str:
    """Return the use that the address names; raises NotFoundError, and ForbiddenError where the person may not do this there."""
    identity = person(request)
    use = f"{request.path['institution']}/{request.path['use']}"
    parse_use(use, where="address")
    known = request.path["institution"] == identity.institution
    if not known or request.register.repository.newest("declaration/1", use) is None:
        raise NotFoundError(f"no use {use!r:.80}", where=identity.institution, fix="choose one from the overview")
    require(identity, verb, institution=identity.institution, use=use)
    return use


def moment_text(instant: str | datetime, language: Language) -> str:
    """Return an instant as Hong Kong reads it: `5 March 2026 17:30 HKT`."""
    at = parse_instant(instant) if isinstance(instant, str) else instant
    local = at.astimezone(HONG_KONG)
    return f"{both(date_text(local.date()), language)} {local:%H:%M} HKT"


def due_clock(due_at: str, now: datetime, language: Language) -> Clock:
    """Return how much Hong Kong business time is left until an instant, or by how much it is past."""
    minutes = business_minutes_between(now, parse_instant(due_at))
    late = now > parse_instant(due_at)
    hours, rest = divmod(abs(minutes), _MINUTES_IN_HOUR)
    en, zh = (f"{hours} h {rest} min", f"{hours}小時{rest}分") if hours else (f"{rest} min", f"{rest}分鐘")
    text = Text(en=f"{en} over" if late else f"{en} left", zh=f"逾期{zh}" if late else f"尚餘{zh}")
    return Clock(both(text, language), late, moment_text(due_at, language))


def refusal(error: DualtrackError, language: Language) -> Refusal:
    """Return an error for a page: what its code means in the reader's language, and the error's own words."""
    error = error.outward()
    meaning, exact = meaning_of(error.code), knows(error.code)
    own = f"{error.where}: {error.found}" if error.where else error.found
    parts = [part for part in ("" if exact else own, error.expected, "" if exact else error.fix) if part]
    return Refusal(both(meaning.says, language), both(meaning.do, language), ". ".join(parts), error.code, error.status)


def stale(what: str) -> FieldError:
    """Return the refusal of a form that was made from another version than the present one."""
    error = FieldError("it was changed since the form was opened", where=what, code="stale")
    error.status = 409
    return error


def error_field(error: DualtrackError, fields: Collection[str]) -> str:
    """Return the form's field that an error is about, by the last words of where it was found; empty if it is none."""
    name = error.where.rpartition("field ")[2].rpartition(" ")[2] if error.where else ""
    name = name.partition("[")[0].partition(".")[0]
    return name if name in fields else ""
