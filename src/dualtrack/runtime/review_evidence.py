"""Reads the reviews that have ended as evidence on the reviewers as a group: seals opened, planted items judged, no person named.

What was planted counts from the Hong Kong midnight after its review ended: a count that moves at once would tell colleagues
who it was that had just let a wrong item pass. A planted item that whoever laid it in, or planted it by hand, has decided is left out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sqlalchemy import select

from dualtrack.domain.planting import repaired
from dualtrack.errors import NotFoundError
from dualtrack.runtime.lookup import contents_of
from dualtrack.runtime.plant_shelf import plants_told, read_shelf, today_s_start
from dualtrack.runtime.review_group import GroupReview, group_review
from dualtrack.runtime.review_read import read_review
from dualtrack.runtime.review_seals import seals_of
from dualtrack.runtime.review_state import END_STATES
from dualtrack.store.projections import Projections

if TYPE_CHECKING:
    from dualtrack.domain.planting import KnownWrong
    from dualtrack.runtime.plant_shelf import Shelf
    from dualtrack.runtime.review_read import ReviewRead
    from dualtrack.store.register import Register

__all__ = ["GroupEvidence", "PlantedUse", "group_evidence", "item_of", "planted_by_use"]


class GroupEvidence(NamedTuple):
    """Ended reviews as the group is measured; how many of them were planted, and how many seals nobody can open any more."""

    reviews: list[GroupReview]
    planted: int
    sealed_for_good: int


class PlantedUse(NamedTuple):
    """How a use's stock stands: items that wait, that are under review or ended since midnight, and that count."""

    use: str
    waiting: int
    under_way: int
    counted: int


def group_evidence(
    register: Register, *, limit: int, use: str | None = None, uses: frozenset[str] | None = None
) -> GroupEvidence:
    """Return the newest ended reviews, of one use, of those in `uses`, or of all, at most `limit`."""
    table = register.repository.tables.review
    Projections(register.repository).catch_up()
    query = select(table.c.id).where(
        table.c.ledger == register.repository.ledger, table.c.state.in_(sorted(END_STATES))
    )
    query = query if use is None else query.where(table.c.use_id == use)
    query = query if uses is None else query.where(table.c.use_id.in_(sorted(uses)))
    with register.repository.backend.read() as connection:
        ids = [str(item) for item in connection.execute(query.order_by(table.c.id.desc()).limit(limit)).scalars()]
    seals, shelf, until = seals_of(register), read_shelf(register), today_s_start(register)
    found: list[GroupReview] = []
    planted = unknown = 0
    for review in ids:
        read = read_review(register, review)
        is_planted = seals.planted(read.state.opened)
        unknown += is_planted is None
        counts = is_planted is True and read.state.ended and read.actions[-1].at < until
        planted += counts
        found.append(_judged(register, read, shelf) if counts else group_review(read.state.opened, read.actions))
    return GroupEvidence(found, planted, unknown)


def item_of(register: Register, read: ReviewRead) -> KnownWrong | None:
    """Return the known-wrong item of a review that has ended; None of any other, and of one that goes on."""
    if not read.state.ended or seals_of(register).planted(read.state.opened) is not True:
        return None
    shelf = read_shelf(register)
    plant = shelf.plants.get(read.state.opened.id)
    stocked = shelf.items.get(plant.item) if plant else None
    return stocked.item if stocked else None


def planted_by_use(register: Register, only: frozenset[str] | None = None) -> list[PlantedUse]:
    """Return by use how its stock stands, of those in `only` if it is given; the shelf itself is sealed as one."""
    shelf = read_shelf(register)
    counted = plants_told(register, shelf)
    uses = sorted({found.use for found in shelf.items.values() if only is None or found.use in only})
    return [
        PlantedUse(
            use=use,
            waiting=len(shelf.unused(use)),
            under_way=sum(plant.use == use and review not in counted for review, plant in shelf.plants.items()),
            counted=sum(plant.use == use and review in counted for review, plant in shelf.plants.items()),
        )
        for use in uses
    ]


def _judged(register: Register, read: ReviewRead, shelf: Shelf) -> GroupReview:
    plant = shelf.plants.get(read.state.opened.id)
    stocked = shelf.items.get(plant.item) if plant else None
    if plant is None or stocked is None or any(one.by in {stocked.by, plant.by} - {None} for one in read.actions):
        return group_review(read.state.opened, read.actions)
    gone = read.state.status == "modified" and _is_repaired(register, stocked.item, read.state.text)
    return group_review(read.state.opened, read.actions, seeded_wrong=True, repaired=gone)


def _is_repaired(register: Register, item: KnownWrong, digest: str) -> bool:
    try:
        text = contents_of(register).open(digest)
    except NotFoundError:  # erased: nobody can say that it was put right
        return False
    return repaired(item, text.decode("utf-8", "replace"))
