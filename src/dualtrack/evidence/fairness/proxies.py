"""Proxies: how well each feature, and all features together, tell a protected attribute.

Each feature is cut into bins of about equal mass (few distinct values: one bin each; missing values: a bin of their own) and
counted with the attribute. Strength is Cramér's V; a chi-square test for each feature, with Holm's correction over all features
of the attribute, says which associations are more than chance. Together: the AUC of telling the largest level from the rest by
logistic regression on the bins, on a part of the rows that did not train it. Features are reported, never persons.
Sources: Cramér (1946), Mathematical Methods of Statistics, 21.9; Holm (1979), Scandinavian Journal of Statistics 6, 65-70.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from msgspec.structs import replace

from dualtrack.domain.records import Record, Text
from dualtrack.errors import FieldError
from dualtrack.evidence.cells import attribute_levels, level_order
from dualtrack.evidence.fairness.association import cramers_v, independence_p
from dualtrack.evidence.fairness.counts import attribute_names
from dualtrack.evidence.fairness.draws import around, draw_tables
from dualtrack.evidence.fairness.together import AucCounts, auc_interval, suppressed_counts, tell_together
from dualtrack.evidence.measure import Estimating, Measure
from dualtrack.evidence.measurement import Fact, Measurement, Method, Part, plain_statistics
from dualtrack.evidence.multiplicity import holm
from dualtrack.evidence.numeric import np
from dualtrack.evidence.resampling import record_draws
from dualtrack.evidence.suppression import hidden_groups, pooled, runs

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from dualtrack.evidence.sample import Sample

__all__ = ["Association", "Proxies", "ProxySettings", "ProxyTables"]

_LEVELS_LEAST = 2
_NAMED_MAX = 50


class ProxySettings(Record, frozen=True):
    """`bins` a feature, fixed `edges` by feature where shards are to be merged, and whether all features are tried `together`.

    `together` needs the optional part `models`; its training rows are drawn with `seed`.
    """

    bins: int = 10
    edges: dict[str, tuple[float, ...]] = {}
    together: bool = False
    seed: int = 1


class Association(Record, frozen=True):
    """Rows by level of an attribute and bin of a feature: `counts` of shape (levels, bins), flattened. Bin 0 holds missing values."""

    attribute: str
    feature: str
    levels: tuple[str, ...]
    edges: tuple[float, ...]
    counts: tuple[int, ...]

    @property
    def array(self) -> NDArray[np.int64]:
        """The counts in their shape."""
        return np.array(self.counts, dtype=np.int64).reshape(len(self.levels), -1)


class ProxyTables(Record, frozen=True):
    """One table an attribute and feature, and one AUC an attribute where all features were tried together."""

    tables: tuple[Association, ...]
    together: tuple[AucCounts, ...] = ()


class Proxies(Measure[ProxyTables, ProxySettings]):
    """Cramér's V of the feature that tells an attribute best; parts are all features."""

    name = "fairness.proxies"
    family = "fairness"
    title = Text(en="Features that stand in for protected attributes", zh="可代替受保護特徵的輸入特徵")
    unit = "Cramér's V"
    needs = ("attributes", "features")
    cost = "rows"
    method = Method(
        name="Cramér's V by binned feature, multinomial bootstrap; chi-square with Holm's correction",
        version="1",
        source="Cramér 1946; Holm 1979",
    )
    misleads = Text(
        en="V leans upwards in small samples, so read the corrected p-values beside it. A feature may be a proxy only together "
        "with others, and a strong proxy may still have a lawful reason: this finds candidates, a person judges them.",
        zh="樣本較小時 V 值會偏高，應同時參閱已修正的 p 值。有些特徵只在與其他特徵合用時才可替代，而強的替代特徵亦可有合法理據；"
        "本項只找出可疑者，判斷在人。",
    )
    settings = ProxySettings
    statistics = ProxyTables

    def gather(self, sample: Sample, settings: ProxySettings) -> ProxyTables:
        """Cut features into bins and count; raises FieldError for missing attributes, or features that are no numbers."""
        names, features = attribute_names(sample.roles), sample.features()
        if settings.bins < _LEVELS_LEAST:
            raise FieldError(f"{settings.bins} bins", where="bins", expected="2 or more")
        cut = [
            _cut(features[:, at], settings.edges.get(name), settings.bins)
            for at, name in enumerate(sample.roles.features)
        ]
        tables, together = [], []
        for attribute in names:
            levels, place = attribute_levels(attribute, sample.columns[attribute])
            for feature, (edges, bin_of) in zip(sample.roles.features, cut, strict=True):
                if feature == attribute:  # an attribute that the model is given needs no stand-in
                    continue
                size = len(edges) + 2
                counts = np.bincount(place * size + bin_of, minlength=len(levels) * size)
                tables.append(
                    Association(
                        attribute=attribute,
                        feature=feature,
                        levels=levels,
                        edges=edges,
                        counts=tuple(counts.tolist()),
                    )
                )
            if settings.together and len(levels) >= _LEVELS_LEAST:
                others = [each for each, name in zip(cut, sample.roles.features, strict=True) if name not in set(names)]
                together.append(tell_together(attribute, levels, place, others, settings.seed))
        return ProxyTables(tables=tuple(tables), together=tuple(together))

    def merge(self, parts: Sequence[ProxyTables]) -> ProxyTables:
        """Add tables of separate rows; raises FieldError where bins differ: set the edges in the plan then."""
        frames = [[(each.attribute, each.feature, each.edges) for each in part.tables] for part in parts]
        if not parts or any(frame != frames[0] for frame in frames):
            raise FieldError(
                "different bins", where="statistics", expected="one set of edges", fix="set edges for every feature"
            )
        if any(part.together for part in parts):
            raise FieldError(
                "an AUC of several models", where="statistics", expected="one model", fix="measure together on all rows"
            )
        return ProxyTables(tables=tuple(_added(each) for each in zip(*(part.tables for part in parts), strict=True)))

    def suppressed(self, statistics: ProxyTables, settings: ProxySettings, least: int) -> ProxyTables:
        """Empty levels of fewer people, and join bins of a feature until no level has fewer in one."""
        del settings
        return ProxyTables(
            tables=tuple(_suppressed(each, least) for each in statistics.tables),
            together=tuple(suppressed_counts(each, least) for each in statistics.together),
        )

    def estimate(self, statistics: ProxyTables, settings: ProxySettings, how: Estimating) -> tuple[Measurement, ...]:
        """Return the strongest feature of each attribute, then the AUC of all together where it was gathered."""
        del settings
        found: dict[str, list[Association]] = {}
        for each in statistics.tables:
            found.setdefault(each.attribute, []).append(each)
        strongest = tuple(self._strongest(attribute, tables, how) for attribute, tables in found.items())
        return strongest + tuple(self._together(each, how) for each in statistics.together)

    def _strongest(self, attribute: str, tables: list[Association], how: Estimating) -> Measurement:
        sizes = tables[0].array.sum(1)
        small = int((sizes < how.cell_size_min).sum())
        parts = tuple(_part(each, bool(small), how) for each in tables)
        p_values = holm([independence_p(each.array) for each in tables])
        shown = [each.feature for each, p in zip(tables, p_values, strict=True) if p <= 1 - how.level]
        named = [part for part in parts if part.estimate is not None]
        best = max(named, key=lambda part: part.estimate or 0.0, default=None)
        facts: dict[str, Fact] = {
            "attribute": attribute,
            "features": len(tables),
            "features_shown": len(shown),
            "shown": ",".join(shown[:_NAMED_MAX]),
            "smallest_cell": int(sizes.min()),
            "cell_size_min": how.cell_size_min,
        }
        if best is not None:
            facts |= {"strongest": best.label, "p_holm": p_values[parts.index(best)]}
        enough = best is not None and not small
        if not enough:
            facts["n_needed"] = how.cell_size_min
        return Measurement(
            measure="fairness.proxy-strength",
            unit=self.unit,
            n=int(sizes.sum()),
            outcome="measured" if enough else "underpowered",
            method=self.method,
            data_digest=how.data_digest,
            level=how.level,
            estimate=best.estimate if best else None,
            low=best.low if best else None,
            high=best.high if best else None,
            facts=facts,
            parts=parts,
            statistics=plain_statistics(ProxyTables(tables=tuple(tables))),
            draws=record_draws(how.seed, how.draws),
        )

    def _together(self, counts: AucCounts, how: Estimating) -> Measurement:
        auc = auc_interval(counts, how.level)
        rest, level = counts.array.sum(1)
        enough = auc is not None and min(rest, level) >= how.cell_size_min
        facts: dict[str, Fact] = {
            "attribute": counts.attribute,
            "level_told": counts.level,
            "smallest_cell": int(min(rest, level)),
            "cell_size_min": how.cell_size_min,
        }
        return Measurement(
            measure="fairness.proxy-auc",
            unit="probability",
            n=int(rest + level),
            outcome="measured" if enough else "underpowered",
            method=Method(
                name="AUC of logistic regression on binned features, held-out half, DeLong on binned scores",
                version="1",
                source="DeLong et al. 1988",
            ),
            data_digest=how.data_digest,
            level=how.level,
            estimate=auc[0] if auc else None,
            low=auc[1] if auc else None,
            high=auc[2] if auc else None,
            facts=facts if enough else facts | {"n_needed": 2 * how.cell_size_min},
            statistics=plain_statistics(ProxyTables(tables=(), together=(counts,))),
        )


def _cut(
    values: NDArray[np.float64], edges: tuple[float, ...] | None, bins: int
) -> tuple[tuple[float, ...], NDArray[np.int64]]:
    """Return edges and each row's bin: 0 for a missing value, then the bins between edges."""
    absent = np.isnan(values)
    if edges is None:
        held = np.unique(values[~absent])
        if len(held) > bins:
            held = np.unique(np.quantile(values[~absent], np.linspace(0, 1, bins + 1)[1:-1]))
        else:
            held = held[1:]
        edges = tuple(held.tolist())
    place = np.searchsorted(np.array(edges), values, side="right") + 1
    return edges, np.where(absent, 0, place).astype(np.int64)


def _suppressed(each: Association, least: int) -> Association:
    counts = each.array
    counts[hidden_groups(counts.sum(1), least)] = 0
    counts = pooled(counts.T, runs(counts, least), counts.sum(0)).T
    return replace(each, counts=tuple(counts.ravel().tolist()))


def _added(parts: Sequence[Association]) -> Association:
    first = parts[0]
    levels = tuple(sorted({level for part in parts for level in part.levels}, key=level_order))
    total = np.zeros((len(levels), len(first.edges) + 2), dtype=np.int64)
    for part in parts:
        total[[levels.index(level) for level in part.levels]] += part.array
    return Association(
        attribute=first.attribute,
        feature=first.feature,
        levels=levels,
        edges=first.edges,
        counts=tuple(total.ravel().tolist()),
    )


def _part(each: Association, small: bool, how: Estimating) -> Part:
    counts = each.array
    value = float(cramers_v(counts))
    if math.isnan(value):
        return Part(label=each.feature, n=int(counts.sum()), outcome="underpowered")
    limits = around(value, cramers_v(draw_tables(counts, how.seed, how.draws)), how.level)
    if limits is None:
        return Part(label=each.feature, n=int(counts.sum()), outcome="underpowered")
    return Part(
        label=each.feature,
        n=int(counts.sum()),
        outcome="underpowered" if small else "measured",
        estimate=value,
        low=limits.low,
        high=limits.high,
    )
