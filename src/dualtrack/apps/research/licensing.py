"""A file that is loaded again under another licence: the stricter one holds, a looser one is refused. What may be quoted only ever narrows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.apps.research.quoting import answer_limit, note_limit
from dualtrack.errors import ConflictError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

__all__ = ["check_licence", "is_stricter"]


def is_stricter(licence: str, before: str, own: Mapping[str, int | None]) -> bool:
    """Tell whether a licence lets less be quoted than another, in a note or an answer, and more in neither; `own` are the firm's limits."""
    pairs = [(limit(licence, own), limit(before, own)) for limit in (note_limit, answer_limit)]
    known = [tuple(float("inf") if each is None else each for each in pair) for pair in pairs]
    return all(new <= old for new, old in known) and any(new < old for new, old in known)


def check_licence(licence: str, before: Iterable[str], own: Mapping[str, int | None], *, where: str) -> bool:
    """Tell whether a file must be kept under its new licence; raises ConflictError where one that it was loaded under is no less strict."""
    others = [each for each in before if each != licence]
    for each in others:
        if not is_stricter(licence, each, own):
            raise ConflictError(
                f"this file is here under the licence {each!r:.80}",
                where=where,
                fix="load it under that licence, or under one that lets less be quoted",
                code="research.licence",
            )
    return bool(others)
