"""The model under measurement: any Python callable, or any HTTP endpoint that answers rows with scores.

A `Scorer` has the digest of the release it speaks for, so that what is measured is bound to what is permitted. Whatever
comes back is checked: one finite score a row, bounded in bytes and time. The endpoint is asked with
`POST {"rows": [[number, ...], ...]}` and answers `{"scores": [number, ...]}`, both JSON.
"""

from __future__ import annotations

import json
import time
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, Protocol, runtime_checkable
from urllib.parse import SplitResult, urlsplit

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.arrays import reals
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from numpy.typing import ArrayLike, NDArray

__all__ = [
    "ANSWER_BYTES_FIXED",
    "ANSWER_BYTES_PER_ROW",
    "BATCH_ROWS",
    "BATCH_ROWS_MAX",
    "DIGEST_DIGITS",
    "TIMEOUT_S",
    "CallableScorer",
    "HttpScorer",
    "Scorer",
]

BATCH_ROWS = 1_000
"""Rows sent at once unless a caller asks otherwise: a few hundred kilobytes, well inside common body limits."""

BATCH_ROWS_MAX = 100_000
"""Most rows sent at once; a body of tens of megabytes is refused by most servers anyway."""

ANSWER_BYTES_PER_ROW = 64
"""Most bytes read per row of an answer: a double in JSON has at most 25 characters, the rest is room for spacing."""

ANSWER_BYTES_FIXED = 4_096
"""Bytes allowed beside the scores, for the frame of the answer."""

TIMEOUT_S = 30.0
"""Seconds to wait for a batch unless a caller asks otherwise."""

DIGEST_DIGITS = 64
"""Digits of a SHA-256 in hexadecimal."""


@runtime_checkable
class Scorer(Protocol):
    """A model that can be measured."""

    @property
    def release_digest(self) -> str:
        """Digest of the release whose scores these are."""

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return one score a row."""


class CallableScorer:
    """A Python function from rows (n, features) to n scores."""

    def __init__(self, function: Callable[[NDArray[np.float64]], ArrayLike], *, release_digest: str) -> None:
        self._function = function
        self.release_digest = _checked_digest(release_digest)

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the function's scores; its own exceptions pass through, wrong results raise EvidenceError."""
        return _checked_scores(self._function(rows), len(rows), "the callable")


class HttpScorer:
    """An HTTP endpoint. Redirects are not followed: the address that was declared is the one that is measured."""

    def __init__(
        self,
        url: str,
        *,
        release_digest: str,
        batch_rows: int = BATCH_ROWS,
        timeout_s: float = TIMEOUT_S,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        parts, port = _split(url)
        if not 0 < batch_rows <= BATCH_ROWS_MAX or timeout_s <= 0:
            raise FieldError(
                f"batch of {batch_rows} rows, timeout of {timeout_s} s",
                where="endpoint",
                expected=f"1 to {BATCH_ROWS_MAX} rows and a timeout above 0",
            )
        self.release_digest = _checked_digest(release_digest)
        self._batch_rows, self._timeout_s = batch_rows, timeout_s
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname or "", port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Accept": "application/json", **(headers or {}), "Content-Type": "application/json"}
        self._where = f"{parts.scheme}://{parts.hostname}{parts.path}"  # without user, password and query

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the endpoint's scores, asked in batches; raises EvidenceError naming the address and the row."""
        starts = range(0, len(rows), self._batch_rows)
        return np.concatenate(
            [self._score_batch(rows[start : start + self._batch_rows], start) for start in starts] or [np.empty(0)]
        )

    def _score_batch(self, rows: NDArray[np.float64], start: int) -> NDArray[np.float64]:
        where = f"{self._where}, rows from {start}"
        body = json.dumps({"rows": rows.tolist()}, allow_nan=False).encode()
        answer = _read_json(self._ask(body, len(rows), where), where)
        if not isinstance(answer, dict) or not isinstance(answer.get("scores"), list):
            raise EvidenceError("answer without a list 'scores'", where=where, expected='{"scores": [number, ...]}')
        return _checked_scores(answer["scores"], len(rows), where)

    def _ask(self, body: bytes, rows: int, where: str) -> bytes:
        connection = self._connect(self._host, self._port, timeout=self._timeout_s)
        deadline = time.monotonic() + self._timeout_s
        try:
            connection.request("POST", self._target, body=body, headers=self._headers)
            with connection.getresponse() as response:
                if response.status != HTTPStatus.OK:
                    raise EvidenceError(f"answered with status {response.status}", where=where, expected="status 200")
                return _read_bounded(response, ANSWER_BYTES_FIXED + ANSWER_BYTES_PER_ROW * rows, deadline, where)
        except (OSError, HTTPException) as error:  # refused, unreachable, timed out, broken TLS or HTTP
            reason = str(error) or type(error).__name__
            raise EvidenceError(
                f"no answer: {reason}", where=where, fix="check that the endpoint runs and the timeout fits"
            ) from error
        finally:
            connection.close()


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FieldError(f"not an address: {error}", where="url", expected="http:// or https:// with a host") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise FieldError(f"address of scheme '{parts.scheme}'", where="url", expected="http:// or https:// with a host")
    return parts, port


def _read_bounded(response: HTTPResponse, limit: int, deadline: float, where: str) -> bytes:
    """Read at most `limit` bytes until the deadline, so that neither a flood nor a trickle holds the measurement."""
    answer = b""
    while chunk := response.read1(limit + 1 - len(answer)):
        answer += chunk
        if len(answer) > limit:
            raise EvidenceError(f"answer of more than {limit} bytes", where=where, expected="one number a row")
        if time.monotonic() > deadline:
            raise TimeoutError("timed out while reading")
    return answer


def _read_json(answer: bytes, where: str) -> object:
    try:
        value: object = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise EvidenceError("answer is not JSON", where=where, expected='{"scores": [number, ...]}') from error
    return value


def _checked_scores(scores: ArrayLike, rows: int, where: str) -> NDArray[np.float64]:
    try:
        array = reals(scores, "score")
    except FieldError as error:
        raise EvidenceError(f"{error.where}: {error.found}", where=where, expected="one finite number a row") from error
    if len(array) != rows:
        raise EvidenceError(f"{len(array)} scores for {rows} rows", where=where, expected="one score a row")
    return array


def _checked_digest(digest: str) -> str:
    if len(digest) != DIGEST_DIGITS or not set(digest) <= set("0123456789abcdef"):
        raise FieldError(
            "not a SHA-256 in hexadecimal", where="release_digest", fix="give the digest of the release measured"
        )
    return digest
