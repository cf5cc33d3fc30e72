"""The list of an institution's uses, a page at a time: who may see which is decided in the WHERE, and so is the page.

Order is by id, byte for byte on both databases: a server's collation must not decide who stands on which page.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import and_, exists, func, select

from dualtrack.domain.records import Text
from dualtrack.errors import FieldError
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from sqlalchemy import ColumnElement

    from dualtrack.store.repository import Repository

__all__ = ["USES_A_PAGE_MAX", "NamedUse", "UsePage", "use_page"]

USES_A_PAGE_MAX = 500
"""Uses of one page: more than a person scrolls through, or picks from in a form."""

_BYTES = {"sqlite": "BINARY", "postgresql": "C"}
"""The collation that compares bytes, by database."""


class NamedUse(NamedTuple):
    """A use as lists name it."""

    id: str
    title: Text


class UsePage(NamedTuple):
    """Uses of one page, its number from 1, and how many uses there are in all."""

    uses: list[NamedUse]
    number: int
    total: int


def use_page(
    repository: Repository,
    *,
    only: frozenset[str] | None,
    number: int = 1,
    size: int,
    with_kind: str | None = None,
) -> UsePage:
    """Return a page of the uses in `only` (None is all), of those that have an entry of a kind if one is given.

    A number outside the pages is the nearest one. Raises FieldError for a size that is not 1 to USES_A_PAGE_MAX.
    """
    if not 0 < size <= USES_A_PAGE_MAX:
        raise FieldError(f"a page of {size} uses", where="size", expected=f"1 to {USES_A_PAGE_MAX}")
    Projections(repository).catch_up()
    use, wanted = repository.tables.use, _wanted(repository, only, with_kind)
    with repository.backend.read() as connection:
        total = int(connection.execute(select(func.count()).select_from(use).where(wanted)).scalar() or 0)
        number = min(max(1, number), max(1, -(-total // size)))
        query = select(use.c.id, use.c.title_en, use.c.title_zh).where(wanted)
        query = query.order_by(use.c.id.collate(_BYTES[repository.backend.name]))
        rows = connection.execute(query.limit(size).offset((number - 1) * size)).all()
    return UsePage([NamedUse(str(row[0]), Text(en=row[1], zh=row[2])) for row in rows], number, total)


def _wanted(repository: Repository, only: frozenset[str] | None, with_kind: str | None) -> ColumnElement[bool]:
    use, entry = repository.tables.use, repository.tables.entry
    wanted: list[ColumnElement[bool]] = [use.c.ledger == repository.ledger]
    if only is not None:
        wanted.append(use.c.id.in_(sorted(only)))
    if with_kind is not None:
        same = (entry.c.ledger == repository.ledger, entry.c.kind == with_kind, entry.c.subject_id == use.c.id)
        wanted.append(exists().where(*same))
    return and_(*wanted)
