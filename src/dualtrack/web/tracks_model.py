"""What the two-track picture shows: stations with their outcomes on two lines, and where the lines end."""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.vocabulary import Effect, Outcome
from dualtrack.errors import FieldError
from dualtrack.present.words import EFFECT_WORDS, OUTCOME_WORDS

if TYPE_CHECKING:
    from dualtrack.domain.records import Text

__all__ = ["STATE_WORDS", "STATIONS_MAX", "Ending", "State", "Station", "Tracks", "check_tracks"]

STATIONS_MAX = 8
"""Stations on one line: more cannot be read at a glance. Group the rules by topic."""


class State(StrEnum):
    """The outcome of a station: that of its rules or claim, or not due yet."""

    MET = "met"
    NOT_MET = "not_met"
    NO_EVIDENCE = "no_evidence"
    WAIVED = "waived"
    DUE_LATER = "due_later"


STATE_WORDS: dict[State, Text] = {
    State.MET: OUTCOME_WORDS[Outcome.MET],
    State.NOT_MET: OUTCOME_WORDS[Outcome.NOT_MET],
    State.NO_EVIDENCE: OUTCOME_WORDS[Outcome.NO_EVIDENCE],
    State.WAIVED: OUTCOME_WORDS[Outcome.WAIVED],
    State.DUE_LATER: EFFECT_WORDS[Effect.DUE_LATER],
}


class Ending(StrEnum):
    """Where the lines end: a permit in a mode, observe mode, a hold, a refusal, or nothing assessed yet."""

    LIVE = "live"
    TRIAL = "trial"
    SHADOW = "shadow"
    OBSERVE = "observe"
    HOLD = "hold"
    REFUSED = "refused"
    NONE = "none"


class Station(NamedTuple):
    """A claim or a group of rules. `detail` is its figure or count; `blocks` says that the line is broken from here."""

    label: str
    state: State
    detail: str = ""
    blocks: bool = False


class Tracks(NamedTuple):
    """One use's picture. `key` is unique on the page; `until` is the permit's expiry or what stands in its place."""

    key: str
    title: str
    benefit: tuple[Station, ...]
    safety: tuple[Station, ...]
    ending: Ending
    until: str = ""


def check_tracks(tracks: Tracks) -> None:
    """Refuse a line with more stations than can be read."""
    for name, stations in (("benefit", tracks.benefit), ("safety", tracks.safety)):
        if len(stations) > STATIONS_MAX:
            raise FieldError(
                f"{len(stations)} stations",
                where=f"two-track picture, {name}",
                expected=f"at most {STATIONS_MAX}",
                fix="group the rules by topic",
            )
