"""From the plain answers of MLflow's REST API to records; a missing or odd field is named, never guessed."""

from __future__ import annotations

import json
import sys
from typing import Any

from dualtrack.errors import UpstreamError
from dualtrack.evidence.adapters.mlflow_records import (
    LISTED_MAX,
    LoggedData,
    LoggedRun,
    RegisteredVersion,
    bare_address,
    bounded,
)

__all__ = ["data_source", "git_of", "own_tags", "read_run", "read_version"]


def read_version(answer: dict[str, Any], artifact: str, run: LoggedRun | None, *, where: str) -> RegisteredVersion:
    """Return the version that an answer describes."""
    return RegisteredVersion(
        name=_text(answer, "name", where),
        version=_text(answer, "version", where),
        status=bounded(answer.get("status", "")),
        aliases=[bounded(each) for each in _list(answer, "aliases", where)],
        tags=own_tags(_pairs(answer, "tags", where)),
        artifact=artifact,
        run=run,
    )


def read_run(answer: dict[str, Any], experiment: str, *, where: str) -> LoggedRun:
    """Return the run that an answer describes, with its inputs."""
    info, data = _dict(answer, "info", where), _dict(answer, "data", where)
    tags = _pairs(data, "tags", where)
    inputs = answer.get("inputs") or {}
    commit, repository = git_of(tags)
    return LoggedRun(
        id=_text(info, "run_id", where),
        experiment=bounded(experiment),
        status=bounded(info.get("status", "")),
        commit=commit,
        repository=repository,
        params=_pairs(data, "params", where),
        tags=own_tags(tags),
        metrics=_metrics(data, where),
        data=[
            _data(each, where) for each in _list(inputs if isinstance(inputs, dict) else {}, "dataset_inputs", where)
        ],
    )


def git_of(tags: dict[str, str]) -> tuple[str | None, str | None]:
    """Return commit and repository of the code, as MLflow tags them; the address without what may be secret."""
    repository = tags.get("mlflow.source.git.repoURL")
    return tags.get("mlflow.source.git.commit"), bare_address(repository) if repository else None


def own_tags(tags: dict[str, str]) -> dict[str, str]:
    """Return the tags that people set: MLflow's own name users, machines and paths."""
    return {name: value for name, value in tags.items() if not name.startswith("mlflow.")}


def data_source(text: str) -> str:
    """Return where a data set came from, of the JSON that MLflow keeps; never a query or a password in it."""
    try:
        plain = json.loads(text)
    except (ValueError, RecursionError):
        return "not said"
    named = [plain.get(name) for name in ("uri", "url", "path", "table_name")] if isinstance(plain, dict) else []
    return next((bare_address(each) for each in named if isinstance(each, str)), "not said")


def _data(answer: object, where: str) -> LoggedData:
    plain = answer if isinstance(answer, dict) else {}
    found, tags = _dict(plain, "dataset", where), _pairs(plain, "tags", where)
    return LoggedData(
        name=_text(found, "name", where),
        digest=_text(found, "digest", where),
        context=tags.get("mlflow.data.context", ""),
        source=data_source(str(found.get("source", ""))),
    )


def _metrics(data: dict[str, Any], where: str) -> dict[str, float]:
    found = {}
    for each in _list(data, "metrics", where):
        value = each.get("value") if isinstance(each, dict) else None
        if isinstance(value, int | float) and abs(value) <= sys.float_info.max:  # false for NaN, too
            found[_text(each, "key", where)] = float(value)
    return found


def _pairs(plain: dict[str, Any], name: str, where: str) -> dict[str, str]:
    return {_text(each, "key", where): bounded(each.get("value", "")) for each in _list(plain, name, where)}


def _list(plain: dict[str, Any], name: str, where: str) -> list[Any]:
    found = plain.get(name) or []
    if not isinstance(found, list) or len(found) > LISTED_MAX:
        raise UpstreamError(f"field {name!r} is no list of at most {LISTED_MAX}", where=where)
    return found


def _dict(plain: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    found = plain.get(name)
    if not isinstance(found, dict):
        raise UpstreamError(f"field {name!r} is missing", where=where, expected="an answer of MLflow's API 2.0")
    return found


def _text(plain: object, name: str, where: str) -> str:
    found = plain.get(name) if isinstance(plain, dict) else None
    if not isinstance(found, str | int) or isinstance(found, bool) or found == "":
        raise UpstreamError(f"field {name!r} is missing", where=where, expected="an answer of MLflow's API 2.0")
    return bounded(found)
