"""Sums that statements must keep, and what they say of the numbers read: an identity that holds speaks for all its terms.

Tolerance is what rounding explains: each number is printed to half a unit of its last place, and a sum adds these up. An identity of
accounting does not prove a number (two errors may cancel), and one that fails names the cells to look at.
"""

from __future__ import annotations

from collections import defaultdict
from decimal import Decimal
from typing import TYPE_CHECKING, Literal, NamedTuple

from dualtrack.apps.research.calculate import numeral
from dualtrack.apps.research.documents.chains import added_up
from dualtrack.apps.research.documents.labels import labels
from dualtrack.domain.records import Record, Text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from dualtrack.apps.research.documents.chains import Added
    from dualtrack.apps.research.documents.facts import Fact
    from dualtrack.apps.research.documents.labels import Identity

__all__ = ["IdentityFinding", "Support", "check_identities", "fact_support"]


class IdentityFinding(Record, frozen=True):
    """One identity in one period: `difference` is left less right in base units, `tolerance` what rounding explains.

    `restated` is a number that a later report says it changed; `differs` one that two places print differently without saying so.
    """

    name: str
    outcome: Literal["holds", "fails", "restated", "differs"]
    document: str
    year: int
    difference: str
    tolerance: str
    addresses: tuple[str, ...]
    text: Text


class Support(NamedTuple):
    """How many identities a number is part of that hold, and that do not."""

    holds: int
    fails: int


def check_identities(facts: Iterable[Fact]) -> tuple[IdentityFinding, ...]:
    """Check the facts of one issuer, of one or several documents."""
    stated = [fact for fact in facts if fact.unit.stated]
    known = [fact for fact in stated if fact.concept]
    groups: dict[tuple[str, int], list[Fact]] = defaultdict(list)
    for fact in known:
        groups[fact.document, fact.period.year].append(fact)
    found: list[IdentityFinding] = []
    for (document, year), group in sorted(groups.items(), key=lambda each: each[0]):
        by_concept: dict[str, list[Fact]] = defaultdict(list)
        for fact in group:
            by_concept[fact.concept or ""].append(fact)
        found += [each for concept in by_concept.values() for each in _agree(concept, document, year)]
        chosen = {name: _chosen(each) for name, each in by_concept.items()}
        for identity in labels().identities:
            finding = _check(identity, chosen, document, year)
            found += [] if finding is None else [finding]
    found += [_lines(each) for each in added_up(stated)]
    return (*found, *_priors(known))


def _lines(added: Added) -> IdentityFinding:
    total = added.total
    return IdentityFinding(
        name=f"lines_{total.concept}",
        outcome="holds" if added.holds else "fails",
        document=total.document,
        year=total.period.year,
        difference=numeral(added.difference),
        tolerance=numeral(added.tolerance),
        addresses=(total.address, *(each.address for each in added.parts)),
        text=_PAIRS["lines"],
    )


def fact_support(findings: Sequence[IdentityFinding]) -> Mapping[str, Support]:
    """Return for each cell how many identities speak for its number, and how many against it."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for finding in findings:
        for address in finding.addresses:
            counts[address][finding.outcome in {"fails", "differs"}] += finding.outcome != "restated"
    return {address: Support(*both) for address, both in counts.items()}


def _chosen(facts: list[Fact]) -> Fact:
    """Return the fact of a concept that counts: a statement's own before that of a summary."""
    return min(facts, key=lambda each: (each.statement is None, each.statement == "summary"))


def _check(identity: Identity, chosen: Mapping[str, Fact], document: str, year: int) -> IdentityFinding | None:
    terms = [(each.lstrip("-"), -1 if each.startswith("-") else 1) for each in identity.right]
    if identity.left not in chosen or any(name not in chosen for name, _ in terms):
        return None
    more = [(name, 1) for name in identity.optional if name in chosen]
    findings = [
        _sum(identity, chosen, each, document, year) for each in ([terms, [*terms, *more]] if more else [terms])
    ]
    held = [each for each in findings if each is not None and each.outcome == "holds"]
    return held[0] if held else findings[-1]  # some issuers count what is optional in, others apart


def _sum(
    identity: Identity, chosen: Mapping[str, Fact], terms: list[tuple[str, int]], document: str, year: int
) -> IdentityFinding | None:
    used = [chosen[identity.left], *(chosen[name] for name, _ in terms)]
    ends = {each.period.end for each in used} - {""}
    if len({each.unit for each in used}) > 1 or len(ends) > 1:
        return None
    right = sum((sign * Decimal(chosen[name].role_value) for name, sign in terms), Decimal(0))
    difference = Decimal(chosen[identity.left].role_value) - right
    tolerance = sum((each.step for each in used), Decimal(0)) / 2
    return IdentityFinding(
        name=identity.name,
        outcome="holds" if abs(difference) <= tolerance else "fails",
        document=document,
        year=year,
        difference=numeral(difference),
        tolerance=numeral(tolerance),
        addresses=tuple(each.address for each in used),
        text=Text(en=identity.en, zh=identity.zh),
    )


def _agree(facts: list[Fact], document: str, year: int) -> list[IdentityFinding]:
    """Compare what several places of one document say of one concept and period."""
    first, found = _chosen(facts), list[IdentityFinding]()
    for other in facts:
        if other is first or other.statement is None or other.unit != first.unit or not _same_period(first, other):
            continue
        difference = Decimal(first.role_value) - Decimal(other.role_value)
        tolerance = (first.step + other.step) / 2
        if abs(difference) > tolerance:
            found.append(_pair("places", "differs", first, other, (document, year), (difference, tolerance)))
    return found


def _same_period(one: Fact, other: Fact) -> bool:
    months = {one.period.months, other.period.months} - {None}
    ends = {one.period.end, other.period.end} - {""}
    return one.period.year == other.period.year and len(months) <= 1 and len(ends) <= 1


def _priors(facts: list[Fact]) -> list[IdentityFinding]:
    """Compare the column of the year before with what the report of that year said."""
    newest: dict[str, int] = {}
    for fact in facts:
        newest[fact.document] = max(newest.get(fact.document, 0), fact.period.year)
    current: dict[tuple[str, int], Fact] = {}
    for fact in facts:
        if fact.period.year == newest[fact.document] and fact.statement not in {None, "summary"}:
            current.setdefault((fact.concept or "", fact.period.year), fact)
    found = []
    for fact in facts:
        before = current.get((fact.concept or "", fact.period.year))
        later = fact.period.year < newest[fact.document] and fact.statement not in {None, "summary"}
        if before is None or not later or before.unit != fact.unit or not _same_period(before, fact):
            continue
        difference = Decimal(fact.role_value) - Decimal(before.role_value)
        tolerance = (fact.step + before.step) / 2
        outcome: Literal["holds", "fails", "restated"] = (
            "holds" if abs(difference) <= tolerance else "restated" if fact.restated else "fails"
        )
        found.append(_pair("prior", outcome, fact, before, (fact.document, fact.period.year), (difference, tolerance)))
    return found


_PAIRS = {
    "lines": Text(en="The lines add up to the total", zh="各項相加等於合計"),
    "places": Text(en="Two places of the document print the same number", zh="文件兩處列印相同數字"),
    "prior": Text(
        en="The column of the year before is what the report of that year said", zh="上年度一欄與該年度報告所載相同"
    ),
}


def _pair(
    name: str,
    outcome: Literal["holds", "fails", "restated", "differs"],
    first: Fact,
    other: Fact,
    at: tuple[str, int],
    sizes: tuple[Decimal, Decimal],
) -> IdentityFinding:
    return IdentityFinding(
        name=name,
        outcome=outcome,
        document=at[0],
        year=at[1],
        difference=numeral(sizes[0]),
        tolerance=numeral(sizes[1]),
        addresses=(first.address, other.address),
        text=_PAIRS[name],
    )
