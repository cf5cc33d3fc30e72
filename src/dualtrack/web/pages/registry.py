"""The pages of the console: every module that has some, in one list, and those of the applications."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.web.app_pages import app_pages
from dualtrack.web.pages import (
    api_keys,
    assessment,
    assurance,
    change,
    complaints,
    decisions,
    declare,
    erasure,
    evidence_in,
    holds,
    importing,
    incidents,
    keys,
    ledger,
    links,
    notice,
    observe,
    people,
    planting,
    portfolio,
    price,
    providers,
    receipt,
    reviews,
    rulepacks,
    settings,
    signals,
    staff,
    use,
)

if TYPE_CHECKING:
    from dualtrack.web.pages.base import Page

__all__ = ["all_pages", "console_pages"]


def all_pages() -> tuple[Page, ...]:
    """Return every page; two with the same path and method are a mistake that the mount refuses."""
    return (*console_pages(), *app_pages())


def console_pages() -> tuple[Page, ...]:
    """Return the pages of the console itself."""
    modules: tuple[tuple[Page, ...], ...] = (
        portfolio.PAGES,
        use.PAGES,
        signals.PAGES,
        price.PAGES,
        assessment.PAGES,
        assurance.PAGES,
        change.PAGES,
        decisions.PAGES,
        links.PAGES,
        providers.PAGES,
        ledger.PAGES,
        receipt.PAGES,
        rulepacks.PAGES,
        planting.PAGES,
        reviews.PAGES,
        holds.PAGES,
        observe.PAGES,
        incidents.PAGES,
        complaints.PAGES,
        people.PAGES,
        keys.PAGES,
        api_keys.PAGES,
        settings.PAGES,
        erasure.PAGES,
        evidence_in.PAGES,
        declare.PAGES,
        importing.PAGES,
        staff.PAGES,
        notice.PAGES,
    )
    return tuple(page for pages in modules for page in pages)
