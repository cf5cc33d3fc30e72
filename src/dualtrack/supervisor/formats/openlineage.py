"""OpenLineage run events of a release's measurements: a START and a COMPLETE (or FAIL) for each result, one event a line.

Source: OpenLineage specification 2-0-2 with the facets named in `FACETS`. A job is an item of a plan, its input the table as it was given by
digest, its outputs the ledger entries that it left. An event carries names of columns and counts, never a row.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack import __version__
from dualtrack.domain.records import read_record
from dualtrack.errors import DualtrackError, NotFoundError
from dualtrack.evidence.quality.completeness import Completeness, role_columns
from dualtrack.evidence.quality.shares import Shares
from dualtrack.supervisor.formats.common import cell_size_min, lines_bytes, stable_uuid

if TYPE_CHECKING:
    from dualtrack.evidence.measurement import Measurement
    from dualtrack.evidence.plans.records import MeasurementResult
    from dualtrack.supervisor.formats.case import ExportCase, Observed, Resulted

__all__ = ["FACETS", "OWN_SCHEMA", "PRODUCER", "SPEC", "openlineage_bytes", "openlineage_events"]

SPEC = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
"""The version of the event."""

PRODUCER = f"urn:dualtrack:producer:{__version__}"
"""Who wrote the events."""

OWN_SCHEMA = "urn:dualtrack:openlineage:1#/$defs/"
"""Where our own facets are defined (docs/formats.md)."""

FACETS = {
    "schema": "facets/1-2-0/SchemaDatasetFacet.json#/$defs/SchemaDatasetFacet",
    "version": "facets/1-0-1/DatasetVersionDatasetFacet.json#/$defs/DatasetVersionDatasetFacet",
    "datasetType": "facets/1-0-1/DatasetTypeDatasetFacet.json#/$defs/DatasetTypeDatasetFacet",
    "inputStatistics": "facets/1-0-0/InputStatisticsInputDatasetFacet.json#/$defs/InputStatisticsInputDatasetFacet",
    "dataQualityMetrics": "facets/1-0-3/DataQualityMetricsInputDatasetFacet.json#/$defs/DataQualityMetricsInputDatasetFacet",
    "documentation": "facets/1-1-0/DocumentationJobFacet.json#/$defs/DocumentationJobFacet",
    "jobType": "facets/2-0-4/JobTypeJobFacet.json#/$defs/JobTypeJobFacet",
    "processing_engine": "facets/1-1-1/ProcessingEngineRunFacet.json#/$defs/ProcessingEngineRunFacet",
}
"""Facets of the specification that are used, by the version that each is written to."""


def openlineage_bytes(case: ExportCase) -> bytes:
    """Return the events as JSON lines; raises NotFoundError where nothing of the release was measured under a plan or without one."""
    return lines_bytes(openlineage_events(case))


def openlineage_events(case: ExportCase) -> list[dict[str, Any]]:
    """Return the events of all results of a release, in the ledger's order."""
    if not case.results:
        raise NotFoundError(
            f"no result of release {case.digest[:16]} of {case.use}", fix=f"`dualtrack measure {case.use} ...` first"
        )
    return [event for item in case.results for event in _events(case, item)]


def _events(case: ExportCase, item: Resulted) -> list[dict[str, Any]]:
    result = item.result
    failed = result.standing == "not measurable"
    common = {
        "producer": PRODUCER,
        "schemaURL": SPEC,
        "run": {"runId": stable_uuid("run", item.digest), "facets": _run_facets(item)},
        "job": _job(case, result),
        "inputs": [_input(case, item)],
    }
    outputs = [_output(case, item.index, item.digest, "measurement result")]
    outputs += [_output(case, each.index, each.digest, "evidence") for each in _evidence_of(case, result)]
    start = {**common, "eventType": "START", "eventTime": result.taken_at, "outputs": []}
    end = {
        **common,
        "eventType": "FAIL" if failed else "COMPLETE",
        "eventTime": max(item.recorded_at, result.taken_at),
        "outputs": outputs,
    }
    return [start, end]


def _facet(name: str, /, **fields: object) -> dict[str, Any]:
    return {"_producer": PRODUCER, "_schemaURL": f"https://openlineage.io/spec/{FACETS[name]}", **fields}


def _own(name: str, /, **fields: object) -> dict[str, Any]:
    kept = {field: value for field, value in fields.items() if value is not None}
    return {"_producer": PRODUCER, "_schemaURL": f"{OWN_SCHEMA}{name}", **kept}


def _namespace(case: ExportCase) -> str:
    return f"dualtrack://{case.institution.id}"


def _run_facets(item: Resulted) -> dict[str, Any]:
    """Return what the run was: the plan it followed, what came of it, what computed it. The reason of a failure stays in the ledger."""
    result = item.result
    plan = result.plan
    return {
        "processing_engine": _facet("processing_engine", name=result.engine, version=result.software),
        "dualtrack_measurement": _own(
            "MeasurementRunFacet",
            measurementRun=result.run,
            item=result.item.id,
            measure=result.item.measure,
            standing=result.standing,
            exploratory=result.exploratory,
            level=result.level,
            variants=result.variants,
            release=result.release,
            dataDigest=result.data_digest,
            planEntry=plan.index if plan else None,
            planDigest=plan.digest if plan else None,
            planRegisteredAt=plan.recorded_at if plan else None,
            demo=result.demo or None,
        ),
    }


def _job(case: ExportCase, result: MeasurementResult) -> dict[str, Any]:
    plan = result.plan
    name = f"{case.use.partition('/')[2]}.{'plan-' + str(plan.index) if plan else 'exploratory'}.{result.item.id}"
    return {
        "namespace": _namespace(case),
        "name": name,
        "facets": {
            "jobType": _facet("jobType", processingType="BATCH", integration="DUALTRACK", jobType="MEASUREMENT"),
            "documentation": _facet(
                "documentation", description=f"Measures {result.item.measure} of a release of {case.use}."
            ),
        },
    }


def _input(case: ExportCase, item: Resulted) -> dict[str, Any]:
    result = item.result
    facets = {
        "version": _facet("version", datasetVersion=f"sha256:{result.given_digest}"),
        "datasetType": _facet("datasetType", datasetType="TABLE"),
    }
    columns = _columns(case, result)
    if columns:
        fields = [{"name": name, "ordinal_position": place} for place, name in enumerate(columns, 1)]
        facets["schema"] = _facet("schema", fields=fields)
    input_facets = {"inputStatistics": _facet("inputStatistics", rowCount=result.rows)}
    filled = next((each for each in result.measurements if each.measure == Completeness.name), None)
    metrics = _column_metrics(case, result, filled) if filled is not None else None
    if metrics:
        input_facets["dataQualityMetrics"] = _facet("dataQualityMetrics", rowCount=result.rows, columnMetrics=metrics)
    return {
        "namespace": _namespace(case),
        "name": f"data/sha256:{result.given_digest}",
        "facets": facets,
        "inputFacets": input_facets,
    }


def _columns(case: ExportCase, result: MeasurementResult) -> tuple[str, ...]:
    """Return the columns that the item looked at, as far as a plan says."""
    plan = result.plan
    roles = result.item.columns or next(
        (each.plan.columns for each in case.plans if plan and each.index == plan.index), None
    )
    return role_columns(roles) if roles is not None else ()


def _column_metrics(case: ExportCase, result: MeasurementResult, filled: Measurement) -> dict[str, Any]:
    """Return empty and filled values by column; counts of few values are left out, as of any small group."""
    least = cell_size_min(case, result.plan.index if result.plan else None)
    try:
        shares = read_record(filled.statistics, Shares, where=filled.measure)
    except DualtrackError:  # counted by another version of the measure
        return {}
    return {
        line.label: {"nullCount": line.judged - line.good, "count": line.good}
        for line in shares.lines
        if line.judged >= least and not 0 < line.judged - line.good < least
    }


def _output(case: ExportCase, index: int, digest: str, kind: str) -> dict[str, Any]:
    return {
        "namespace": _namespace(case),
        "name": f"ledger/{index}",
        "facets": {
            "version": _facet("version", datasetVersion=f"sha256:{digest}"),
            "datasetType": _facet("datasetType", datasetType="FILE", subType=kind.upper().replace(" ", "_")),
        },
    }


def _evidence_of(case: ExportCase, result: MeasurementResult) -> list[Observed]:
    """Return the evidence that this result became, alone or together with others of its run."""
    if result.plan is None:
        return []
    wanted = (result.plan.index, result.item.id)
    return [
        item
        for item in case.observed
        if item.predicate.taken_at == result.taken_at and wanted in _references(item.predicate.statistics)
    ]


def _references(statistics: dict[str, Any]) -> set[tuple[object, object]]:
    parts = statistics.get("parts")
    held = [*parts.values()] if isinstance(parts, dict) else [statistics]
    plans = [each.get("plan") for each in held if isinstance(each, dict)]
    return {(plan.get("index"), plan.get("item")) for plan in plans if isinstance(plan, dict)}
