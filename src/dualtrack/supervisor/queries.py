"""The closed table of queries that a notice may ask and a return may answer.

A query is a pure function of accounts, computed by the same code on both sides. A name that is not here is not answered:
a notice can never make a firm run anything else.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain.records import Text, to_plain
from dualtrack.domain.time import add_days, format_instant, parse_instant
from dualtrack.errors import FieldError
from dualtrack.supervisor.account import Account, benefit_figure
from dualtrack.supervisor.dry_run import impacts

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dualtrack.rules.pack import Pack

__all__ = ["QUERIES", "Figure", "Query", "Terms", "ask"]

_DUE_DAYS = 30
"""Days ahead for which open conditions are counted."""


class Terms(NamedTuple):
    """What a query may depend on besides the accounts: the instant of the return, and the notice's pack with its date."""

    at: str
    pack: Pack | None
    effective_from: str | None


class Figure(NamedTuple):
    """The value of a query, the number of verdicts it is a figure of, and the digests of the evidence it shows."""

    value: Any
    n: int
    evidence: list[str]


class Query(NamedTuple):
    """A query with its words and its function over the newest account of each use."""

    title: Text
    figure: Callable[[Sequence[Account], Terms], Figure]


def ask(name: str, accounts: Sequence[Account], terms: Terms) -> Figure:
    """Compute a query; raises FieldError for a name that is not in the table, or a pack query without a pack."""
    query = QUERIES.get(name)
    if query is None:
        raise FieldError(f"query {name[:80]!r}", where="notice", expected=", ".join(QUERIES), fix="ask one of these")
    return query.figure(accounts, terms)


def _uses(accounts: Sequence[Account]) -> list[Account]:
    return [account for account in accounts if account.use is not None]


def _counted(key: Callable[[Account], str]) -> Callable[[Sequence[Account], Terms], Figure]:
    def figure(accounts: Sequence[Account], _terms: Terms) -> Figure:
        uses = _uses(accounts)
        return Figure(dict(sorted(Counter(map(key, uses)).items())), len(uses), [])

    return figure


def _open_conditions(accounts: Sequence[Account], terms: Terms) -> Figure:
    uses = _uses(accounts)
    until = format_instant(add_days(parse_instant(terms.at), _DUE_DAYS))
    due = [item.due for account in uses for item in account.assessment.conditions if account.assessment.mode]
    return Figure(sum(item is not None and item <= until for item in due), len(uses), [])


def _benefits(accounts: Sequence[Account], _terms: Terms) -> Figure:
    found = [figure for account in _uses(accounts) if (figure := benefit_figure(account))]
    return Figure([to_plain(item) for item in found], len(found), [item.evidence for item in found])


def _affected(accounts: Sequence[Account], terms: Terms) -> Figure:
    if terms.pack is None or terms.effective_from is None:
        raise FieldError("a query about a pack", where="uses_affected_by_pack", expected="a notice that carries one")
    found = impacts(accounts, terms.pack, terms.effective_from)
    changed = [
        {"subject": item.use or item.institution, "without": item.without, "with": item.with_pack}
        for item in found
        if item.changes
    ]
    return Figure(to_plain(changed), len(found), [])


QUERIES: dict[str, Query] = {
    "uses_by_verdict": Query(
        Text(en="Uses by verdict", zh="按結論劃分的用途數目"), _counted(lambda item: item.assessment.verdict.value)
    ),
    "uses_by_area": Query(
        Text(en="Uses by opportunity area", zh="按應用範疇劃分的用途數目"),
        _counted(lambda item: str(item.assessment.facts.get("use.area", "not declared"))),
    ),
    "uses_by_tier": Query(
        Text(en="Uses by risk tier", zh="按風險級別劃分的用途數目"),
        _counted(lambda item: item.assessment.tier.value.value),
    ),
    "open_conditions_due_30d": Query(
        Text(en="Open permit conditions due within 30 days", zh="三十日內到期的未了條件數目"), _open_conditions
    ),
    "benefit_intervals": Query(Text(en="Measured benefits with intervals", zh="實測效益及其區間"), _benefits),
    "uses_affected_by_pack": Query(
        Text(en="Uses whose verdict the pack would change", zh="結論會因規則包而改變的用途"), _affected
    ),
}
"""Query name to its words and function."""
