"""The guard for personal data: what people write about themselves and others, found and taken out before a model reads it.

Serves data protection principles 3 and 4 of the Personal Data (Privacy) Ordinance (Cap. 486) and the PCPD's Model Personal Data
Protection Framework of 2024. The recognisers stand in `personal`; their figures are in benchmarks/personal_data.py.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any, ClassVar

from dualtrack.domain.fallback import FallbackRules
from dualtrack.domain.records import Text
from dualtrack.errors import FieldError
from dualtrack.runtime.guards.base import CLEAR, SCORE_MAX, Checked, Finding, GuardResult, Piece
from dualtrack.runtime.guards.personal import KINDS, Found, Scanner
from dualtrack.runtime.guards.texts import answered

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.domain.policy import RuntimePolicy
    from dualtrack.domain.records import Value

__all__ = ["CLEAN_MAX", "MINIMUM", "PersonalData"]

MINIMUM = 400
"""Findings below this score are left alone unless the policy says otherwise: words name them something else."""

CLEAN_MAX = 10_000
"""Texts of which it is known, by digest, that nothing is found in them: a conversation is checked at every turn, its answer
together with what was asked, and a streamed answer in parts. Digests only: no text is kept."""

_WARMING = (
    "Mr Chan Tai Man, my ID is A123456(3), tel. 9123 4567, Flat 3A, 8 Example Road. 客戶陳大文先生，住例子街8號3樓A室。"
)
"""Made up; looked through once when the guard is made, so that no lists are read and no patterns built at a first decision."""

_DIGEST_BYTES = 16
_WHERE = "guard personal_data"
_SETTINGS = "ignore, minimum, clearing_codes"


class PersonalData:
    """Finds personal data in the texts of a conversation or a row; the system's own text is not looked at.

    A telephone, an address or a name that the released policy itself tells people (notice, message, how to reach a person,
    fixed answers) is the firm's own and is left in.

    Settings: `ignore`, kinds of `KINDS` that are expected here; `minimum`, the least score per mille that counts;
    `clearing_codes`, three-digit codes of banks beside the shipped ones, from Hong Kong Interbank Clearing Limited's list.
    """

    name: ClassVar[str] = "personal_data"
    stages: ClassVar[frozenset[str]] = frozenset({"input", "output"})
    source: ClassVar[str] = (
        "Cap. 486 Schedule 1, principles 3 and 4; PCPD Model Personal Data Protection Framework (2024)"
    )

    def __init__(self, settings: Mapping[str, Value]) -> None:
        for setting in settings:
            if setting not in {"ignore", "minimum", "clearing_codes"}:
                raise FieldError(f"setting {setting[:40]!r}", where=_WHERE, expected=_SETTINGS, fix="remove it")
        self._ignore = frozenset(_texts(settings, "ignore"))
        for kind in sorted(self._ignore - set(KINDS)):
            raise FieldError(f"kind {kind[:40]!r}", where=f"{_WHERE}, setting ignore", expected=", ".join(KINDS))
        minimum = settings.get("minimum", MINIMUM)
        if type(minimum) is not int or not 0 <= minimum <= SCORE_MAX:
            raise FieldError(
                "not a score", where=f"{_WHERE}, setting minimum", expected=f"a whole number from 0 to {SCORE_MAX}"
            )
        self._minimum = minimum
        self._scanner = Scanner(_texts(settings, "clearing_codes"))
        self._clean: set[bytes] = set()
        self._known: frozenset[str] | None = None
        self._scanner.scan(_WARMING)

    def check(self, checked: Checked, /) -> GuardResult:
        """Return the highest score, every finding, and the pieces or the row with the findings taken out.

        At output of a row the answer and its reasons are looked at. Nothing can be taken out of data: there redact means block.
        """
        if self._known is None:
            self._known = self._told_by(checked.policy)
        if checked.row is not None and checked.stage == "output":
            said = [_finding(item, part.piece) for part in answered(checked) for item in self._redacted(part.text)[1]]
            return GuardResult(_highest(said), tuple(said)) if said else CLEAR
        if checked.row is not None and not checked.pieces:
            return self._check_row(checked, checked.row)
        findings: list[Finding] = []
        pieces = list(checked.pieces)
        for number, (role, text) in enumerate(checked.pieces):
            if role == "system":
                continue
            redacted, found = self._redacted(text)
            if found:
                findings += [_finding(item, number) for item in found]
                pieces[number] = Piece(role, redacted)
        if checked.row is None:
            return GuardResult(_highest(findings), tuple(findings), tuple(pieces)) if findings else CLEAR
        result = self._check_row(checked, checked.row)
        findings += [item._replace(piece=item.piece + len(pieces)) for item in result.findings]
        if not findings:
            return CLEAR
        return GuardResult(_highest(findings), tuple(findings), tuple(pieces), result.row or checked.row)

    def _check_row(self, checked: Checked, row: Mapping[str, Any]) -> GuardResult:
        """Look at the texts of a row; `piece` of a finding is the place of its field, fields marked personal are expected."""
        expected = {field.name for field in checked.policy.fields if field.personal}
        findings: list[Finding] = []
        redacted = dict(row)
        for number, (field, value) in enumerate(row.items()):
            if field in expected or not isinstance(value, str):
                continue
            redacted[field], found = self._redacted(value)
            findings += [_finding(item, number) for item in found]
        if not findings:
            return CLEAR
        return GuardResult(_highest(findings), tuple(findings), row=redacted)

    def _told_by(self, policy: RuntimePolicy) -> frozenset[str]:
        """Return what looks like personal data in the policy's own texts. A guard is made for one policy."""
        texts = [policy.message, policy.human, *([policy.disclosure.text] if policy.disclosure else [])]
        texts += [policy.registered_intermediary] if isinstance(policy.registered_intermediary, Text) else []
        if isinstance(policy.rules, FallbackRules):
            texts += [rule.answer for rule in policy.rules.phrases]
        every = [said for text in texts for said in (text.en, text.zh)]
        return frozenset(said[item.start : item.end] for said in every for item in self._scanner.scan(said))

    def _redacted(self, text: str) -> tuple[str, list[Found]]:
        seen = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()
        if seen in self._clean:
            return text, []
        searched = self._scanner.search(text, self._ignore, self._minimum, self._known or frozenset())
        if searched.clean:
            if len(self._clean) >= CLEAN_MAX:
                self._clean.clear()
            if searched.found:
                text = searched.redacted
                seen = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=_DIGEST_BYTES).digest()
            self._clean.add(seen)
        return searched.redacted, searched.found


def _texts(settings: Mapping[str, Value], name: str) -> list[str]:
    value = settings.get(name, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise FieldError("not a list of texts", where=f"{_WHERE}, setting {name}", expected="a list of texts")
    return value


def _finding(item: Found, piece: int) -> Finding:
    return Finding(item.kind, piece, item.start, item.end, item.score, item.why)


def _highest(findings: list[Finding]) -> int:
    return max((item.score for item in findings), default=0)
