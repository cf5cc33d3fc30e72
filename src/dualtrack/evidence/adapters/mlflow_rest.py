"""A model version and its run, asked of an MLflow server over its REST API 2.0.

Every answer is bounded in bytes and seconds, redirects are refused, and a token goes only over TLS or to this machine. It is
taken from MLflow's own variable and appears in no message.
"""

from __future__ import annotations

import json
import os
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode, urlsplit

from dualtrack.errors import FieldError, NotFoundError, UpstreamError
from dualtrack.evidence.adapters.mlflow_answers import read_run, read_version

if TYPE_CHECKING:
    from dualtrack.evidence.adapters.mlflow_records import ModelName, RegisteredVersion

__all__ = ["ANSWER_BYTES_MAX", "TIMEOUT_S", "TOKEN_VARIABLE", "read_over_rest"]

_DIGITS_MAX = 9
"""Digits of a version number; more is no number that MLflow gave."""

TIMEOUT_S = 20.0
"""Seconds for one answer, from the first byte asked to the last one read."""

ANSWER_BYTES_MAX = 1 << 22
"""Bytes read of one answer: a run with a thousand params of full length has less."""

TOKEN_VARIABLE = "MLFLOW_TRACKING_TOKEN"  # noqa: S105 - the name of a variable, no secret
"""Where a bearer token is read from, as MLflow's own clients do."""

_API = "/api/2.0/mlflow/"
_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_ABSENT = {"RESOURCE_DOES_NOT_EXIST", "INVALID_PARAMETER_VALUE"}
"""Error codes by which MLflow says that a name, version or alias is not there; an absent alias is a wrong value to it."""


class _Server:
    """One address; `local` says whether its disk is this machine's."""

    def __init__(self, address: str, timeout_s: float) -> None:
        try:
            parts = urlsplit(address)
            port = parts.port
        except ValueError as error:
            raise FieldError(f"not an address: {error}", where="ADDRESS") from error
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise FieldError("not an address", where="ADDRESS", expected="http:// or https:// with a host")
        if parts.username or parts.password or parts.query:
            raise FieldError(
                "an address with a user, a password or a query",
                where="ADDRESS",
                fix=f"give the bare address and put a token into {TOKEN_VARIABLE}",
            )
        token = os.environ.get(TOKEN_VARIABLE, "")
        self.local = parts.hostname in _LOOPBACK
        if token and parts.scheme == "http" and not self.local:
            raise FieldError(
                "a token would go unencrypted", where="ADDRESS", expected="https://", fix=f"or unset {TOKEN_VARIABLE}"
            )
        if token and not (token.isascii() and token.isprintable() and " " not in token):
            raise FieldError("not a token", where=TOKEN_VARIABLE, expected="printable ASCII without blanks")
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port, self._timeout_s = parts.hostname, port, timeout_s
        self._prefix = parts.path.rstrip("/")
        self._headers = {"Accept": "application/json", **({"Authorization": f"Bearer {token}"} if token else {})}
        self.where = f"{parts.scheme}://{parts.hostname}{f':{port}' if port else ''}{self._prefix}"

    def get(self, path: str, **query: str) -> dict[str, Any]:
        """Ask one question; raises NotFoundError where MLflow says that it is not there, UpstreamError for any other trouble."""
        target = f"{self._prefix}{_API}{path}" + (f"?{urlencode(query, quote_via=quote)}" if query else "")
        where = f"{self.where}{_API}{path}"
        status, body = self._ask(target, where)
        try:
            plain = json.loads(body)
        except (ValueError, RecursionError) as error:
            raise UpstreamError(
                f"status {status}, and no JSON", where=where, fix="give the address of an MLflow server"
            ) from error
        if status == HTTPStatus.OK and isinstance(plain, dict):
            return plain
        if isinstance(plain, dict) and plain.get("error_code") in _ABSENT:
            raise NotFoundError(f"MLflow has no {', '.join(query.values()) or path}", where=where)
        raise UpstreamError(
            f"answered with status {status}",
            where=where,
            expected="status 200",
            fix=f"a token is read from {TOKEN_VARIABLE}",
        )

    def _ask(self, target: str, where: str) -> tuple[int, bytes]:
        connection = self._connect(self._host, self._port, timeout=self._timeout_s)
        until = time.monotonic() + self._timeout_s
        try:
            connection.request("GET", target, headers=self._headers)
            with connection.getresponse() as response:
                if HTTPStatus.MULTIPLE_CHOICES <= response.status < HTTPStatus.BAD_REQUEST:
                    raise UpstreamError(
                        f"redirects (status {response.status})", where=where, fix="give the address that it leads to"
                    )
                return response.status, _read(response, until, where)
        except (OSError, HTTPException) as error:
            reason = "timed out" if isinstance(error, TimeoutError) else type(error).__name__
            raise UpstreamError(f"no answer: {reason}", where=where, fix="check that the server runs there") from error
        finally:
            connection.close()


def _read(response: HTTPResponse, until: float, where: str) -> bytes:
    """Read the whole answer, but no more bytes and no longer than allowed, however slowly it trickles."""
    answer = b""
    while chunk := response.read1(ANSWER_BYTES_MAX + 1 - len(answer)):
        answer += chunk
        if len(answer) > ANSWER_BYTES_MAX:
            raise UpstreamError(f"an answer of more than {ANSWER_BYTES_MAX} bytes", where=where)
        if time.monotonic() > until:
            raise TimeoutError
    return answer


def read_over_rest(address: str, wanted: ModelName, *, timeout_s: float = TIMEOUT_S) -> RegisteredVersion:
    """Return a version with its run; `artifact` is empty unless the server is on this machine, for its disk is not ours."""
    server = _Server(address, timeout_s)
    found = _version(server, wanted)
    run_id, source = found.get("run_id"), str(found.get("source", ""))
    run = None
    if isinstance(run_id, str) and run_id:
        plain = _part(server.get("runs/get", run_id=run_id), "run", server.where)
        run = read_run(plain, _experiment(server, plain), where=server.where)
    return read_version(found, _artifact(server, source) if server.local else "", run, where=server.where)


def _version(server: _Server, wanted: ModelName) -> dict[str, Any]:
    if wanted.alias is not None:
        told = server.get("registered-models/alias", name=wanted.name, alias=wanted.alias)
        return _part(told, "model_version", server.where)
    version = wanted.version
    if version is None:
        model = _part(server.get("registered-models/get", name=wanted.name), "registered_model", server.where)
        listed = model.get("latest_versions")
        known = [each.get("version") for each in listed if isinstance(each, dict)] if isinstance(listed, list) else []
        numbers = [
            int(each) for each in map(str, known) if each.isascii() and each.isdigit() and len(each) <= _DIGITS_MAX
        ]
        if not numbers:
            raise NotFoundError(f"model {wanted.name!r} has no version", where=server.where)
        version = str(max(numbers))
    return _part(server.get("model-versions/get", name=wanted.name, version=version), "model_version", server.where)


def _experiment(server: _Server, run: dict[str, Any]) -> str:
    info = run.get("info")
    found = info.get("experiment_id") if isinstance(info, dict) else None
    if not isinstance(found, str) or not found:
        return ""
    plain = server.get("experiments/get", experiment_id=found)
    return str(_part(plain, "experiment", server.where).get("name", found))


def _artifact(server: _Server, source: str) -> str:
    """Return where the files lie: since MLflow 3 a version names a logged model, which knows it."""
    logged = source.removeprefix("models:/")
    if logged == source or "/" in logged or not logged.startswith("m-"):
        return source
    model = _part(server.get(f"logged-models/{quote(logged, safe='')}"), "model", server.where)
    info = model.get("info")
    return str(info.get("artifact_uri", "")) if isinstance(info, dict) else ""


def _part(plain: dict[str, Any], name: str, where: str) -> dict[str, Any]:
    found = plain.get(name)
    if not isinstance(found, dict):
        raise UpstreamError(f"field {name!r} is missing", where=where, expected="an answer of MLflow's API 2.0")
    return found
