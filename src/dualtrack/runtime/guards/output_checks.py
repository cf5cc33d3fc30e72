"""Guard: an answer carries what the policy asks of it: reasons, citations, figures from its sources; no reversal of them.

A retrieved piece begins with its id on the first line, as `[fees-2026#3] text…`. Figures of the firm's own fixed texts (how to
reach a person, the disclosure, the fallback message) count as known. A figure of the customer's question does not.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, ClassVar

from dualtrack.runtime.guards.base import CLEAR, SCORE_MAX, Finding, GuardResult
from dualtrack.runtime.guards.figures import FIGURES_MAX, figures
from dualtrack.runtime.guards.polarity import contradicted
from dualtrack.runtime.guards.texts import Part, answered, refuse_settings

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.records import Value
    from dualtrack.runtime.guards.base import Checked

__all__ = ["CITATIONS_MAX", "CONTRADICTION_SCORE", "OutputChecks", "source_id"]

CITATIONS_MAX = 100
"""Citations of one answer; more is not an answer for a person."""

CONTRADICTION_SCORE = 700
"""Score of a sentence that says the opposite of its passages: by words only, so below certainty."""

_ID = re.compile(r"\s{0,8}\[([^\[\]\n]{1,200})\]")


def source_id(text: str) -> str | None:
    """Return the id that a retrieved piece begins with, or None."""
    match = _ID.match(text)
    return match[1] if match else None


class OutputChecks:
    """Scores 1000 for a missing reason, citation or source of a figure, 700 for a reversal."""

    name: ClassVar[str] = "output_checks"
    stages: ClassVar[frozenset[str]] = frozenset({"output"})
    source: ClassVar[str] = (
        "SFC 24EC55 paragraphs 17 and 18; HKMA 1 November 2019 principle 4; HKMA sandbox report 2025"
    )

    def __init__(self, settings: Mapping[str, Value]) -> None:
        refuse_settings(self.name, settings)
        contradicted("it is not so now", ["it is so now"])  # reads its lists, so that a first decision need not

    def check(self, checked: Checked, /) -> GuardResult:
        """Return the highest score of what the policy asks for and the answer lacks."""
        asks = checked.policy.output
        last = max(len(checked.pieces) - 1, 0)
        passages: dict[str, str] = {}
        for number, piece in enumerate(checked.pieces):
            if piece.role == "retrieved":
                passages[source_id(piece.text) or f"\n{number}"] = _ID.sub("", piece.text, count=1)
        found: list[Finding] = []
        if asks.reasons and not any(reason.strip() for reason in checked.reasons):
            found.append(Finding("reasons", last, 0, 0, SCORE_MAX, "no reasons"))
        if asks.citations:
            found += _citations(checked, set(passages), last)
        if not (passages or asks.numbers_from_sources):
            return GuardResult(max(item.score for item in found), tuple(found)) if found else CLEAR
        told = (
            part for part in answered(checked) if not last - checked.calls <= part.piece < last
        )  # no tool's arguments
        texts = [Part(part.piece, part.role, _without_ids(part.text, passages)) for part in told]
        if asks.numbers_from_sources:
            found += _unsourced(checked, texts, list(passages.values()), last)
        for part in texts if passages else ():
            if contradicted(part.text, list(passages.values())):
                why = "a sentence that says the opposite of its passage"
                found.append(Finding("contradiction", part.piece, 0, len(part.text), CONTRADICTION_SCORE, why))
        return GuardResult(max((item.score for item in found), default=0), tuple(found))


def _citations(checked: Checked, ids: set[str], last: int) -> list[Finding]:
    if not checked.citations:
        return [Finding("citations", last, 0, 0, SCORE_MAX, "no citation")]
    if len(checked.citations) > CITATIONS_MAX:
        return [Finding("citations", last, 0, 0, SCORE_MAX, f"more than {CITATIONS_MAX} citations")]
    if any(cited not in ids or cited.startswith("\n") for cited in checked.citations):
        return [Finding("citations", last, 0, 0, SCORE_MAX, "cites what was not retrieved")]
    return []


def _unsourced(checked: Checked, texts: list[Part], passages: list[str], last: int) -> list[Finding]:
    policy = checked.policy
    own = [policy.human, policy.message] + ([policy.disclosure.text] if policy.disclosure else [])
    known: set[tuple[str, str]] = set()
    for text in (*passages, *(words for item in own for words in (item.en, item.zh))):
        for figure in figures(text):
            known.add((figure.kind, figure.value))
            if figure.kind == "date":
                known |= {("number", str(int(part))) for part in figure.value.split("-")}
    given = [(part, figure) for part in texts for figure in figures(part.text)]
    if len(given) > FIGURES_MAX:
        return [Finding("figure", last, 0, 0, SCORE_MAX, f"more than {FIGURES_MAX} figures")]
    missing = [(part, figure) for part, figure in given if (figure.kind, figure.value) not in known]
    return [
        Finding("figure", part.piece, 0, len(part.text), SCORE_MAX, f"a {figure.kind} that no source has")
        for part, figure in missing[:CITATIONS_MAX]
    ]


def _without_ids(text: str, passages: Mapping[str, str]) -> str:
    """Return a text without the citations of its own sources, whose digits are no figures."""
    for name in passages:
        text = text.replace(f"[{name}]", " ")
    return text
