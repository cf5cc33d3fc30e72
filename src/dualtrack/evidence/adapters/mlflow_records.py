"""What is read of an MLflow registry, whichever way: a model version, its run, the data sets logged as inputs. Plain text and numbers.

Everything in it was written by whoever logged the run; nothing here is evidence. Source: MLflow REST API 2.0 (also of MLflow 3).
"""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import urlsplit

from dualtrack.errors import FieldError

__all__ = [
    "LISTED_MAX",
    "TEXT_MAX",
    "LoggedData",
    "LoggedRun",
    "ModelName",
    "RegisteredVersion",
    "bare_address",
    "bounded",
    "model_name",
]

LISTED_MAX = 1_000
"""Most params, tags, metrics or data sets read of one run: MLflow itself logs at most a hundred at a time."""

TEXT_MAX = 500
"""Characters kept of any text: longer ones are cut, with a mark."""

_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ufeff\ud800-\udfff]")


class ModelName(NamedTuple):
    """Which version is asked for: by number, by alias, or the newest."""

    name: str
    version: str | None
    alias: str | None


class LoggedData(NamedTuple):
    """A data set logged as input of a run; `digest` is MLflow's own short one, no SHA-256. `source` is an address without secrets."""

    name: str
    digest: str
    context: str
    source: str


class LoggedRun(NamedTuple):
    """The run behind a version; `metrics` are the last values logged, without interval, number of rows or data digest."""

    id: str
    experiment: str
    status: str
    commit: str | None
    repository: str | None
    params: dict[str, str]
    tags: dict[str, str]
    metrics: dict[str, float]
    data: list[LoggedData]


class RegisteredVersion(NamedTuple):
    """A version of a registered model; `artifact` says where its files lie, as the registry names the place."""

    name: str
    version: str
    status: str
    aliases: list[str]
    tags: dict[str, str]
    artifact: str
    run: LoggedRun | None


def model_name(text: str) -> ModelName:
    """Read `name`, `name/3` or `name@alias`; raises FieldError for anything else."""
    match = re.fullmatch(
        r"(?P<name>[^/@:\x00-\x1f]{1,256})(?:/(?P<version>[0-9]{1,9})|@(?P<alias>[^/@:\x00-\x1f]{1,256}))?", text
    )
    if match is None:
        raise FieldError(f"{text[:80]!r}", where="MODEL", expected="name, name/version or name@alias")
    return ModelName(match["name"], match["version"], match["alias"])


def bounded(text: object) -> str:
    """Return a text that somebody logged as one printable line of at most TEXT_MAX characters."""
    plain = _CONTROL.sub(" ", str(text))
    return plain if len(plain) <= TEXT_MAX else f"{plain[:TEXT_MAX]}…"


def bare_address(address: str) -> str:
    """Return an address without what may be secret in it: user, password, query and fragment."""
    try:
        parts = urlsplit(bounded(address))
        host = parts.hostname or ""
        port = f":{parts.port}" if parts.port else ""
    except ValueError:
        return "an address that cannot be read"
    if not parts.scheme:
        return parts.path if "@" not in parts.path else parts.path.rpartition("@")[2]
    return f"{parts.scheme}://{host}{port}{parts.path}" if parts.netloc else f"{parts.scheme}:{parts.path}"
