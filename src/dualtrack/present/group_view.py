"""Outcomes by group of people as they read: each group's rate with its interval, and underpowered cells said plainly."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.present.charts import plain_interval
from dualtrack.present.phrases import interval_text, metric_text, value_text

if TYPE_CHECKING:
    from dualtrack.domain.evidence import Predicate
    from dualtrack.domain.records import Text
    from dualtrack.permit.assess import Case

__all__ = ["Breakdown", "GroupRow", "GroupView", "group_views"]

_ROWS_MAX = 200
"""Groups listed of one way of forming them; more are in the evidence itself."""

_VIEWS_MAX = 20
"""Ways of forming groups shown of one measurement."""


class GroupRow(NamedTuple):
    """One group: its rate with interval, or that it is too small to say."""

    label: str
    n: int | None
    result: str
    underpowered: bool


class Breakdown(NamedTuple):
    """One way of forming groups: the attributes, whether its smallest group suffices, and its groups."""

    attributes: str
    underpowered: bool
    rows: list[GroupRow]


class GroupView(NamedTuple):
    """One measurement by group: the gap between groups, the limit set for it, and the ways of forming groups behind it."""

    entry: int
    title: Text
    outcome: str
    attributes: str
    gap: str
    limit: str
    n: int | None
    smallest_cell: str
    underpowered: bool
    breakdowns: list[Breakdown]
    data_digest: str | None


def group_views(case: Case) -> list[GroupView]:
    """Return the newest measurement of every topic that says whether its cells were large enough."""
    newest = {item.predicate.topic: item for item in case.admitted}
    return [
        _view(item.index, case.topics[topic].title, item.predicate)
        for topic, item in sorted(newest.items())
        if isinstance(item.predicate.fields.get("underpowered"), bool)
    ]


def _view(index: int, title: Text, predicate: Predicate) -> GroupView:
    fields = predicate.fields
    return GroupView(
        entry=index,
        title=title,
        outcome=metric_text(fields.get("outcome")) or "–",
        attributes=value_text(fields.get("attributes", "–")),
        gap=interval_text(fields) or "–",
        limit=value_text(fields.get("limit", "–")),
        n=predicate.n,
        smallest_cell=value_text(fields.get("smallest_cell", "–")),
        underpowered=fields["underpowered"] is True,
        breakdowns=_breakdowns(predicate),
        data_digest=predicate.data_digest,
    )


def _breakdowns(predicate: Predicate) -> list[Breakdown]:
    """Read the groups from the statistics: one view with `parts`, or several under `views`; anything else is left out."""
    views = predicate.statistics.get("views", [predicate.statistics])
    listed = [view for view in views if isinstance(view, dict)] if isinstance(views, list) else []
    return [found for found in map(_breakdown, listed[:_VIEWS_MAX]) if found.rows]


def _breakdown(view: dict[str, object]) -> Breakdown:
    parts, facts = view.get("parts"), view.get("facts")
    rows = [_row(part) for part in parts[:_ROWS_MAX] if isinstance(part, dict)] if isinstance(parts, list) else []
    attributes = facts.get("attributes", "") if isinstance(facts, dict) else ""
    underpowered = view.get("outcome") == "underpowered" or any(row.underpowered for row in rows)
    return Breakdown(str(attributes).replace(",", " × "), underpowered, rows)


def _row(part: dict[str, object]) -> GroupRow:
    values = [part.get(name) for name in ("estimate", "low", "high")]
    known = [value for value in values if isinstance(value, float)]
    result = "–"
    if len(known) == len(values):
        result = "{} ({} – {})".format(*plain_interval(*known))
    n = part.get("n")
    return GroupRow(
        label=str(part.get("label", "")),
        n=n if isinstance(n, int) else None,
        result=result,
        underpowered=part.get("outcome") == "underpowered",
    )
