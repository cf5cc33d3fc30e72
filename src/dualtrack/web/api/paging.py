"""Pages of lists by key: `limit` and `after`, and a Link header to the next page (RFC 8288)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, TypeVar
from urllib.parse import urlencode

from fastapi import Query

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from fastapi import Request, Response

__all__ = ["CURSOR_CHARACTERS_MAX", "CURSOR_PATTERN", "PAGE_MAX", "After", "Limit", "link_next", "page_of"]

PAGE_MAX = 500
"""Rows of one page."""

Limit = Annotated[int, Query(ge=1, le=PAGE_MAX, description="Rows of this page.")]

CURSOR_CHARACTERS_MAX = 160
"""Longest place to go on behind: a use with its institution has 129 characters."""

CURSOR_PATTERN = r"^[\x21-\x7e]+$"
"""A place to go on behind: names, numbers and instants."""

After = Annotated[
    str | None,
    Query(
        pattern=CURSOR_PATTERN,
        max_length=CURSOR_CHARACTERS_MAX,
        description="Go on behind this row: the link to the next page says it.",
    ),
]

T = TypeVar("T")


def link_next(request: Request, response: Response, after: str | None) -> None:
    """Add the link to the next page, where there is one."""
    if after is None:
        return
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "after"]
    address = f"{request.url.path}?{urlencode([*query, ('after', after)])}"
    response.headers["link"] = f'<{address}>; rel="next"'


def page_of(
    rows: Sequence[T], key: Callable[[T], str], *, after: str | None, limit: int, upwards: bool = False
) -> tuple[list[T], str | None]:
    """Return a page of rows and the key to go on behind (None: the last page).

    Rows are sorted by their key downwards, newest first; with `upwards` the other way, as names are.
    """
    rest = [row for row in rows if after is None or (key(row) > after if upwards else key(row) < after)]
    page = rest[:limit]
    return page, key(page[-1]) if len(rest) > limit else None
