"""The model card: intended use and limits from the declaration, figures from the planned results of the release.

A figure is named by item, measure and the groups compared, alike in the metric's type and in the property with what the schema has no
field for: several numbers of one measure would otherwise be one name.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from dualtrack.evidence.registry import measures
from dualtrack.evidence.reporting.plots import groups_of
from dualtrack.supervisor.formats.common import cell_size_min, number, shown_parts

if TYPE_CHECKING:
    from dualtrack.evidence.measurement import Measurement, Part
    from dualtrack.supervisor.formats.case import ExportCase, Resulted

__all__ = ["SLICES_MAX", "model_card"]

SLICES_MAX = 200
"""Most parts shown of one measurement: a finer table is not read as a card."""


def model_card(case: ExportCase, data: list[str]) -> dict[str, Any]:
    """Return the card; `data` are the references of the data sets of the release."""
    planned = _newest(case)
    metrics: list[dict[str, Any]] = []
    facts: dict[str, str] = {"affected": ", ".join(case.declaration.affected)} if case.declaration.affected else {}
    ids = Counter(item.result.item.id for item in planned)
    for item in planned:
        shown, said = _figures(case, item, _named(item, alone=ids[item.result.item.id] == 1))
        metrics += shown
        facts |= said
    left_out = sum(item.result.exploratory for item in case.results)
    if left_out:
        facts["exploratory-results-left-out"] = str(left_out)
    card: dict[str, Any] = {
        "considerations": _considerations(case, planned),
        "properties": [{"name": f"dualtrack:{name}", "value": value} for name, value in facts.items()],
    }
    if data:
        card["modelParameters"] = {"datasets": [{"ref": each} for each in data]}
    if metrics:
        card["quantitativeAnalysis"] = {"performanceMetrics": metrics}
    return card


def _newest(case: ExportCase) -> list[Resulted]:
    """Return the newest planned result of each item of each plan; exploratory ones count for nothing and are left out."""
    found: dict[tuple[int, str], Resulted] = {}
    for item in case.results:
        if item.result.plan is not None and not item.result.exploratory:
            found[item.result.plan.index, item.result.item.id] = item
    return sorted(found.values(), key=lambda item: item.index)


def _named(item: Resulted, *, alone: bool) -> str:
    """Return the name of a result's item, with its plan where another plan has an item of this name."""
    plan = item.result.plan
    return item.result.item.id if alone or plan is None else f"{item.result.item.id} of plan {plan.index}"


def _figures(case: ExportCase, item: Resulted, named: str) -> tuple[list[dict[str, Any]], dict[str, str]]:
    """Return the metrics of a result, and by name what the schema has no field for: n, level, standing, data, plan."""
    result = item.result
    least = cell_size_min(case, result.plan.index if result.plan else None)
    metrics: list[dict[str, Any]] = []
    facts = {f"result:{named}": _standing(item)}
    for measurement in result.measurements:
        groups = groups_of(measurement)
        name = f"{named}:{measurement.measure}" + (f" by {groups}" if groups else "")
        if measurement.estimate is None or measurement.n < least:
            facts[f"no-figure:{name}"] = measurement.outcome if measurement.n >= least else "too few rows to be shown"
            continue
        metrics.append(_metric(name, measurement, None))
        parts = shown_parts(measurement, least)
        metrics += [_metric(name, part, part.label) for part in parts.parts[:SLICES_MAX]]
        facts[f"figure:{name}"] = _facts(measurement)
        hidden = {"small-groups-withheld": parts.withheld, "slices-left-out": max(0, len(parts.parts) - SLICES_MAX)}
        facts |= {f"{word}:{name}": str(count) for word, count in hidden.items() if count}
    return metrics, facts


def _metric(name: str, figure: Measurement | Part, label: str | None) -> dict[str, Any]:
    assert figure.estimate is not None
    metric: dict[str, Any] = {"type": name, "value": number(figure.estimate)}
    if label is not None:
        metric["slice"] = label
    if figure.low is not None and figure.high is not None:
        metric["confidenceInterval"] = {"lowerBound": number(figure.low), "upperBound": number(figure.high)}
    return metric


def _standing(item: Resulted) -> str:
    result = item.result
    gate, plan = result.item.gate, result.plan
    assert plan is not None
    names = ("target", "limit", "limit_low", "limit_high")
    bounds = [
        f"{name.replace('_', ' ')} {number(getattr(gate, name))}"
        for name in names
        if getattr(gate, name, None) is not None
    ]
    threshold = ", ".join(bounds) or ("as declared" if gate else "none")
    return (
        f"{result.standing}; threshold: {threshold}; plan: entry {plan.index}, SHA-256 {plan.digest}; "
        f"result: entry {item.index}, SHA-256 {item.digest}; data: SHA-256 {result.data_digest}"
    )


def _facts(measurement: Measurement) -> str:
    method = measurement.method
    return (
        f"{measurement.outcome}; n {measurement.n}; unit: {measurement.unit}; interval at {number(measurement.level)}; "
        f"method: {method.name} {method.version} ({method.source})"
    )


def _considerations(case: ExportCase, planned: list[Resulted]) -> dict[str, Any]:
    declaration = case.declaration
    considerations: dict[str, Any] = {
        "useCases": [declaration.purpose.en, declaration.scope.does.en],
        "technicalLimitations": [declaration.scope.does_not.en, *_misleads(planned)],
    }
    if declaration.fallback is not None:
        considerations["ethicalConsiderations"] = [
            {"name": "the use stops or is refused", "mitigationStrategy": declaration.fallback.en}
        ]
    return considerations


def _misleads(planned: list[Resulted]) -> list[str]:
    """Return when each measure that was used is not to be trusted; one that is not installed here says nothing."""
    if not planned:
        return []
    known = measures()
    named = dict.fromkeys(item.result.item.measure for item in planned)
    return [f"{name}: {known[name].misleads.en}" for name in named if name in known]
