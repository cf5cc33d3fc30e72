"""A registered version as components of a declaration: model, data sets, code. What MLflow does not know stays undeclared.

MLflow keeps no licence, provider or rights, and digests data sets with a short hash of its own: such a hash stands in `version`, never
in `digest`, which is SHA-256. Logged metrics are no evidence: no interval, no number of rows and no data digest goes with them.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import yaml

from dualtrack.domain.records import to_plain
from dualtrack.domain.usecase import Component
from dualtrack.domain.vocabulary import ComponentType
from dualtrack.errors import FieldError
from dualtrack.evidence.adapters.mlflow_artifact import artifact_digest
from dualtrack.evidence.adapters.mlflow_database import read_database
from dualtrack.evidence.adapters.mlflow_records import bare_address, model_name
from dualtrack.evidence.adapters.mlflow_rest import TIMEOUT_S, read_over_rest

if TYPE_CHECKING:
    from dualtrack.evidence.adapters.mlflow_records import LoggedRun, RegisteredVersion

__all__ = ["NOT_EVIDENCE", "Imported", "components_yaml", "import_version"]

NOT_EVIDENCE = "logged metrics, not evidence: MLflow keeps no interval, number of rows or data digest with them"
"""Stands above the metrics wherever they are shown."""

_ID_MAX = 64


class Imported(NamedTuple):
    """A version as read, where its files lie (without what may be secret), and the components that it gives."""

    version: RegisteredVersion
    artifact: str
    components: list[Component]


def import_version(address: str, model: str, *, timeout_s: float = TIMEOUT_S) -> Imported:
    """Read `name`, `name/version` or `name@alias` from a server (http, https) or a registry's SQLite file (path or sqlite:///).

    Raises FieldError for another address, NotFoundError, UpstreamError, PathError or DocumentError for what cannot be read.
    """
    wanted = model_name(model)
    scheme, separator, rest = address.partition("://")
    if separator and scheme in {"http", "https"}:
        version = read_over_rest(address, wanted, timeout_s=timeout_s)
    elif not separator or scheme == "sqlite":
        version = read_database(Path(rest.removeprefix("/") if separator else address), wanted)
    else:
        raise FieldError(
            f"address of scheme {scheme!r:.40}", where="ADDRESS", expected="http://, https://, sqlite:/// or a file"
        )
    digest = artifact_digest(version.artifact)
    return Imported(version, bare_address(version.artifact) if version.artifact else "", _components(version, digest))


def components_yaml(found: Imported) -> str:
    """Return the components as YAML for a declaration; run, params and metrics as comments, each on one line."""
    plain = [
        {
            name: value
            for name, value in _plain(part).items()
            if value is not None or name in {"digest", "licence", "provider"}
        }
        for part in found.components
    ]
    text = yaml.safe_dump({"components": plain}, allow_unicode=True, sort_keys=False, width=1_000)
    version, run = found.version, found.version.run
    lines = [f"model {json.dumps(version.name)} version {version.version}, status {json.dumps(version.status)}"]
    if version.aliases:
        lines.append(f"aliases: {json.dumps(version.aliases)}")
    lines += _pairs("tags of the version", version.tags)
    if run is not None:
        lines.append(f"run {run.id} in experiment {json.dumps(run.experiment)}, status {json.dumps(run.status)}")
        lines += [*_pairs("params", run.params), *_pairs("tags of the run", run.tags)]
        lines += _pairs(NOT_EVIDENCE, {name: repr(value) for name, value in run.metrics.items()})
    if found.components[0].digest is None:
        lines.append("the model's files are not on this machine: give their digest yourself")
    return "".join(f"# {line}\n" for line in lines) + text


def _pairs(title: str, values: dict[str, str]) -> list[str]:
    """Return a heading and a line for each pair, as JSON: what somebody logged cannot end the comment that it stands in."""
    shown = [f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in values.items()]
    return [f"{title}:", *shown] if shown else []


def _plain(part: Component) -> dict[str, object]:
    plain = to_plain(part)
    assert isinstance(plain, dict)
    return plain


def _components(version: RegisteredVersion, digest: str | None) -> list[Component]:
    run = version.run
    ids: set[str] = set()
    source = f"MLflow registered model {version.name!r} version {version.version}"
    model = Component(
        id=_identifier(version.name, "model", ids),
        type=ComponentType.MODEL,
        name=version.name,
        version=version.version,
        digest=digest,
        source=f"{source}, run {run.id}" if run else f"{source}, without a run",
    )
    return [model, *(_of_run(run, ids) if run else [])]


def _of_run(run: LoggedRun, ids: set[str]) -> list[Component]:
    found = [
        Component(
            id=_identifier(data.name, "data", ids),
            type=ComponentType.DATA_SET,
            name=data.name,
            version=f"mlflow {data.digest}",
            source=f"{data.context or 'input'} data of MLflow run {run.id}; {data.source}",
        )
        for data in run.data
    ]
    if run.commit:
        code = Component(
            id=_identifier("training-code", "code", ids),
            type=ComponentType.CODE,
            name="Training code",
            version=run.commit,
            source=f"git commit of MLflow run {run.id}" + (f"; {run.repository}" if run.repository else ""),
        )
        found.append(code)
    return found


def _identifier(name: str, otherwise: str, ids: set[str]) -> str:
    """Return a name as an identifier that is not in use yet, and note it."""
    slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[: _ID_MAX - 4].strip("-") or otherwise
    number, found = 1, slug
    while found in ids:
        number += 1
        found = f"{slug}-{number}"
    ids.add(found)
    return found
