"""Which of the attributes that the ordinances protect were measured, and which were not.

The list is law, so it is data: the parameters `protected_*` of the shipped pack on discrimination, each dated and citing its
ordinance. The statistics carry the list as it stood on the day asked for, with the pack's digest, so that an estimate made years
later compares with the same list. Not in the ordinances: age, nationality as such and sexual orientation.
Source: Cap. 480, Cap. 487, Cap. 527 and Cap. 602 of the Laws of Hong Kong, as carried by the pack `anti-discrimination`.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.fairness.counts import attribute_names, levels_at
from dualtrack.evidence.measure import CountingMeasure, Estimating
from dualtrack.evidence.measurement import Fact, Measurement, Method, Part, plain_statistics
from dualtrack.evidence.numeric import np
from dualtrack.evidence.suppression import POOLED, hidden_groups
from dualtrack.evidence.tally import Key, Tally
from dualtrack.rules.shipped import shipped

if TYPE_CHECKING:
    from collections.abc import Sequence

    from dualtrack.evidence.sample import Roles
    from dualtrack.evidence.tally import Counted

__all__ = ["PACK", "AttributeCounts", "AttributeSettings", "AttributesMeasured", "Protected", "protected_on"]

PACK = "anti-discrimination"
"""The shipped pack whose parameters `protected_*` are the list."""

_PREFIX = "protected_"
_LEVELS_LEAST = 2


class Protected(Record, frozen=True):
    """One protected attribute: its name in the pack, the ordinance that protects it, and since when the pack carries it."""

    name: str
    cites: str
    since: str


class AttributeSettings(Record, frozen=True):
    """`on` is the Hong Kong date of the list (YYYY-MM-DD); `columns` says which column holds which protected attribute.

    A column that is not named there stands for itself: a column `sex` holds `sex`.
    """

    on: str
    columns: dict[str, str] = {}


class AttributeCounts(Record, frozen=True):
    """The list, where it comes from, and the rows of each level by column."""

    on: str
    pack_digest: str
    protected: tuple[Protected, ...]
    holds: dict[str, str]
    sizes: dict[str, dict[str, int]]


class AttributesMeasured(CountingMeasure[AttributeCounts, AttributeSettings]):
    """Share of the protected attributes that the data hold with at least two groups, each large enough to have a rate."""

    name = "fairness.attributes"
    family = "fairness"
    title = Text(en="Protected attributes measured", zh="已量度的受保護特徵")
    unit = "share of protected attributes"
    needs = ("attributes",)
    cost = "counts"
    method = Method(name="comparison with the dated list of the pack", version="1", source="Cap. 480, 487, 527, 602")
    misleads = Text(
        en="It says that an attribute can be measured, not that outcomes are equal. An attribute that the data do not hold may "
        "still act through others: see the proxies.",
        zh="只說明該特徵可以量度，並不表示結果相等。數據未有持有的特徵仍可透過其他特徵起作用，請參閱替代特徵一項。",
    )
    settings = AttributeSettings
    statistics = AttributeCounts

    def tallies(self, roles: Roles, settings: AttributeSettings) -> tuple[Tally, ...]:
        """Ask for one count an attribute; raises FieldError for a column that is set but is no attribute."""
        names = attribute_names(roles)
        unknown = sorted(set(settings.columns) - set(names))
        if unknown:
            raise FieldError(f"column {unknown[0]!r:.80}", where="columns", expected=f"some of {list(names)}")
        return tuple(Tally(name=name, keys=(Key(column=name),)) for name in names)

    def from_counted(self, counted: Sequence[Counted], settings: AttributeSettings) -> AttributeCounts:
        """Return counts beside the list in force on the day set; raises FieldError for two columns of one attribute."""
        digest, protected = protected_on(settings.on)
        names = [each.tally.keys[0].column for each in counted]
        holds = {name: settings.columns.get(name, name.lower()) for name in names}
        if len(set(holds.values())) != len(holds):
            raise FieldError("two columns of one attribute", where="columns", expected="one column each")
        stray = sorted(set(settings.columns.values()) - {each.name for each in protected})
        if stray:
            expected = ", ".join(each.name for each in protected)
            raise FieldError(f"attribute {stray[0]!r:.80}", where="columns", expected=expected)
        for each in counted:
            levels_at(each, 0)
        sizes = {
            name: {cell[0]: rows for cell, rows in zip(each.cells, each.counts, strict=True)}
            for name, each in zip(names, counted, strict=True)
        }
        return AttributeCounts(on=settings.on, pack_digest=digest, protected=protected, holds=holds, sizes=sizes)

    def merge(self, parts: Sequence[AttributeCounts]) -> AttributeCounts:
        """Add counts of separate rows; raises FieldError where lists or columns differ."""
        frames = [(part.on, part.pack_digest, part.protected, part.holds) for part in parts]
        if not parts or any(frame != frames[0] for frame in frames):
            raise FieldError("different lists or columns", where="statistics", expected="one list of attributes")
        sizes: dict[str, dict[str, int]] = {name: {} for name in parts[0].sizes}
        for part in parts:
            for name, found in part.sizes.items():
                for level, rows in found.items():
                    sizes[name][level] = sizes[name].get(level, 0) + rows
        return replace(parts[0], sizes={name: dict(sorted(found.items())) for name, found in sizes.items()})

    def suppressed(self, statistics: AttributeCounts, settings: AttributeSettings, least: int) -> AttributeCounts:
        """Pool levels of fewer people, and the next smallest where one alone would be given away; the attribute is then too small."""
        del settings
        return replace(statistics, sizes={name: _pooled(found, least) for name, found in statistics.sizes.items()})

    def estimate(
        self, statistics: AttributeCounts, settings: AttributeSettings, how: Estimating
    ) -> tuple[Measurement, ...]:
        """Return the share; it is a census of a list, so both limits are the estimate."""
        del settings  # the list and the columns stand in the statistics
        counts = {statistics.holds[name]: found for name, found in statistics.sizes.items()}
        parts = tuple(_part(each, counts.get(each.name, {}), how.cell_size_min) for each in statistics.protected)
        done = [part.label for part in parts if part.outcome == "measured"]
        listed = {each.name for each in statistics.protected}
        facts: dict[str, Fact] = {
            "measured": ",".join(done),
            "too_small": ",".join(part.label for part in parts if part.n and part.label not in done),
            "not_held": ",".join(part.label for part in parts if not part.n),
            "beside_the_list": ",".join(sorted(set(counts) - listed)),
            "ordinances": ",".join(dict.fromkeys(each.cites for each in statistics.protected)),
            "list_on": statistics.on,
            "pack": PACK,
            "pack_digest": statistics.pack_digest,
            "cell_size_min": how.cell_size_min,
        }
        share = len(done) / len(parts)
        measured = Measurement(
            measure="fairness.attributes-measured",
            unit=self.unit,
            n=sum(next(iter(counts.values())).values()),
            outcome="measured",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            estimate=share,
            low=share,
            high=share,
            facts=facts,
            parts=parts,
            statistics=plain_statistics(statistics),
        )
        return (measured,)


def protected_on(day: str) -> tuple[str, tuple[Protected, ...]]:
    """Return the pack's digest and the attributes protected on a Hong Kong date; raises FieldError for what is no date or too early."""
    try:
        on = date.fromisoformat(day).isoformat()
    except ValueError as error:
        raise FieldError(f"{day:.40}", where="on", expected="a date YYYY-MM-DD") from error
    pack = shipped(PACK)
    found = tuple(
        Protected(name=name, cites=item.cites, since=item.from_)
        for item in pack.data.parameters
        if item.name.startswith(_PREFIX) and item.from_ <= on and (item.to is None or on < item.to)
        for name in (item.value if isinstance(item.value, list) else [])
    )
    if not found:
        raise FieldError(f"no attribute protected on {day}", where="on", expected="a date when the ordinances applied")
    return pack.digest, found


def _part(protected: Protected, sizes: dict[str, int], cell_size_min: int) -> Part:
    enough = len(sizes) >= _LEVELS_LEAST and min(sizes.values()) >= cell_size_min and POOLED not in sizes
    return Part(label=protected.name, n=sum(sizes.values()), outcome="measured" if enough else "underpowered")


def _pooled(sizes: dict[str, int], least: int) -> dict[str, int]:
    levels = list(sizes)
    hidden = hidden_groups(np.array([sizes[level] for level in levels], dtype=np.int64), least)
    if not hidden.any():
        return sizes
    shown = {level: sizes[level] for level, left_out in zip(levels, hidden.tolist(), strict=True) if not left_out}
    return {**shown, POOLED: sum(sizes.values()) - sum(shown.values())}
