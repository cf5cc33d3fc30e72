"""Is there a model? An OpenAI-compatible endpoint at an address that the caller names, or a reason why nothing was run.

No model is shipped, fetched or recommended. scripts/serve_test_model.py serves a small one for tests.
"""

from __future__ import annotations

import http.client
from typing import NamedTuple
from urllib.parse import urlsplit

import msgspec

from dualtrack.domain.records import Text
from dualtrack.errors import FieldError

__all__ = ["BYTES_MAX", "TIMEOUT_S", "ModelFound", "NotRun", "find_model"]

TIMEOUT_S = 5.0
"""Listing models takes milliseconds; an endpoint that needs longer would not answer a client in time either."""

BYTES_MAX = 1 << 20
"""Bytes read of the list of models; a hosted one with a thousand models stays below."""

_OK = 200


class ModelFound(NamedTuple):
    """An endpoint that answers, and the model it names first (or the one asked for)."""

    url: str
    model: str


class NotRun(NamedTuple):
    """No model, so nothing that needs one was run, and no answer stands in for it."""

    why: Text


class _Model(msgspec.Struct):
    id: str


class _Models(msgspec.Struct):
    data: list[_Model]


def find_model(address: str | None, *, model: str | None = None) -> ModelFound | NotRun:
    """Ask the endpoint under `address` (ending with /v1 or not) which models it has.

    Raises FieldError for an address that is none; everything that goes wrong with a good one is a reason in `NotRun`.
    """
    if not address:
        return _not_run("no address of a model was given", "沒有提供模型地址")
    parts = urlsplit(address)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username is not None:
        raise FieldError("not an address of an endpoint", where="model address", expected="http://HOST:PORT/v1")
    base = parts.path.rstrip("/").removesuffix("/v1") + "/v1"
    try:
        status, body = _get(parts.scheme, parts.hostname, parts.port, f"{base}/models")
    except (OSError, http.client.HTTPException) as error:
        return _not_run(f"the endpoint cannot be reached: {type(error).__name__}", "無法連接模型端點")
    if status != _OK or len(body) > BYTES_MAX:
        return _not_run(f"the endpoint answered with status {status}", f"模型端點回應狀態 {status}")
    try:
        names = [item.id for item in msgspec.json.decode(body, type=_Models).data]
    except msgspec.MsgspecError:
        return _not_run("the endpoint gave no list of models", "模型端點沒有提供模型清單")
    if not names or (model is not None and model not in names):
        return _not_run("the endpoint does not have the model", "端點沒有所指模型")
    return ModelFound(f"{parts.scheme}://{parts.netloc}{base}", model or names[0])


def _get(scheme: str, host: str, port: int | None, path: str) -> tuple[int, bytes]:
    kind = http.client.HTTPSConnection if scheme == "https" else http.client.HTTPConnection
    connection = kind(host, port, timeout=TIMEOUT_S)
    try:
        connection.request("GET", path, headers={"accept": "application/json"})
        response = connection.getresponse()
        return response.status, response.read(BYTES_MAX + 1)
    finally:
        connection.close()


def _not_run(en: str, zh: str) -> NotRun:
    return NotRun(Text(en=f"not run: {en}", zh=f"未執行：{zh}"))
