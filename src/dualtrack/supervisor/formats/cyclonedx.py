"""CycloneDX 1.7 ML-BOM of a release: its parts with provenance, a model card from our measurements, declarations from the verdict.

Source: ECMA-424 and the CycloneDX 1.7 schema. What is undeclared is left out, never guessed: a component without licence in the
declaration has none here. `confidenceInterval` is the interval of the result at its own level, which a property names.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from dualtrack import __version__
from dualtrack.domain.records import Text
from dualtrack.domain.vocabulary import ComponentType
from dualtrack.errors import FieldError
from dualtrack.evidence.provenance.expression import evaluate
from dualtrack.evidence.provenance.licences import load_licences
from dualtrack.supervisor.formats.common import DISCLAIMER, TOOL, pretty_bytes, stable_uuid
from dualtrack.supervisor.formats.cyclonedx_card import model_card
from dualtrack.supervisor.formats.cyclonedx_declarations import declarations, standards

if TYPE_CHECKING:
    from dualtrack.domain.usecase import Component
    from dualtrack.supervisor.formats.case import ExportCase

__all__ = ["SPEC_VERSION", "cyclonedx_bytes", "cyclonedx_document"]

SPEC_VERSION = "1.7"
"""The version of CycloneDX that the document is written to."""

_ROOT = "release"
"""The reference of the use itself among the document's parts."""

_TYPES = {
    ComponentType.MODEL: "machine-learning-model",
    ComponentType.DATA_SET: "data",
    ComponentType.PROMPT: "data",
    ComponentType.INDEX: "data",
    ComponentType.TOOL: "application",
    ComponentType.LIBRARY: "library",
    ComponentType.CODE: "application",
}

_DATA = {ComponentType.DATA_SET: "dataset", ComponentType.PROMPT: "definition", ComponentType.INDEX: "dataset"}
"""What sort of data a part of type `data` holds, in CycloneDX's words."""


def cyclonedx_bytes(case: ExportCase) -> bytes:
    """Return the document as bytes."""
    return pretty_bytes(cyclonedx_document(case))


def cyclonedx_document(case: ExportCase) -> dict[str, Any]:
    """Return the bill of materials of a release."""
    parts = _components(case)
    document: dict[str, Any] = {
        "$schema": "http://cyclonedx.org/schema/bom-1.7.schema.json",
        "bomFormat": "CycloneDX",
        "specVersion": SPEC_VERSION,
        "serialNumber": f"urn:uuid:{stable_uuid('bom', case.digest, case.as_of, _verdict(case))}",
        "version": 1,
        "metadata": _metadata(case),
        "components": parts,
        "dependencies": [
            {"ref": _ROOT, "dependsOn": [part["bom-ref"] for part in parts]},
            *({"ref": part["bom-ref"]} for part in parts),
        ],
        "compositions": [{"aggregate": "unknown", "assemblies": [_ROOT]}],
        "declarations": declarations(case, _ROOT),
    }
    rules = standards(case)
    if rules:
        document["definitions"] = {"standards": rules}
    return document


def _metadata(case: ExportCase) -> dict[str, Any]:
    firm = case.institution
    return {
        "timestamp": case.as_of,
        "tools": {"components": [{"type": "application", "name": "dualtrack", "version": __version__}]},
        "manufacturer": {"name": firm.name.en},
        "component": {
            "type": "application",
            "bom-ref": _ROOT,
            "name": case.use,
            "version": case.digest,
            "description": f"{case.declaration.title.en}. {case.declaration.purpose.en}",
            "hashes": _hashes(case.release.code),
            "properties": _properties(
                {
                    "release": case.digest,
                    "hash": "the code of the release",
                    "area": case.declaration.area.value,
                    "sector": case.declaration.sector.value,
                    "verdict": case.verdict.assessment.verdict.value if case.verdict else None,
                    "mode": case.verdict.assessment.mode if case.verdict else None,
                    "assessment": _verdict(case),
                }
            ),
        },
        "properties": _properties(
            {"made-by": TOOL, "means": DISCLAIMER, "demo": "true" if case.demo else None},
        ),
    }


def _verdict(case: ExportCase) -> str | None:
    return case.verdict.digest if case.verdict else None


def _components(case: ExportCase) -> list[dict[str, Any]]:
    """Return the declared parts; several models stand inside one part, for what was measured is the release as a whole."""
    declared = case.declaration.components
    pinned = {part.id: part.digest for part in case.release.components}
    parts = [_component(part, pinned.get(part.id, part.digest)) for part in declared]
    models = [part for part in parts if part["type"] == "machine-learning-model"]
    if not models:
        return parts
    data = [part["bom-ref"] for part in parts if part["type"] == "data"]
    card = model_card(case, data)
    if len(models) == 1:
        models[0]["modelCard"] = card
        return parts
    together = {
        "type": "machine-learning-model",
        "bom-ref": "models",
        "name": f"The {len(models)} models of the release together",
        "version": case.digest,
        "modelCard": card,
        "components": models,
    }
    return [together, *(part for part in parts if part not in models)]


def _component(part: Component, digest: str | None) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": _TYPES[part.type],
        "bom-ref": f"component-{part.id}",
        "name": part.name.en if isinstance(part.name, Text) else part.name,
        "version": part.version,
        "properties": _properties(
            {
                "component": part.id,
                "kind": part.type.value,
                "reservation": part.reservation,
                "indemnity": part.indemnity,
                "source": part.source,
                "undeclared": ", ".join(
                    name
                    for name in ("provider", "licence", "source", "reservation", "indemnity")
                    if getattr(part, name) is None
                ),
                "digest": None if digest else "none was declared",
            }
        ),
    }
    if digest:
        found["hashes"] = _hashes(digest)
    if part.provider:
        found["supplier"] = {"name": part.provider}
    if part.licence:
        found["licenses"] = [_licence(part.licence)]
    if part.source:
        found["pedigree"] = {"notes": part.source}
    if part.type in _DATA:
        found["data"] = [{"type": _DATA[part.type], "name": found["name"]}]
    return found


def _licence(named: str) -> dict[str, Any]:
    """Return a licence by its SPDX identifier or as an expression of them where our table knows all, else by the name declared."""
    known = {licence.id for licence in load_licences().licences}
    if named in known:
        return {"license": {"id": named}}
    return {"expression": named} if _is_expression(named, known) else {"license": {"name": named}}


def _is_expression(named: str, known: set[str]) -> bool:
    found = []

    def note(licence: str) -> int:
        found.append(licence)
        return 0

    try:
        evaluate(named, note)
    except FieldError:
        return False
    return set(found) <= known


def _hashes(digest: str) -> list[dict[str, str]]:
    return [{"alg": "SHA-256", "content": digest}]


def _properties(values: dict[str, str | None]) -> list[dict[str, str]]:
    return [{"name": f"dualtrack:{name}", "value": str(value)} for name, value in values.items() if value]
