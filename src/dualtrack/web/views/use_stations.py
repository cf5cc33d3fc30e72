"""The stations of one use in words: claim or rule group, its figure, its evidence, and what stands open at it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.vocabulary import Effect, Outcome, Track
from dualtrack.present.benefit_view import benefit_view
from dualtrack.present.phrases import interval_text, our_test
from dualtrack.present.words import EFFECT_WORDS
from dualtrack.web.parts import Badge, outcome_badge
from dualtrack.web.views.lines import state_badge

if TYPE_CHECKING:
    from dualtrack.permit.explain import EvidenceUsed, Explanation, RuleExplained
    from dualtrack.present.benefit_view import BenefitView
    from dualtrack.web.tracks import State
    from dualtrack.web.views.lines import Group
    from dualtrack.web.views.wording import Say

__all__ = ["LISTED_MAX", "EvidenceLink", "OpenRule", "StationView", "benefit_figure", "station_views"]

LISTED_MAX = 4
"""Open rules and evidence listed at one station; the assessment's page has every one."""


class EvidenceLink(NamedTuple):
    """A piece of evidence behind a station: its entry, name, result with interval and n, and who signed."""

    entry: int
    title: str
    result: str
    signed: str


class OpenRule(NamedTuple):
    """A rule at a station that is neither met nor waived; `anchor` is its place on the assessment's page."""

    anchor: str
    title: str
    test: str
    badge: Badge


class StationView(NamedTuple):
    """One station with its words, and how many open rules and pieces of evidence are not listed."""

    state: State
    label: str
    badge: Badge
    detail: str
    blocks: bool
    open_rules: list[OpenRule]
    more_rules: int
    evidence: list[EvidenceLink]
    more_evidence: int


def benefit_figure(
    explanation: Explanation, groups: list[Group], say: Say
) -> tuple[BenefitView, tuple[str, str] | None]:
    """Return the benefit track's measurement, and the station that rests on it with the figure: interval and n."""
    view = benefit_view(explanation.case, say=say.text)
    if view.newest is None:
        return view, None
    point, low, high = view.newest.shown
    n = f", n = {view.newest.n:,}" if view.newest.n is not None else ""
    figure = f"{point} ({low}–{high}){n}"
    for group in groups:
        if group.track is Track.BENEFIT and any(view.newest.entry in line.evidence for line in group.rules):
            return view, (group.key, figure)
    return view, None


def station_views(
    explanation: Explanation, groups: list[Group], figure: tuple[str, str] | None, say: Say
) -> dict[str, list[StationView]]:
    """Return the stations by track."""
    rules = {(item.pack.id, item.rule.id): item for item in explanation.rules}
    found: dict[str, list[StationView]] = {track.value: [] for track in Track}
    for group in groups:
        mine = [rules[line.pack, line.rule] for line in group.rules if (line.pack, line.rule) in rules]
        shown = figure[1] if figure and figure[0] == group.key else ""
        found[group.track.value].append(_station(group, mine, shown, say))
    return found


def _station(group: Group, rules: list[RuleExplained], figure: str, say: Say) -> StationView:
    n = len(group.rules)
    counted = say(f"{group.done} of {n} rules met or waived", f"{n}項規則中{group.done}項符合或已豁免")
    open_rules = [_open(item, say) for item in rules if item.outcome not in {Outcome.MET, Outcome.WAIVED}]
    used: dict[int, EvidenceUsed] = {item.index: item for rule in rules for item in rule.evidence}
    evidence = [_evidence(item, say) for _, item in sorted(used.items())]
    return StationView(
        state=group.state,
        label=group.label,
        badge=state_badge(group.state, say),
        detail=figure or (counted if n > 1 else ""),
        blocks=group.blocks,
        open_rules=open_rules[:LISTED_MAX],
        more_rules=max(0, len(open_rules) - LISTED_MAX),
        evidence=evidence[:LISTED_MAX],
        more_evidence=max(0, len(evidence) - LISTED_MAX),
    )


def _open(item: RuleExplained, say: Say) -> OpenRule:
    badge = (
        Badge("amber", say.capital(EFFECT_WORDS[item.effect]))
        if item.effect in {Effect.DUE_LATER, Effect.CONDITION}
        else outcome_badge(item.outcome, say.language)
    )
    anchor = f"{item.pack.id}--{item.rule.id}"
    return OpenRule(anchor, say.text(item.rule.data.title), say.text(our_test(item.rule.data.cites)), badge)


def _evidence(item: EvidenceUsed, say: Say) -> EvidenceLink:
    result = interval_text(item.predicate.fields) or ""
    if item.predicate.n is not None:
        result = f"{result}, n = {item.predicate.n:,}" if result else f"n = {item.predicate.n:,}"
    return EvidenceLink(item.index, say.text(item.title), result, say.listed(item.holders))
