"""One JSON question over HTTP, asked with patience that ends: what every endpoint adapter shares.

Status 429 and 503 are waited out as `Retry-After` says (RFC 9110, 10.2.3), 502, 503 and 504 without it in steps that double; a wait
that would pass the deadline is not begun. Other statuses, broken connections and slow answers are not repeated: they are
findings. Redirects are not followed: the address that was declared is the one that is measured.
"""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import SplitResult, urlsplit

from dualtrack.errors import EvidenceError, FieldError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["PATIENCE", "TIMEOUT_S", "WAITED_FOR", "Patience", "Transport"]

TIMEOUT_S = 30.0
"""Seconds to wait for one answer unless a caller asks otherwise."""

WAITED_FOR = frozenset(
    {
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.BAD_GATEWAY,
        HTTPStatus.SERVICE_UNAVAILABLE,
        HTTPStatus.GATEWAY_TIMEOUT,
    }
)
"""Statuses that say "later", not "no"."""

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}


class Patience(NamedTuple):
    """How long and how often to try: attempts of one question, seconds for everything that is asked together, steps between.

    The steps have no chance in them: one measurement asks one question at a time, so there is no crowd to spread out.
    """

    attempts_max: int = 5
    total_s: float = 600.0
    step_s: float = 0.5
    step_s_max: float = 8.0


PATIENCE = Patience()
"""Patience unless a caller asks otherwise: ten minutes in all."""


class Transport:
    """An address that questions are posted to."""

    def __init__(self, url: str, *, timeout_s: float, patience: Patience, headers: Mapping[str, str]) -> None:
        parts, port = _split(url)
        if timeout_s <= 0 or patience.attempts_max < 1 or patience.total_s <= 0:
            raise FieldError(
                f"timeout of {timeout_s} s, {patience.attempts_max} attempts within {patience.total_s} s",
                where="endpoint",
                expected="a timeout above 0, at least one attempt, a total above 0",
            )
        self._timeout_s, self._patience = timeout_s, patience
        self._connect = HTTPSConnection if parts.scheme == "https" else HTTPConnection
        self._host, self._port = parts.hostname or "", port
        self._target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._headers = {"Accept": "application/json", **headers, "Content-Type": "application/json"}
        self.where = f"{parts.scheme}://{parts.hostname}{parts.path}"  # without user, password and query
        self.private = parts.scheme == "https" or self._host in _LOOPBACK
        """Whether nobody on the way can read what is sent."""

    def deadline(self) -> float:
        """Return when questions asked together from now on must be done, on the monotonic clock."""
        return time.monotonic() + self._patience.total_s

    def ask(
        self,
        question: object,
        *,
        bytes_max: int,
        deadline: float,
        where: str,
        headers: Mapping[str, str] | None = None,
    ) -> object:
        """Post one question and return the decoded answer; raises EvidenceError naming what went wrong.

        `headers` go with this question only (a key is not kept).
        """
        body = json.dumps(question, allow_nan=False).encode()
        for attempt in range(self._patience.attempts_max):
            status, later, answer = self._once(body, bytes_max, deadline, where, headers or {})
            if status == HTTPStatus.OK:
                return _read_json(answer, where)
            if status not in WAITED_FOR:
                refused = status in {HTTPStatus.BAD_REQUEST, HTTPStatus.UNPROCESSABLE_ENTITY}
                code = "evidence.model-raised" if refused else "evidence.model-unreachable"
                raise EvidenceError(f"answered with status {status}", where=where, expected="status 200", code=code)
            if attempt + 1 < self._patience.attempts_max:
                self._wait(status, later, attempt, deadline, where)
        raise EvidenceError(
            f"answered with status {status} {self._patience.attempts_max} times",
            where=where,
            expected="status 200",
            fix="measure when the endpoint is less busy, or with fewer rows",
            code="evidence.model-unreachable",
        )

    def _wait(self, status: int, later: str | None, attempt: int, deadline: float, where: str) -> None:
        step = min(self._patience.step_s * 2**attempt, self._patience.step_s_max)
        seconds = _seconds(later, step)
        left = deadline - time.monotonic()
        if seconds >= left:
            raise EvidenceError(
                f"answered with status {status} and asks to wait {seconds:g} s, {max(left, 0.0):.1f} s are left",
                where=where,
                fix="raise the total time, or measure with fewer rows",
                code="evidence.model-unreachable",
            )
        time.sleep(seconds)

    def _once(
        self, body: bytes, bytes_max: int, deadline: float, where: str, headers: Mapping[str, str]
    ) -> tuple[int, str | None, bytes]:
        """Ask once; the answer's bytes only where the status is 200."""
        allowed_s = min(self._timeout_s, deadline - time.monotonic())
        if allowed_s <= 0:
            raise EvidenceError(
                f"no answer within {self._patience.total_s:g} s in all", where=where, code="evidence.model-timeout"
            )
        connection = self._connect(self._host, self._port, timeout=allowed_s)
        until = time.monotonic() + allowed_s
        try:
            connection.request("POST", self._target, body=body, headers={**self._headers, **headers})
            with connection.getresponse() as response:
                if response.status != HTTPStatus.OK:
                    return response.status, response.getheader("Retry-After"), b""
                return response.status, None, _read_bounded(response, bytes_max, until, where)
        except (OSError, HTTPException) as error:  # refused, unreachable, timed out, broken TLS or HTTP
            reason = str(error) or type(error).__name__
            slow = isinstance(error, TimeoutError)
            raise EvidenceError(
                f"no answer: {reason}",
                where=where,
                fix="check that the endpoint runs and the timeout fits",
                code="evidence.model-timeout" if slow else "evidence.model-unreachable",
            ) from error
        finally:
            connection.close()


def _seconds(later: str | None, step: float) -> float:
    """Return the seconds that Retry-After asks for (a number, or a date), else the step."""
    if not later:
        return step
    if later.isascii() and later.isdigit():
        return float(later)
    try:
        moment = parsedate_to_datetime(later)
    except ValueError:
        return step
    now = datetime.now(UTC)
    return max(0.0, ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - now).total_seconds())


def _split(url: str) -> tuple[SplitResult, int | None]:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise FieldError(f"not an address: {error}", where="url", expected="http:// or https:// with a host") from error
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise FieldError(f"address of scheme '{parts.scheme}'", where="url", expected="http:// or https:// with a host")
    return parts, port


def _read_bounded(response: HTTPResponse, limit: int, until: float, where: str) -> bytes:
    """Read at most `limit` bytes until the deadline, so that neither a flood nor a trickle holds the measurement."""
    answer = b""
    while chunk := response.read1(limit + 1 - len(answer)):
        answer += chunk
        if len(answer) > limit:
            raise EvidenceError(
                f"answer of more than {limit} bytes",
                where=where,
                expected="a shorter answer",
                code="evidence.model-answer",
            )
        if time.monotonic() > until:
            raise TimeoutError("timed out while reading")
    return answer


def _read_json(answer: bytes, where: str) -> object:
    try:
        value: object = json.loads(answer)
    except (ValueError, RecursionError) as error:
        raise EvidenceError(
            "answer is not JSON", where=where, expected="one JSON object", code="evidence.model-answer"
        ) from error
    return value
