"""Pages of lists by key: `limit` and `after`, and a Link header to the next page (RFC 8288)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi import Request, Response

__all__ = ["PAGE_MAX", "Limit", "link_next", "page_of"]

PAGE_MAX = 500
"""Rows of one page."""

Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="Rows of this page.")]

T = TypeVar("T")


def link_next(request: Request, response: Response, after: str | None) -> None:
    """Add the link to the next page, where there is one."""
    if after is None:
        return
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    address = f"{request.url.path}?{urlencode([*query, ('after', after)])}"
    response.headers["link"] = f'<{address}>; rel="next"'


def page_of(rows: Sequence[T], key: Callable[[T], str], *, after: str | None, limit: int) -> tuple[list[T], str | None]:
    """Return a page of rows that are sorted downwards by their key, and the key to go on behind (None: the last page)."""
    rest = [row for row in rows if after is None or key(row) < after]
    page = rest[:limit]
    return page, key(page[-1]) if len(rest) > limit else None
