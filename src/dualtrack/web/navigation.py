"""The sections of the console: which links a person sees, by what their roles may do and which pages there are."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.apps.registry import applications
from dualtrack.domain.records import Text
from dualtrack.web.app_pages import root_of
from dualtrack.web.identity.permissions import Verb, allowed
from dualtrack.web.parts import Link, NavGroup
from dualtrack.web.views.rendering import both

if TYPE_CHECKING:
    from collections.abc import Collection

    from dualtrack.web.identity.who import Identity
    from dualtrack.web.views.rendering import Language

__all__ = ["SECTIONS", "Place", "Section", "first_place", "navigation", "sections"]


class Place(NamedTuple):
    """A link of the navigation: the page's path, its name, and the verb that opens it.

    A page of an application is opened by console `roles` instead.
    """

    path: str
    label: Text
    verb: Verb
    roles: frozenset[str] | None = None


class Section(NamedTuple):
    """Places under one heading."""

    label: Text
    places: tuple[Place, ...]


SECTIONS: tuple[Section, ...] = (
    Section(
        Text(en="Uses of AI", zh="人工智能用途"),
        (
            Place("/", Text(en="Overview", zh="概覽"), Verb.SEE_PORTFOLIO),
            Place("/uses", Text(en="Uses", zh="用途"), Verb.SEE_PORTFOLIO),
            Place("/decisions", Text(en="Decisions", zh="決定"), Verb.SEE_DECISIONS),
            Place("/providers", Text(en="Providers", zh="供應商"), Verb.SEE_DECISIONS),
            Place("/declare", Text(en="Declare a use", zh="申報用途"), Verb.DECLARE),
            Place("/import", Text(en="Import a list", zh="匯入清單"), Verb.IMPORT_INVENTORY),
            Place("/staff", Text(en="Work that changes", zh="受影響的工作"), Verb.SEE_PORTFOLIO),
        ),
    ),
    Section(
        Text(en="People decide", zh="由人決定"),
        (
            Place("/reviews", Text(en="Reviews", zh="覆核"), Verb.SEE_REVIEWS),
            Place("/holds", Text(en="Holds", zh="暫停"), Verb.SEE_USE),
            Place("/incidents", Text(en="Incidents", zh="事故"), Verb.SEE_INCIDENTS),
            Place("/complaints", Text(en="Complaints", zh="投訴"), Verb.SEE_INCIDENTS),
        ),
    ),
    Section(
        Text(en="Records", zh="紀錄"),
        (
            Place("/ledger", Text(en="Ledger", zh="日誌"), Verb.VERIFY_LEDGER),
            Place("/rules", Text(en="Rules", zh="規則"), Verb.SEE_PORTFOLIO),
        ),
    ),
    Section(
        Text(en="Administration", zh="管理"),
        (
            Place("/people", Text(en="People", zh="人員"), Verb.MANAGE_ACCOUNTS),
            Place("/keys", Text(en="Signing keys", zh="簽署密鑰"), Verb.MANAGE_KEYS),
            Place("/api-keys", Text(en="API keys", zh="API 密鑰"), Verb.MANAGE_API_KEYS),
            Place("/settings", Text(en="Settings", zh="設定"), Verb.MANAGE_SETTINGS),
            Place("/erasure", Text(en="Erasure requests", zh="刪除要求"), Verb.ERASE_CONTENT),
        ),
    ),
)
"""All sections. A place whose page is not mounted, as in a test of some pages, is left out."""


@cache
def sections() -> tuple[Section, ...]:
    """Return the console's sections and, behind them, the places of the installed applications."""
    places = tuple(
        Place(f"{root_of(found)}{page.path}", page.place, Verb.SEE_PORTFOLIO, found.roles[page.role])
        for found in applications().values()
        for page in found.pages
        if page.place is not None and page.role is not None
    )
    return (*SECTIONS, Section(Text(en="Applications", zh="應用程式"), places)) if places else SECTIONS


def navigation(identity: Identity, language: Language, here: str, mounted: Collection[str]) -> tuple[NavGroup, ...]:
    """Return what this person sees; the place that holds the open page is marked."""
    groups = []
    seen = [place for section in sections() for place in section.places if _open(place, identity, mounted)]
    current = max((place.path for place in seen if _holds(place.path, here)), key=len, default="")
    for section in sections():
        links = tuple(
            Link(place.path, both(place.label, language), place.path == current)
            for place in section.places
            if place in seen
        )
        if links:
            groups.append(NavGroup(both(section.label, language), links))
    return tuple(groups)


def first_place(identity: Identity, mounted: Collection[str]) -> str:
    """Return where somebody who signs in begins: the first place that is theirs, else their account."""
    places = (place.path for section in sections() for place in section.places if _open(place, identity, mounted))
    return next(places, "/account")


def _open(place: Place, identity: Identity, mounted: Collection[str]) -> bool:
    if place.roles is not None and not place.roles & {role.value for role in identity.roles}:
        return False
    return place.path in mounted and allowed(identity.roles, place.verb)


def _holds(path: str, here: str) -> bool:
    return here == path or (path != "/" and here.startswith(f"{path}/"))
