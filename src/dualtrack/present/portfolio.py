"""The portfolio: every use of every institution on one self-contained page, areas by sectors, both tracks, both languages.

Reads explanations; decides nothing. What is only declared says so and names the rules that would bind it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import dualtrack
from dualtrack.domain.vocabulary import Area, Effect, Grade, Sector, Track, Verdict
from dualtrack.present import terms, words
from dualtrack.present.benefit_view import benefit_view
from dualtrack.present.charts import plain_number
from dualtrack.present.dossier import VERDICT_STYLES, track_view, verdict_line
from dualtrack.present.html import render
from dualtrack.present.phrases import counted, day_of, iso_day, load_words, our_test
from dualtrack.present.text import fill

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.domain.assessment import Assessment
    from dualtrack.domain.institution import Institution
    from dualtrack.domain.records import Text
    from dualtrack.domain.usecase import UseCase
    from dualtrack.domain.vocabulary import Outcome, Role
    from dualtrack.permit.explain import Explanation, RuleExplained
    from dualtrack.present.benefit_view import BenefitView
    from dualtrack.present.dossier import TrackView
    from dualtrack.rules.records import PackData

__all__ = ["Listed", "portfolio_page"]


class Listed(NamedTuple):
    """An explained use, or institution where the assessment is of one, with the address of its dossier, if it has one."""

    explanation: Explanation
    link: str | None = None


class _Use(NamedTuple):
    use: UseCase
    institution: Institution
    assessment: Assessment
    line: Text
    style: str
    link: str | None
    tracks: dict[str, TrackView]
    benefit: BenefitView
    binding: list[_Bound]


class _Bound(NamedTuple):
    """A binding pack with how many of its rules would refuse, make conditions, and advise, and where they point."""

    pack: PackData
    refusing: int
    condition: int
    other: int
    cites: list[str]


class _Due(NamedTuple):
    """Something with a date: a condition, or the end of a permit."""

    day: str
    title: Text
    use: Text
    link: str | None
    test: Text | None
    pack: str
    owner: Role | None
    outcome: Outcome | None
    secondary: bool


class _Regime(NamedTuple):
    """A pack an institution was assessed on: rules evidenced of those that apply, binding or simulated."""

    pack: PackData
    binding: bool
    done: int
    applicable: int


class _Firm(NamedTuple):
    institution: Institution
    declared: int
    measured: int
    assessment: Assessment | None
    link: str | None
    regimes: list[_Regime]


def portfolio_page(listed: Sequence[Listed], *, statement: Text | None = None) -> str:
    """Return the page as HTML text; `statement` is its first line, such as where demo data are from."""
    uses = [_use(number, item) for number, item in enumerate(listed) if item.explanation.case.use]
    sectors = [item for item in Sector if item is not Sector.VA_DEALER or any(use.use.sector is item for use in uses)]
    ats = [item.explanation.assessment.at for item in listed]
    return render(
        "portfolio.html.j2",
        "present",
        w=load_words("portfolio"),
        d=load_words("dossier"),
        fill=fill,
        counted=counted,
        words=words,
        terms=terms,
        day=day_of,
        iso=iso_day,
        number=plain_number,
        statement=statement,
        uses=uses,
        areas=list(Area),
        sectors=sectors,
        cells={(area, sector): _cell(uses, area, sector) for area in Area for sector in sectors},
        styles=VERDICT_STYLES,
        verdicts=_verdicts(uses),
        effects=[use for use in uses if use.benefit.newest is not None],
        dues=_dues(listed),
        bare=[use for use in uses if use.assessment.verdict is Verdict.NOTHING_MEASURED],
        firms=_firms(listed, uses),
        at=max(ats) if ats else None,
        version=dualtrack.__version__,
    )


def _use(number: int, item: Listed) -> _Use:
    explanation = item.explanation
    declaration = explanation.case.found.declaration
    assert declaration is not None  # an explained use has a declaration: `Listed` of anything else names no use
    assessment = explanation.assessment
    return _Use(
        use=declaration,
        institution=explanation.case.found.institution,
        assessment=assessment,
        line=verdict_line(assessment),
        style=VERDICT_STYLES[assessment.verdict],
        link=item.link,
        tracks={track.value: track_view(assessment, track, key=f"-{number}") for track in Track},
        benefit=benefit_view(explanation.case, key=f"effect-{number}"),
        binding=_binding(explanation),
    )


def _binding(explanation: Explanation) -> list[_Bound]:
    found: dict[str, list[RuleExplained]] = {}
    for item in explanation.rules:
        if item.binding:
            found.setdefault(item.pack.id, []).append(item)
    return [_bound(items) for _, items in sorted(found.items())]


def _bound(items: list[RuleExplained]) -> _Bound:
    effects = [item.effect for item in items]
    refusing = effects.count(Effect.REFUSES) + effects.count(Effect.REFUSES_LIVE)
    condition = effects.count(Effect.CONDITION)
    cites = {cite: None for item in items for cite in item.rule.data.cites}
    ordered = sorted(cites, key=_paragraph)
    return _Bound(items[0].pack.data, refusing, condition, len(items) - refusing - condition, _short(ordered))


def _short(cites: list[str]) -> list[str]:
    """Leave out a document's name that every place of it repeats: `Policy, work 1` becomes `work 1`."""
    head = cites[0].partition(", ")[0] + ", "
    return [cite.removeprefix(head) for cite in cites] if all(cite.startswith(head) for cite in cites) else cites


def _paragraph(cite: str) -> tuple[str, int, str]:
    """Order `9(a)` before `18(b)`, and names by themselves."""
    digits = cite.removeprefix("P").partition("(")[0]
    return ("", int(digits), cite) if digits.isdigit() else (cite, 0, cite)


def _cell(uses: list[_Use], area: Area, sector: Sector) -> list[_Use]:
    return [use for use in uses if use.use.area is area and use.use.sector is sector]


def _verdicts(uses: list[_Use]) -> list[tuple[Verdict, int]]:
    found = [use.assessment.verdict for use in uses]
    return [(verdict, found.count(verdict)) for verdict in Verdict if verdict in found]


def _dues(listed: Sequence[Listed]) -> list[_Due]:
    """Return what falls due under permits, soonest first: their conditions, rules due later, and their ends."""
    found: list[_Due] = []
    ends = load_words("portfolio")["permit_ends"]
    for item in listed:
        explanation = item.explanation
        declaration = explanation.case.found.declaration
        if explanation.assessment.mode is None or declaration is None:
            continue
        found += [
            _due(rule, declaration.title, item.link, rule.due)
            for rule in explanation.rules
            if rule.effect in {Effect.CONDITION, Effect.DUE_LATER} and rule.due is not None
        ]
        if explanation.assessment.expires is not None:
            end = explanation.assessment.expires
            found.append(_Due(end, ends, declaration.title, item.link, None, "", None, None, secondary=False))
    return sorted(found, key=lambda due: due.day)


def _due(rule: RuleExplained, use: Text, link: str | None, day: str) -> _Due:
    data, pack = rule.rule.data, rule.pack.data
    return _Due(
        day=day,
        title=data.title,
        use=use,
        link=f"{link}#{pack.id}--{data.id}" if link else None,
        test=our_test(data.cites),
        pack=pack.id,
        owner=data.owner,
        outcome=rule.outcome,
        secondary=Grade.SECONDARY in {pack.grade, data.source_grade},
    )


def _firms(listed: Sequence[Listed], uses: list[_Use]) -> list[_Firm]:
    institutions = {
        item.explanation.case.found.institution.id: item.explanation.case.found.institution for item in listed
    }
    assessed = {
        item.explanation.case.found.institution.id: item for item in listed if item.explanation.case.use is None
    }
    firms = []
    for identifier, institution in institutions.items():
        own = [use for use in uses if use.institution.id == identifier]
        item = assessed.get(identifier)
        firms.append(
            _Firm(
                institution=institution,
                declared=len(own),
                measured=sum(use.assessment.verdict is not Verdict.NOTHING_MEASURED for use in own),
                assessment=item.explanation.assessment if item else None,
                link=item.link if item else None,
                regimes=_regimes(item.explanation) if item else [],
            )
        )
    return firms


def _regimes(explanation: Explanation) -> list[_Regime]:
    found: dict[str, list[RuleExplained]] = {}
    for item in explanation.rules:
        found.setdefault(item.pack.id, []).append(item)
    return [
        _Regime(
            items[0].pack.data,
            items[0].binding,
            sum(item.outcome.value in {"met", "waived"} for item in items),
            len(items),
        )
        for _, items in sorted(found.items())
    ]
