"""What the green-claim check gives back: claims, evidence, verdicts, the rows of the taxonomy, and the report of them all."""

from __future__ import annotations

from typing import Literal

from dualtrack.apps.research.program import Trace
from dualtrack.domain.records import Record, Text

__all__ = [
    "Bound",
    "Claim",
    "ClaimKind",
    "Evidence",
    "EvidenceKind",
    "Mapping",
    "Number",
    "Outcome",
    "Quantity",
    "Report",
    "Share",
    "Verdict",
]

ClaimKind = Literal["quantified", "target", "comparison", "vague", "certified", "process"]

Quantity = Literal["change", "points", "difference", "level"]
"""What a number is: a relative change, a change in percentage points or in the unit itself, or the amount."""

Bound = Literal["", "about", "least", "most"]
"""Whether a number is meant as about, at least or at most what is written."""

EvidenceKind = Literal["table cell", "sentence", "assurance statement"]

Outcome = Literal["supported", "partly", "unsupported", "contradicted", "not checkable"]


class Number(Record, frozen=True):
    """A number of a claim, as `Claim` has its first."""

    quantity: Quantity
    value: str
    printed: str
    unit: str
    bound: Bound = ""


class Claim(Record, frozen=True):
    """A claim as printed, by its page. `text` is the clause, which stands in the report word for word but for line breaks.

    `value` is a decimal numeral in the base of `unit` (a share of 1 for per cent; below nought for a fall) and `printed` the
    number as written; `also` are further numbers of the clause, as in `fell by 12% to 11,440 tonnes`. `period` and `baseline` are years; those that the sentence does not say itself are the report's, and
    `period_said` and `baseline_said` tell which.
    """

    number: int
    page: int
    text: str
    sentence: str
    language: Literal["en", "zh"]
    kind: ClaimKind
    metric: str | None = None
    scopes: tuple[int, ...] = ()
    quantity: Quantity | None = None
    value: str | None = None
    printed: str = ""
    unit: str = ""
    bound: Bound = ""
    also: tuple[Number, ...] = ()
    period: int | None = None
    period_said: bool = False
    baseline: int | None = None
    baseline_said: bool = False
    standards: tuple[str, ...] = ()


class Evidence(Record, frozen=True):
    """What in the report bears on a claim: the exact words, and the page or the address of the cell."""

    kind: EvidenceKind
    page: int
    address: str
    text: str


class Verdict(Record, frozen=True):
    """What a claim comes to, why, on what evidence, and the calculation where one was made."""

    claim: int
    outcome: Outcome
    reasons: tuple[Text, ...]
    evidence: tuple[Evidence, ...] = ()
    trace: Trace | None = None


class Mapping(Record, frozen=True):
    """A row of the taxonomy that the words of a claim point at. It is indicative: no criterion was looked at."""

    claim: int
    activity: str
    name: Text
    why: Text
    grade: Literal["indicative"]
    as_of: str
    cites: tuple[str, ...]


class Share(Record, frozen=True):
    """A share of claims with its 95 per cent Wilson interval; without claims there is no share."""

    count: int
    n: int
    share: float | None
    low: float | None
    high: float | None


class Report(Record, frozen=True):
    """The whole check of a document. `notes` say what the reader must know of its limits, as pages that hold no text."""

    document: str
    sha256: str
    period: int | None
    claims: tuple[Claim, ...]
    verdicts: tuple[Verdict, ...]
    mappings: tuple[Mapping, ...]
    counts: dict[Outcome, int]
    unsupported: Share
    unread: tuple[int, ...]
    notes: tuple[Text, ...]
