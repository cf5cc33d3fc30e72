"""What must hold after faults, read from the ledger and from what clients were told; each check returns what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain import canonical
from dualtrack.domain.decision import Decision
from dualtrack.domain.records import read_record
from dualtrack.domain.review import ReviewOpened
from dualtrack.domain.time import parse_instant
from dualtrack.store.projections import Projections
from dualtrack.store.store import Store
from dualtrack.store.verify import verify_store
from permit.firm import FIRM

if TYPE_CHECKING:
    from collections.abc import Iterable

    from fault_client import Asked

    from dualtrack.store.workspace import Workspace

ANSWERED = frozenset({"served", "blocked", "routed", "fallback"})
"""Outcomes that a client got an answer with."""


class Window(NamedTuple):
    """A hold: acknowledged at, and its release asked for at; steady seconds, and microseconds of Unix time."""

    from_s: float
    until_s: float
    from_us: int
    until_us: int


class Found(NamedTuple):
    """What a workspace holds: rows of the index, decisions and opened reviews by id, permits by digest, findings."""

    rows: dict[str, Any]
    decisions: dict[str, Decision]
    reviews: dict[str, ReviewOpened]
    review_rows: dict[str, dict[str, Any]]
    permits: dict[str, tuple[int, dict[str, Any]]]
    indices: dict[str, int]
    findings: list[object]


def look(workspace: Workspace) -> Found:
    """Read all of it."""
    with Store.open(workspace) as store:
        repository, table = store.repository(FIRM), store.tables.decision
        with store.backend.read() as connection:
            rows = {row.id: row for row in connection.execute(table.select())}
        decisions: dict[str, Decision] = {}
        indices: dict[str, int] = {}
        for entry in repository.every(kinds=("decision/1",)):
            found = read_record(canonical.decode(entry.content), Decision, where="test")
            assert found.id not in decisions, f"{found.id} is decided twice"
            decisions[found.id], indices[found.id] = found, entry.index
        opened = [
            read_record(canonical.decode(entry.content), ReviewOpened, where="test")
            for entry in repository.every(kinds=("review/1",))
        ]
        permits = {
            canonical.digest(entry.content): (entry.index, canonical.decode(entry.content))
            for entry in repository.every(kinds=("permit/1",))
        }
        return Found(
            rows=rows,
            decisions=decisions,
            reviews={item.id: item for item in opened},
            review_rows={row["id"]: row for row in Projections(repository).rows("review")},
            permits=permits,
            indices=indices,
            findings=[finding for report in verify_store(store) for finding in report.findings],
        )


def missing(found: Found, asked: Iterable[Asked]) -> list[str]:
    """Return what was acknowledged and is not in the ledger as it was told; a cut stream needs an outcome, whichever."""
    wrong = []
    for call in asked:
        about = call.about
        if "decision" not in about:
            continue
        record, row = found.decisions.get(about["decision"]), found.rows.get(about["decision"])
        if record is None or row is None:
            wrong.append(f"{call.kind}: {about} has no outcome")
        elif row.outcome != record.outcome or row.idx != found.indices[record.id]:
            wrong.append(f"{call.kind}: {about} is {record.outcome}, in the index {row.outcome}")
        elif "outcome" in about and about["outcome"] != record.outcome:
            wrong.append(f"{call.kind}: {about} is {record.outcome}")
        elif about.get("review") != record.review and "outcome" in about:
            wrong.append(f"{call.kind}: review {about.get('review')} is {record.review}")
    return wrong


def unpermitted(found: Found, asked: Iterable[Asked], windows: Iterable[Window]) -> list[str]:
    """Return what was answered without a permit of its instant, or asked and answered while a hold was in force."""
    wrong = []
    for call in asked:
        held = [w for w in windows if w.from_s < call.sent_s < w.until_s and (call.first_s or w.from_s) < w.until_s]
        if held and call.status < 400 and call.status:
            wrong.append(f"{call.kind}: {call.status} {call.about} while held")
    for record in found.decisions.values():
        if record.outcome not in ANSWERED:
            continue
        index, permit = found.permits.get(record.permit or "", (1 << 60, {}))
        at = parse_instant(record.at)
        if index > found.indices[record.id]:
            wrong.append(f"{record.id} under no permit that was there before")
        elif at < parse_instant(permit["from"]) or (permit["expires"] and at >= parse_instant(permit["expires"])):
            wrong.append(f"{record.id} at {record.at} outside its permit")
        done_us = found.rows[record.id].done_us
        if record.outcome == "served" and any(w.from_us < done_us < w.until_us for w in windows):
            wrong.append(f"{record.id} was served while held")
    return wrong


def partial(found: Found) -> list[str]:
    """Return calls without an end and reviews that are not whole: decision, opened review and its row belong together."""
    wrong = [f"{name} has begun and never ended" for name, row in found.rows.items() if row.outcome == "begun"]
    wrong += [f"{name} has no row" for name in found.decisions if name not in found.rows]
    for name, review in found.reviews.items():
        record = found.decisions.get(review.decision)
        if record is None or record.review != name:
            wrong.append(f"review {name} has no decision that opened it")
        elif name not in found.review_rows:
            wrong.append(f"review {name} is in no queue")
    wrong += [
        f"{name} names a review that was not opened"
        for name, record in found.decisions.items()
        if record.review is not None and record.review not in found.reviews
    ]
    wrong += [f"review row {name} has no entry" for name in found.review_rows if name not in found.reviews]
    return wrong


__all__ = ["ANSWERED", "Found", "Window", "look", "missing", "partial", "unpermitted"]
