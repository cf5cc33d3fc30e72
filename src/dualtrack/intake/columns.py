"""Propose which column is which field, with a confidence and the reason; below the threshold ask, never guess.

A header is scored by its names, then by what the column's cells hold. Two readings that are nearly as good are a tie,
and a tie is asked about too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec import Struct, structs

from dualtrack.domain.records import Text
from dualtrack.errors import FieldError
from dualtrack.intake.headers import both, header_score, is_aside
from dualtrack.intake.lexicon import columns, fold
from dualtrack.intake.records import Cell, ColumnMatch
from dualtrack.present.text import fill

__all__ = ["Column", "Reads", "propose"]

_OPPOSED = 0.6
"""Factor when most filled cells do not read as the field's kind: even a perfect header then falls below 0.7."""

Reads = Callable[[str, Cell], bool]
"""Say whether a cell reads as a kind (`date`, `yesno`)."""


class Column(Struct, frozen=True, kw_only=True):
    """A column of the table: its letter, the reference of its header, header texts from the top, its data cells."""

    letter: str
    ref: str
    headers: tuple[str, ...]
    cells: tuple[Cell, ...]

    @property
    def header(self) -> str:
        """Return the header texts as one name."""
        return " – ".join(" ".join(text.split()) for text in self.headers)


class _Score(Struct, frozen=True, kw_only=True):
    field: str
    confidence: float
    reason: Text


def propose(
    table: Sequence[Column], reads: Reads, told: Mapping[str, str] | None = None, where: str = "table"
) -> tuple[ColumnMatch, ...]:
    """Return a match for every column, in order. `told` maps fields to a header or a column letter, and overrules.

    Raises FieldError for an unknown field, a column that is not there, or one column told for two fields.
    """
    fixed = _told(table, told or {}, where)
    scores = {column.letter: _scores(column, reads) for column in table}
    claims: dict[str, list[tuple[float, str]]] = {}
    for column in table:
        best = _clear(scores[column.letter])
        if best and column.letter not in fixed and best.field not in fixed.values():
            claims.setdefault(best.field, []).append((best.confidence, column.letter))
    for claim in claims.values():
        claim.sort(key=lambda pair: -pair[0])
    return tuple(_match(column, scores[column.letter], fixed, claims) for column in table)


def _match(
    column: Column, scores: list[_Score], fixed: dict[str, str], claims: dict[str, list[tuple[float, str]]]
) -> ColumnMatch:
    """Decide one column: told, clear and unrivalled, set aside on purpose, or asked."""
    reasons = columns().reasons
    candidates = tuple(score.field for score in scores[:3])
    if column.letter in fixed:
        return _as(column, fixed[column.letter], 1.0, "mapped", reasons["told"], candidates)
    best = _clear(scores)
    if best is None:
        return _unclear(column, scores, candidates)
    rivals = claims.get(best.field)
    if not rivals:
        letter = next(letter for letter, field in fixed.items() if field == best.field)
        why = both(best.reason, fill(reasons["field_taken"], other=letter))
    elif len(rivals) > 1 and rivals[0][0] - rivals[1][0] < columns().margin:
        others = ", ".join(letter for _, letter in rivals if letter != column.letter)
        why = both(best.reason, fill(reasons["field_tie"], other=others))
    elif rivals[0][1] != column.letter:
        why = both(best.reason, fill(reasons["field_taken"], other=rivals[0][1]))
    else:
        return _as(column, best.field, best.confidence, "mapped", best.reason, candidates)
    return _as(column, "", best.confidence, "asked", why, candidates)


def _unclear(column: Column, scores: list[_Score], candidates: tuple[str, ...]) -> ColumnMatch:
    reasons, best = columns().reasons, scores[0] if scores else None
    if not column.headers:
        return _as(column, "", 0.0, "asked", reasons["no_header"], ())
    if is_aside(column.header) and not (best and best.confidence >= columns().threshold):
        return _as(column, "", 0.0, "aside", reasons["aside"], ())
    if best is None:
        return _as(column, "", 0.0, "asked", reasons["unknown"], ())
    why = best.reason
    if best.confidence >= columns().threshold:
        why = both(why, fill(reasons["column_tie"], other=columns().fields[scores[1].field].label))
    return _as(column, "", best.confidence, "asked", why, candidates)


def _as(
    column: Column, field: str, confidence: float, state: str, reason: Text, candidates: tuple[str, ...]
) -> ColumnMatch:
    return ColumnMatch(
        column=column.letter,
        ref=column.ref,
        header=column.header,
        field=field,
        confidence=round(confidence, 2),
        state="mapped" if state == "mapped" else "aside" if state == "aside" else "asked",
        reason=reason,
        candidates=candidates,
    )


def _clear(scores: list[_Score]) -> _Score | None:
    """Return the best reading when it is sure enough and no other is nearly as good."""
    if not scores or scores[0].confidence < columns().threshold:
        return None
    if len(scores) > 1 and scores[0].confidence - scores[1].confidence < columns().margin:
        return None
    return scores[0]


def _scores(column: Column, reads: Reads) -> list[_Score]:
    """Return the fields that a column may be, best first, after looking at its cells."""
    found = []
    for name, spec in columns().fields.items():
        confidence, reason = header_score(name, column.headers) if column.headers else (0.0, Text(en="", zh=""))
        if confidence > 0:
            found.append(_by_values(_Score(field=name, confidence=confidence, reason=reason), spec.kind, column, reads))
    return sorted(found, key=lambda score: (-score.confidence, score.field))


def _by_values(score: _Score, kind: str, column: Column, reads: Reads) -> _Score:
    reasons, n = columns().reasons, len(column.cells)
    if not n:
        return structs.replace(score, reason=both(score.reason, reasons["empty"]))
    if kind == "text":
        bad = sum(cell.kind == "date" for cell in column.cells)
        if bad <= n * columns().support or score.field == "diligence":  # a date is a fair answer to "was it done?"
            return score
        why, factor = fill(reasons["looks_like_dates"], bad=bad, n=n), _OPPOSED
    else:
        good = sum(reads(kind, cell) for cell in column.cells)
        enough = good >= n * columns().support
        why = fill(reasons["values_support" if enough else "values_oppose"], good=good, n=n)
        factor = 1.0 if enough else _OPPOSED
    return structs.replace(score, confidence=score.confidence * factor, reason=both(score.reason, why))


def _told(table: Sequence[Column], told: Mapping[str, str], where: str) -> dict[str, str]:
    """Return the told field of each told column's letter."""
    fixed: dict[str, str] = {}
    for field, wanted in told.items():
        if field not in columns().fields:
            fields = ", ".join(columns().fields)
            raise FieldError(f"there is no field '{field}'", where=where, expected=f"one of {fields}")
        column = _find(table, wanted)
        if column is None:
            listed = "; ".join(f"{column.letter} = {column.header or '(no header)'}" for column in table)
            raise FieldError(
                f"there is no single column '{wanted}'", where=where, expected=f"a header or letter of {listed}"
            )
        if column.letter in fixed:
            taken = fixed[column.letter]
            raise FieldError(f"column {column.letter} is given to both '{taken}' and '{field}'", where=where)
        fixed[column.letter] = field
    return fixed


def _find(table: Sequence[Column], wanted: str) -> Column | None:
    """Return the only column with this header (all of it, or its last row), else the one with this letter."""
    key = fold(wanted)
    for same in (
        [column for column in table if fold(column.header) == key],
        [column for column in table if column.headers and fold(column.headers[-1]) == key],
        [column for column in table if column.letter == wanted.strip().upper()],
    ):
        if len(same) == 1:
            return same[0]
    return None
