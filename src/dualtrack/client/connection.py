"""The connection under the client: requests, answers as records, pages of lists, and refusals with their document."""

from __future__ import annotations

import secrets
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

import msgspec

from dualtrack.errors import DualtrackError, FieldError, MissingExtraError, UpstreamError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Self

    import httpx

__all__ = ["ANSWER_BYTES_MAX", "PAGES_MAX", "TIMEOUT_S", "ApiError", "Connection", "part"]

TIMEOUT_S = 30.0
"""Longest wait for each step of a request; a model may think for some seconds."""

PAGES_MAX = 10_000
"""Pages that one list is followed through: five million rows, so only a server that never stops naming a next one has more."""

ANSWER_BYTES_MAX = 1 << 26
"""Largest answer taken apart: a page of the longest list is far below."""

T = TypeVar("T")


class ApiError(DualtrackError):
    """The server refused. `status`, `code`, `where` and `fix` are those of its problem document, which is `document`."""

    code = "api"

    def __init__(self, status: int, document: Mapping[str, Any]) -> None:
        def said(name: str) -> str:
            value = document.get(name)
            return value if isinstance(value, str) else ""

        kind = said("type").removeprefix("urn:dualtrack:error:")
        super().__init__(
            said("detail") or f"status {status}",
            where=said("where"),
            expected=said("expected"),
            fix=said("fix"),
            code=kind or "api",
        )
        self.status, self.document = status, document


class Connection:
    """One server, asked with an API key, or as a person after `sign_in`. Safe for threads as httpx's client is."""

    def __init__(
        self,
        address: str,
        *,
        key: str | None = None,
        timeout_s: float = TIMEOUT_S,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        try:
            import httpx  # noqa: PLC0415 - the optional part
        except ModuleNotFoundError as error:
            raise MissingExtraError("web", "dualtrack.client") from error
        self._faults = (httpx.HTTPError, httpx.InvalidURL)
        self._origin = address.rstrip("/")
        headers = {"accept": "application/json"}
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        try:
            self._http = httpx.Client(
                base_url=self._origin, headers=headers, timeout=timeout_s, transport=transport, follow_redirects=False
            )
        except httpx.InvalidURL as error:
            raise FieldError("no address of a server", where="address", expected="https://HOST") from error

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _pages(self, path: str, query: Mapping[str, str | None], kind: type[T]) -> Iterator[T]:
        address = self._address(path, query)
        for _ in range(PAGES_MAX):
            response = self._send("GET", address)
            yield from _decoded(response.content, list[kind])  # type: ignore[valid-type]  # a type made at run time
            following = response.links.get("next", {}).get("url")
            if following is None:
                return
            address = following
        raise UpstreamError(f"a list of more than {PAGES_MAX} pages", where=path, fix="ask for a part of it, by time")

    def _address(self, path: str, query: Mapping[str, str | None]) -> str:
        given = {name: value for name, value in query.items() if value is not None}
        return str(self._http.build_request("GET", path, params=given).url.raw_path, "ascii")

    def _read(
        self,
        method: str,
        address: str,
        kind: type[T],
        *,
        body: object = None,
        once: bool = False,
        key: str | None = None,
        statuses: tuple[int, ...] = (),
    ) -> T:
        """Return the answer as a record. `once` sends a new idempotency key, `key` one of the caller's."""
        key = secrets.token_hex(16) if once else key
        return _decoded(self._send(method, address, body=body, key=key, statuses=statuses).content, kind)

    def _ask(self, method: str, address: str, *, body: object = None, once: bool = False) -> dict[str, Any]:
        return self._read(method, address, dict[str, Any], body=body, once=once)

    def _send(
        self, method: str, address: str, *, body: object = None, key: str | None = None, statuses: tuple[int, ...] = ()
    ) -> httpx.Response:
        headers = {} if key is None else {"idempotency-key": key}
        content = None
        if body is not None:
            content, headers["content-type"] = msgspec.json.encode(body), "application/json"
        try:
            response = self._http.request(method, address, content=content, headers=headers)
        except self._faults as error:
            raise UpstreamError(
                f"the server cannot be reached ({type(error).__name__})",
                where=self._origin,
                fix="see whether it runs, and whether the address is right",
                code="upstream.unreachable",
            ) from error
        answered = response.headers.get("content-type", "").startswith("application/json")
        if response.is_success or (response.status_code in statuses and answered):
            return response
        raise ApiError(response.status_code, _problem(response))


def part(value: str) -> str:
    """Return a value as one part of a path: what a customer typed as a code stays a code, whatever characters it has."""
    return quote(value, safe="", errors="replace")


def _problem(response: httpx.Response) -> Mapping[str, Any]:
    try:
        found = msgspec.json.decode(response.content)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return {}
    return found if isinstance(found, dict) else {}


def _decoded(data: bytes, kind: type[T]) -> T:
    if len(data) > ANSWER_BYTES_MAX:
        raise UpstreamError(f"an answer of {len(data)} bytes", expected=f"at most {ANSWER_BYTES_MAX}")
    try:
        return msgspec.json.decode(data, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise UpstreamError("not what this client expects", where="answer", fix="use a matching release") from error
