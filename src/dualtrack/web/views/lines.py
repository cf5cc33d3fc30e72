"""A use as two lines with stations: each benefit rule is one, safety rules are grouped by the pack that they come from.

Reads a recorded assessment, so that a list of uses costs no assessment; nothing is decided here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.vocabulary import Effect, Mode, Outcome, Track, Verdict
from dualtrack.runtime.live import Closed, LiveUse
from dualtrack.web.parts import Badge, outcome_badge
from dualtrack.web.tracks import STATIONS_MAX, Ending, State, Station, Tracks
from dualtrack.web.tracks_model import STATE_WORDS
from dualtrack.web.views.wording import pack_name

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.assessment import Assessment, RuleLine
    from dualtrack.rules.pack import Pack
    from dualtrack.web.views.wording import Say

__all__ = ["Group", "ending_of", "groups_of", "lines_of", "state_badge", "state_of"]

_REFUSES = frozenset({Effect.REFUSES, Effect.REFUSES_LIVE})
_STATES = {
    Outcome.MET: State.MET,
    Outcome.NOT_MET: State.NOT_MET,
    Outcome.NO_EVIDENCE: State.NO_EVIDENCE,
    Outcome.WAIVED: State.WAIVED,
}
_WORST = (State.NOT_MET, State.NO_EVIDENCE, State.DUE_LATER, State.WAIVED, State.MET)
"""A group is in the state of its worst rule; rules that block count before those that do not."""

_LAPSED = frozenset({"permit.expired", "permit.lapsed", "permit.signal"})
"""Codes of closed uses whose permit has ended."""

_BY_MODE = {Mode.LIVE: Ending.LIVE, Mode.TRIAL: Ending.TRIAL, Mode.SHADOW: Ending.SHADOW}


class Group(NamedTuple):
    """Rules at one station. `rules` are their lines in the assessment; `done` are met or waived."""

    key: str
    track: Track
    label: str
    state: State
    done: int
    rules: tuple[RuleLine, ...]
    blocks: bool


def groups_of(assessment: Assessment, packs: Mapping[str, Pack], say: Say) -> list[Group]:
    """Return the stations of an assessment, benefit first; rules of packs that do not bind are left out."""
    binding = {line.id for line in assessment.packs if line.binding}
    lines = [
        line
        for line in assessment.rules
        if line.pack in binding and line.pack in packs and line.outcome is not Outcome.NOT_APPLICABLE
    ]
    found = []
    for track in (Track.BENEFIT, Track.SAFETY):
        mine = [line for line in lines if line.track is track]
        by_rule = track is Track.BENEFIT and len(mine) <= STATIONS_MAX
        keyed: dict[str, list[RuleLine]] = {}
        for line in mine:
            keyed.setdefault(f"{line.pack}--{line.rule}" if by_rule else line.pack, []).append(line)
        for key, rules in _few(keyed).items():
            label = _label(key, rules, packs, say, by_rule=by_rule)
            found.append(_group(key, track, label, rules))
    return found


def lines_of(
    assessment: Assessment | None,
    groups: list[Group],
    ending: Ending,
    *,
    key: str,
    title: str,
    until: str = "",
    figure: tuple[str, str] | None = None,
) -> Tracks:
    """Return the picture of a use. `figure` is the key of a group and the measured figure to print at it."""
    lines: dict[Track, tuple[Station, ...]] = {}
    for track in Track:
        mine = [group for group in groups if group.track is track] if assessment else []
        lines[track] = tuple(
            Station(
                group.label,
                group.state,
                figure[1] if figure and figure[0] == group.key else f"{group.done}/{len(group.rules)}",
                group.blocks,
            )
            for group in mine
        )
    return Tracks(key, title, lines[Track.BENEFIT], lines[Track.SAFETY], ending, until)


def ending_of(live: LiveUse | Closed | None, assessment: Assessment | None) -> Ending:
    """Return where the lines end: what the gate does now, and where it is shut for another reason, what was computed."""
    if isinstance(live, LiveUse):
        return Ending(live.mode)
    if live is not None and live.code == "permit.held":
        return Ending.HOLD
    if live is not None and live.code in _LAPSED:
        return Ending.NONE
    if assessment is not None and assessment.mode is not None:
        return _BY_MODE[assessment.mode]
    refused = assessment is not None and assessment.verdict is Verdict.REFUSED
    return Ending.REFUSED if refused else Ending.NONE


def state_of(line: RuleLine) -> State:
    """Return a rule's state as a station shows it."""
    return State.DUE_LATER if line.effect is Effect.DUE_LATER else _STATES[line.outcome]


def state_badge(state: State, say: Say) -> Badge:
    """Return a station's state as a badge."""
    outcome = next((outcome for outcome, found in _STATES.items() if found is state), None)
    return outcome_badge(outcome, say.language) if outcome else Badge("amber", say.capital(STATE_WORDS[state]))


def _group(key: str, track: Track, label: str, rules: list[RuleLine]) -> Group:
    blocking = [line for line in rules if line.effect in _REFUSES]
    worst = min((state_of(line) for line in blocking or rules), key=_WORST.index)
    done = sum(line.outcome in {Outcome.MET, Outcome.WAIVED} for line in rules)
    return Group(key, track, label, worst, done, tuple(rules), bool(blocking))


def _few(keyed: dict[str, list[RuleLine]]) -> dict[str, list[RuleLine]]:
    """Put what does not fit on a line into its last station."""
    if len(keyed) <= STATIONS_MAX:
        return keyed
    names = list(keyed)
    kept = {name: keyed[name] for name in names[: STATIONS_MAX - 1]}
    return {**kept, "others": [line for name in names[STATIONS_MAX - 1 :] for line in keyed[name]]}


def _label(key: str, rules: list[RuleLine], packs: Mapping[str, Pack], say: Say, *, by_rule: bool) -> str:
    if key == "others":
        return say("Other packs", "其他規則包")
    pack = packs[rules[0].pack]
    return say.text(pack.rule(rules[0].rule).data.title) if by_rule else pack_name(pack.data, say)
