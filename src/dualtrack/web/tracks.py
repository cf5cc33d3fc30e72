"""The two-track picture: a use as two parallel lines, benefit and safety, that meet at its permit.

Each station is a claim or a group of rules with its outcome as a shape and a word. A line is dashed from the first station that
blocks; the lines stop short of the permit where it is refused, turn amber in observe mode and are barred by a hold. The picture
says all of it in its description, and `track_rows` gives the same as a table.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import Track
from dualtrack.present.words import TRACK_WORDS
from dualtrack.web.parts import MODE_LABELS
from dualtrack.web.svg import Frame, frame
from dualtrack.web.tracks_draw import ROW_HEIGHT, ROW_WIDTH, UPRIGHT_WIDTH, WIDE_WIDTH, Drawing, row, upright, wide
from dualtrack.web.tracks_model import STATE_WORDS, STATIONS_MAX, Ending, State, Station, Tracks, check_tracks
from dualtrack.web.views.rendering import Language, both

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = [
    "STATIONS_MAX",
    "Ending",
    "State",
    "Station",
    "TrackRow",
    "Tracks",
    "describe",
    "ending_word",
    "track_rows",
    "tracks_row",
    "tracks_svg",
]

_REFUSED = Text(en="Refused", zh="不准許")
_NOTHING = Text(en="nothing declared", zh="未有申報")
_BREAKS = Text(en="the line is broken here", zh="軌道在此中斷")
_PERMIT = Text(en="Permit", zh="准許")


class TrackRow(NamedTuple):
    """A station as a row of the table beside the picture."""

    track: str
    label: str
    state: State
    outcome: str
    detail: str


def ending_word(ending: Ending, language: Language) -> str:
    """Return the word at the end of the lines."""
    return both(_REFUSED if ending is Ending.REFUSED else MODE_LABELS[ending.value], language)


def track_rows(tracks: Tracks, language: Language) -> tuple[TrackRow, ...]:
    """Return what the picture shows as rows, benefit first."""
    return tuple(
        TrackRow(both(TRACK_WORDS[track], language), item.label, item.state, _outcome(item, language), item.detail)
        for track, stations in ((Track.BENEFIT, tracks.benefit), (Track.SAFETY, tracks.safety))
        for item in stations
    )


def describe(tracks: Tracks, language: Language) -> str:
    """Return the picture in words: both tracks with every outcome, then where they end."""
    colon, comma, semicolon, stop = (": ", ", ", "; ", ".") if language is Language.EN else ("：", "，", "；", "。")
    parts = []
    for track, stations in ((Track.BENEFIT, tracks.benefit), (Track.SAFETY, tracks.safety)):
        said = semicolon.join(
            comma.join(part for part in (item.label, _outcome(item, language), item.detail) if part)
            for item in stations
        )
        parts.append(_capital(both(TRACK_WORDS[track], language)) + colon + (said or both(_NOTHING, language)))
    end = comma.join(part for part in (ending_word(tracks.ending, language), tracks.until) if part)
    parts.append(both(_PERMIT, language) + colon + end)
    gap = " " if language is Language.EN else ""
    return gap.join(part + stop for part in parts)


def tracks_svg(tracks: Tracks, language: Language, *, standing: bool = False) -> Markup:
    """Draw the use's two lines: lying for wide pages, `standing` for narrow ones. Raises FieldError for too many stations."""
    check_tracks(tracks)
    drawing = _drawing(tracks, language)
    body, height = upright(drawing) if standing else wide(drawing)
    kind, width = ("upright", UPRIGHT_WIDTH) if standing else ("wide", WIDE_WIDTH)
    form = Frame(
        f"{tracks.key}-{kind}", tracks.title, describe(tracks, language), width, height, f"tracks tracks-{kind}"
    )
    return frame(form, body)


def tracks_row(tracks: Tracks, language: Language) -> Markup:
    """Draw a use's two lines small, for a row of the portfolio: shapes only, with all words in the description."""
    check_tracks(tracks)
    form = Frame(
        f"{tracks.key}-row", tracks.title, describe(tracks, language), ROW_WIDTH, ROW_HEIGHT, "tracks tracks-row"
    )
    return frame(form, row(_drawing(tracks, language)))


def _drawing(tracks: Tracks, language: Language) -> Drawing:
    return Drawing(
        tracks=tracks,
        benefit_word=_capital(both(TRACK_WORDS[Track.BENEFIT], language)),
        safety_word=_capital(both(TRACK_WORDS[Track.SAFETY], language)),
        ending_word=ending_word(tracks.ending, language),
        state_words={state: both(text, language) for state, text in STATE_WORDS.items()},
    )


def _outcome(station: Station, language: Language) -> str:
    word = both(STATE_WORDS[station.state], language)
    if not station.blocks:
        return word
    return f"{word} ({both(_BREAKS, language)})" if language is Language.EN else f"{word}（{both(_BREAKS, language)}）"


def _capital(word: str) -> str:
    return word[:1].upper() + word[1:]
