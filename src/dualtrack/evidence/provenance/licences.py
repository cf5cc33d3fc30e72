"""Licences of components and data against what they are used for: a table of dated readings, and never fit by default.

The table (`data/licences.yaml`) holds SPDX identifiers and what each allows by purpose. A licence that is not in it, that is not
declared, or whose answer is unsettled is not known; a plan may add what was agreed in a contract, with where it is written.
"""

from __future__ import annotations

from functools import cache, partial
from importlib import resources
from typing import TYPE_CHECKING, ClassVar, Literal, get_args

import yaml

from dualtrack.domain.records import Record, Text, read_record
from dualtrack.domain.usecase import Component
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Method
from dualtrack.evidence.provenance.declared import (
    Sorted,
    Standing,
    Verdict,
    check_components,
    components_digest,
    estimate_declared,
    merge_sorted,
)
from dualtrack.evidence.provenance.expression import evaluate

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.sample import Sample

__all__ = ["Agreed", "Answer", "Licence", "LicenceSettings", "LicenceTable", "Licences", "Purpose", "load_licences"]

Purpose = Literal["commercial", "training", "redistribution"]
"""What a component is used for."""

Answer = Literal["yes", "conditions", "no", "unsettled"]
"""What a licence says to a purpose."""

# The order of Kleene's three values: OR takes the better and AND the worse, and what is not known stands between no and yes.
_ORDER: tuple[Verdict, ...] = ("unfit", "unknown", "conditions", "fit")
_VERDICTS: dict[str, Verdict] = {"yes": "fit", "conditions": "conditions", "no": "unfit", "unsettled": "unknown"}


class Licence(Record, frozen=True):
    """One licence: its SPDX identifier, its answers, the duties that its conditions name, and where the text stands."""

    id: str
    commercial: Answer
    training: Answer
    redistribution: Answer
    duties: tuple[str, ...]
    source: str


class LicenceTable(Record, frozen=True):
    """The dated table. `replaced` maps old identifiers; `own` are words by which a declaration says that rights are the firm's."""

    version: str
    dated: str
    status: str
    source: str
    licences: tuple[Licence, ...]
    replaced: dict[str, str]
    own: tuple[str, ...]


class Agreed(Record, frozen=True):
    """What a contract allows: the licence as the declaration names it, the purposes, and where that is written."""

    licence: str
    purposes: tuple[Purpose, ...]
    source: str


class LicenceSettings(Record, frozen=True):
    """The declared components, what they are used for, and what was agreed beside the table."""

    components: tuple[Component, ...]
    purposes: tuple[Purpose, ...]
    agreed: tuple[Agreed, ...] = ()

    def __post_init__(self) -> None:
        if not self.purposes:
            raise FieldError("no purpose", where="licences, field purposes", expected=", ".join(get_args(Purpose)))
        if any(not each.source.strip() for each in self.agreed):
            raise FieldError(
                "an agreement without a source", where="licences, field agreed", fix="say where it is written"
            )


@cache
def load_licences() -> LicenceTable:
    """Return the carried table."""
    data = resources.files("dualtrack.evidence.provenance").joinpath("data", "licences.yaml").read_bytes()
    return read_record(yaml.safe_load(data), LicenceTable, where="licences.yaml")


class Licences(Measure[Sorted, LicenceSettings]):
    """Share of components whose licence allows every purpose."""

    name: ClassVar[str] = "provenance.licences"
    family: ClassVar[Family] = "provenance"
    title: ClassVar[Text] = Text(en="Licences against purpose", zh="授權條款是否容許所作用途")
    unit: ClassVar[str] = "share"
    needs: ClassVar[tuple[str, ...]] = ()
    cost: ClassVar[Cost] = "counts"
    method: ClassVar[Method] = Method(
        name="census of declared components against a dated table of licences, bounds for what is not known",
        version="1",
        source="SPDX Specification 3.0.1; Manski 2003, chapter 1",
    )
    misleads: ClassVar[Text] = Text(
        en="It reads what was declared, not the files. The table is a reading of licence texts for sorting, not legal advice; a "
        "licence says nothing of personal data, trade marks or of rights that its giver never had.",
        zh="只讀申報內容，並無查驗檔案。授權表是為分類而作的解讀，並非法律意見；授權條款不涉及個人資料、商標，亦不涵蓋授權人本來沒有的權利。",
    )
    settings: ClassVar[type[Record]] = LicenceSettings
    statistics: ClassVar[type[Record]] = Sorted

    def gather(self, sample: Sample, settings: LicenceSettings) -> Sorted:  # noqa: ARG002 - the contract of a measure
        """Sort the components of the settings; no row of the sample is read."""
        check_components(settings.components)
        return Sorted(
            standings=tuple(_standing(each, settings) for each in settings.components),
            components=components_digest(settings.components),
        )

    def merge(self, parts: Sequence[Sorted]) -> Sorted:
        """Return the one declaration that all parts saw."""
        return merge_sorted(parts)

    def estimate(self, statistics: Sorted, settings: LicenceSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the share that is fit, parts by component."""
        facts = {"purposes": ",".join(settings.purposes), "table_dated": load_licences().dated}
        return (estimate_declared(self.name, self.method, statistics, how, dict(facts)),)


def _standing(component: Component, settings: LicenceSettings) -> Standing:
    licence = (component.licence or "").strip()
    if not licence:
        return Standing(id=component.id, verdict="unknown", reason="no licence declared")
    agreed = [each for each in settings.agreed if each.licence.strip() == licence]
    if agreed:
        allowed = {purpose for each in agreed for purpose in each.purposes}
        good = set(settings.purposes) <= allowed
        return Standing(id=component.id, verdict="fit" if good else "unfit", reason="agreed in a contract")
    if licence.casefold() in {word.casefold() for word in load_licences().own}:
        return Standing(id=component.id, verdict="fit", reason="declared as own work")
    return _read(component.id, licence, settings.purposes)


def _read(identifier: str, licence: str, purposes: Sequence[Purpose]) -> Standing:
    duties: set[str] = set()

    def rank(purpose: Purpose, name: str) -> int:
        found = _find(name)
        duties.update(found.duties if found else ())
        return _ORDER.index("unknown" if found is None else _VERDICTS[getattr(found, purpose)])

    try:
        worst = min(evaluate(licence, partial(rank, purpose)) for purpose in purposes)
    except FieldError:
        return Standing(id=identifier, verdict="unknown", reason="licence is not an SPDX expression")
    verdict = _ORDER[worst]
    reasons = {
        "unknown": "licence not known for this purpose",
        "unfit": "purpose not allowed",
        "conditions": "allowed with duties",
        "fit": "allowed",
    }
    return Standing(id=identifier, verdict=verdict, reason=reasons[verdict], duties=tuple(sorted(duties)))


def _find(name: str) -> Licence | None:
    table = load_licences()
    lower = name.casefold()
    current = {old.casefold(): new.casefold() for old, new in table.replaced.items()}.get(lower, lower)
    return next((each for each in table.licences if each.id.casefold() == current), None)
