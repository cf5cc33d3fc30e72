"""Reservations of rights that components declare, against mining their text and data.

Nothing declared is not known; a word that says none was found is free; anything else is a reservation, whatever its words. No
reservation is not a permission while an exception is only proposed, as in Hong Kong: read it beside the licences.
"""

from __future__ import annotations

from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, ClassVar, Literal

import yaml

from dualtrack.domain.records import Record, Text, read_record
from dualtrack.domain.usecase import Component
from dualtrack.domain.vocabulary import ComponentType
from dualtrack.errors import FieldError
from dualtrack.evidence.measure import Measure
from dualtrack.evidence.measurement import Method
from dualtrack.evidence.provenance.declared import (
    Sorted,
    Standing,
    check_components,
    components_digest,
    estimate_declared,
    merge_sorted,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.measure import Cost, Estimating, Family
    from dualtrack.evidence.measurement import Fact, Measurement
    from dualtrack.evidence.sample import Sample

__all__ = [
    "MINED",
    "Exemption",
    "Permission",
    "ReservationSettings",
    "ReservationTable",
    "Reservations",
    "load_reservations",
]

MINED = (ComponentType.DATA_SET, ComponentType.INDEX, ComponentType.MODEL)
"""Types of component that are made from the text and data of others."""


class Exemption(Record, frozen=True):
    """A statutory exception for mining and where it stands."""

    place: str
    status: Literal["proposed", "in force"]
    dated: str
    title: Text
    source: str


class ReservationTable(Record, frozen=True):
    """Words that say that no reservation was found, and the exceptions of places."""

    version: str
    dated: str
    free: tuple[str, ...]
    protocol: str
    exceptions: tuple[Exemption, ...]


class Permission(Record, frozen=True):
    """A permission of the rights holder that goes before a reservation, and where it is written."""

    component: str
    source: str


class ReservationSettings(Record, frozen=True):
    """The declared components, the place whose law applies, and permissions held; types that are not mined are left out."""

    components: tuple[Component, ...]
    place: str = "HK"
    permissions: tuple[Permission, ...] = ()

    def __post_init__(self) -> None:
        if any(not each.source.strip() for each in self.permissions):
            raise FieldError("a permission without a source", where="reservations", fix="say where it is written")


@cache
def load_reservations() -> ReservationTable:
    """Return the carried table."""
    data = resources.files("dualtrack.evidence.provenance").joinpath("data", "reservations.yaml").read_bytes()
    return read_record(yaml.safe_load(data), ReservationTable, where="reservations.yaml")


class Reservations(Measure[Sorted, ReservationSettings]):
    """Share of mined components whose holders reserved nothing, or permit it."""

    name: ClassVar[str] = "provenance.reservations"
    family: ClassVar[Family] = "provenance"
    title: ClassVar[Text] = Text(en="Reservations against text and data mining", zh="對文本及數據開採的權利保留")
    unit: ClassVar[str] = "share"
    needs: ClassVar[tuple[str, ...]] = ()
    cost: ClassVar[Cost] = "counts"
    method: ClassVar[Method] = Method(
        name="census of declared components by their stated reservation, bounds for what is not declared",
        version="1",
        source="TDM Reservation Protocol, 2 February 2024; Manski 2003, chapter 1",
    )
    misleads: ClassVar[Text] = Text(
        en="It reads what was declared; nobody looked at the sites themselves. In Hong Kong the exception for mining is proposed, "
        "not law: without a licence, no reservation is no permission.",
        zh="只讀申報內容，並無查閱網站本身。香港的文本及數據開採例外仍屬建議，尚未成為法例：沒有授權時，沒有保留權利不等於獲得許可。",
    )
    settings: ClassVar[type[Record]] = ReservationSettings
    statistics: ClassVar[type[Record]] = Sorted

    def gather(self, sample: Sample, settings: ReservationSettings) -> Sorted:  # noqa: ARG002 - the contract of a measure
        """Sort the mined components of the settings; no row of the sample is read."""
        check_components(settings.components)
        mined = [each for each in settings.components if each.type in MINED]
        if not mined:
            raise FieldError(
                "no component is made from text or data",
                where="components",
                expected=", ".join(MINED),
                fix="declare them",
            )
        permitted = {each.component for each in settings.permissions}
        return Sorted(
            standings=tuple(_standing(each, permitted) for each in mined),
            components=components_digest(settings.components),
        )

    def merge(self, parts: Sequence[Sorted]) -> Sorted:
        """Return the one declaration that all parts saw."""
        return merge_sorted(parts)

    def estimate(self, statistics: Sorted, settings: ReservationSettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the share without reservation, parts by component; facts say where the exception of the place stands."""
        table = load_reservations()
        law = next((each for each in table.exceptions if each.place == settings.place), None)
        facts: dict[str, Fact] = {
            "place": settings.place,
            "exception": law.status if law else "not known",
            "exception_in_force": law is not None and law.status == "in force",
            "table_dated": table.dated,
        }
        return (estimate_declared(self.name, self.method, statistics, how, facts),)


def _standing(component: Component, permitted: set[str]) -> Standing:
    if component.id in permitted:
        return Standing(id=component.id, verdict="fit", reason="permission held")
    said = " ".join((component.reservation or "").split()).casefold()
    if not said:
        return Standing(id=component.id, verdict="unknown", reason="reservation not declared")
    if said in {word.casefold() for word in load_reservations().free}:
        return Standing(id=component.id, verdict="fit", reason="no reservation found")
    return Standing(id=component.id, verdict="unfit", reason="rights reserved")
