"""An account of one use: its newest verdict with all that it was computed from, whether from a bundle or a register.

Firm and supervisor compute figures from accounts by the same functions, so that equal evidence gives equal figures.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeVar

from dualtrack.domain import canonical
from dualtrack.domain.assessment import Assessment
from dualtrack.domain.entry import Entry
from dualtrack.domain.evidence import Statement
from dualtrack.domain.records import Record, read_record
from dualtrack.keys import dsse

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from dualtrack.permit.bundle import Bundle
    from dualtrack.store.register import Register

__all__ = ["Account", "BenefitFigure", "account_of", "accounts_of", "benefit_figure", "latest"]

_T = TypeVar("_T")

_BENEFIT_TOPIC = "benefit"
"""Topic of the measured effect over the baseline (rules/topics.yaml)."""


class Account(NamedTuple):
    """One verdict: the digest of its assessment and the index at which that stands, the entries it was given and the packs by digest."""

    institution: str
    use: str | None
    at_index: int
    digest: str
    assessment: Assessment
    entries: list[Entry]
    packs: Mapping[str, bytes]

    @property
    def subject(self) -> str:
        """The use, or the institution where the verdict is about the firm."""
        return self.use or self.institution


class BenefitFigure(Record, frozen=True):
    """The estimate of a use's declared benefit with its interval; `evidence` is the digest of the signed envelope."""

    use: str
    estimate: float
    low: float
    high: float
    n: int
    unit: str
    method: str
    data_digest: str
    evidence: str


def account_of(bundle: Bundle) -> Account:
    """Return the account that a bundle gives; whether it holds is the verifier's business."""
    manifest = bundle.manifest
    return Account(
        institution=manifest.institution,
        use=manifest.use,
        at_index=manifest.assessment.index,
        digest=manifest.assessment.digest,
        assessment=_assessment(bundle.assessment),
        entries=[entry for entry in bundle.entries if entry.index < manifest.assessment.index],
        packs=bundle.packs,
    )


def accounts_of(register: Register) -> list[Account]:
    """Return the accounts of a register: of each use, and of the firm if it was assessed, the newest verdict recorded."""
    verdicts = register.repository.every(kinds=("assessment/1",))
    newest = {entry.parsed.id: entry for entry in verdicts if isinstance(entry, Entry)}
    return [_recorded(register, subject, entry) for subject, entry in sorted(newest.items())]


def latest(accounts: Iterable[Account]) -> list[Account]:
    """Return the newest account of each subject, by institution and subject."""
    found: dict[tuple[str, str], Account] = {}
    for account in accounts:
        known = found.get((account.institution, account.subject))
        if known is None or known.at_index < account.at_index:
            found[account.institution, account.subject] = account
    return [account for _, account in sorted(found.items(), key=lambda item: item[0])]


def benefit_figure(account: Account) -> BenefitFigure | None:
    """Return the benefit that counted in the verdict, or None where none was measured."""
    index = next(
        (line.index for line in account.assessment.evidence if line.counts and line.topic == _BENEFIT_TOPIC), None
    )
    entry = next((entry for entry in account.entries if entry.index == index), None)
    if entry is None or account.use is None:
        return None
    predicate = _payload(entry, Statement).predicate
    fields, method = predicate.fields, predicate.method
    figures = [fields.get(name) for name in ("estimate", "low", "high")]
    if not all(isinstance(figure, float) for figure in figures) or predicate.n is None or method is None:
        return None
    estimate, low, high = (float(str(figure)) for figure in figures)
    return BenefitFigure(
        use=account.use,
        estimate=estimate,
        low=low,
        high=high,
        n=predicate.n,
        unit=str(fields.get("unit", "")),
        method=f"{method.name} {method.version}",
        data_digest=predicate.data_digest or "",
        evidence=canonical.digest(entry.content),
    )


def _recorded(register: Register, subject: str, entry: Entry) -> Account:
    use = subject if "/" in subject else None
    given = register.repository.subject_entries(register.institution, use)
    return Account(
        institution=register.institution,
        use=use,
        at_index=entry.index,
        digest=canonical.digest(entry.content),
        assessment=_assessment(entry.content),
        entries=[item for item in given if item.index < entry.index],
        packs=register.packs,
    )


def _assessment(content: bytes) -> Assessment:
    return read_record(canonical.decode(content, where="assessment"), Assessment, where="assessment")


def _payload(entry: Entry, kind: type[_T]) -> _T:
    return read_record(canonical.decode(dsse.parse(entry.content).payload), kind, where=f"entry {entry.index}")
