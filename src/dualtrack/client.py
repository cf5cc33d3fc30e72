"""A client of a Dualtrack server: decide, look up, hold, and take proofs away. Synchronous, over httpx.

    with Client("https://dualtrack.example", key="dt_…") as client:
        answer = client.decide("my-bank/early-warning", {"late": 3, "used": 0.9}, person="C-1024")
        if answer.outcome == "served":
            print(answer.output, answer.receipt)

A refusal raises ApiError with the server's problem document. Nothing is tried again by itself, save what carries an
idempotency key: there the caller decides.
"""

from __future__ import annotations

import secrets
from itertools import islice
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import msgspec

from dualtrack.errors import DualtrackError, MissingExtraError, UpstreamError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from types import TracebackType
    from typing import Self

    import httpx

__all__ = [
    "ANSWER_BYTES_MAX",
    "PAGES_MAX",
    "TIMEOUT_S",
    "Answer",
    "ApiError",
    "Client",
    "ComplaintLine",
    "DecisionLine",
    "Head",
    "HoldLine",
    "PathProof",
    "Proof",
    "ReviewLine",
]

TIMEOUT_S = 30.0
"""Longest wait for each step of a request; a model may think for some seconds."""

PAGES_MAX = 10_000
"""Pages that one list is followed through: five million rows; more is asked for by time."""

ANSWER_BYTES_MAX = 1 << 26
"""Largest answer read."""

T = TypeVar("T")

_PAGE = 200


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


class _Read(msgspec.Struct, frozen=True, kw_only=True):
    """What a server answers; fields that a newer server adds are passed over."""


class Answer(_Read, frozen=True, kw_only=True):
    """The answer of a decision. `output` may be shown only where `outcome` is `served` or `fallback`, or `state` is `approved` or `modified`; else `message` is what to say."""

    decision: str
    outcome: str
    output: Any = None
    reasons: list[str] = []
    receipt: str | None = None
    mode: str | None = None
    durability: str | None = None
    disclosure: str | None = None
    message: str | None = None
    human: str | None = None
    review: str | None = None
    code: str | None = None
    state: str | None = None
    due_at: str | None = None


class DecisionLine(_Read, frozen=True, kw_only=True):
    """A decision in a list."""

    id: str
    use: str
    release: str
    permit: str | None
    mode: str
    outcome: str
    at: str
    subject: str | None
    review: str | None
    entry: int


class ReviewLine(_Read, frozen=True, kw_only=True):
    """A review in the queue."""

    id: str
    decision: str
    use: str
    why: str
    state: str
    opened_at: str
    due_at: str
    holder: str | None
    four_eyes: bool


class HoldLine(_Read, frozen=True, kw_only=True):
    """A hold as it stands. `reason` is None to a key of some uses where the hold reaches beyond one."""

    id: str
    entry: int
    scope: str
    target: str
    reason: str | None
    set_by: str
    set_at: str
    released_by: str | None
    released_at: str | None


class ComplaintLine(_Read, frozen=True, kw_only=True):
    """A complaint as it is recorded; its words are opened by themselves, for a reason."""

    id: str
    entry: int
    use: str
    decision: str | None
    by: str
    means: str
    at: str
    counted: bool


class Head(_Read, frozen=True, kw_only=True):
    """A ledger's newest head, with its signed note."""

    ledger: str
    size: int
    root: str
    note: str


class Proof(_Read, frozen=True, kw_only=True):
    """An entry with its audit path up to a signed head: what an auditor checks without this server."""

    ledger: str
    index: int
    size: int
    leaf: str
    leaf_hash: str
    path: list[str]
    note: str
    salt: str
    content: str


class PathProof(_Read, frozen=True, kw_only=True):
    """A proof that one log extends another."""

    old: int
    new: int
    path: list[str]
    old_root: str
    new_root: str


class Client:
    """A connection to one server with an API key, or as a person after `sign_in`. Safe for threads as httpx's client is."""

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
        self._faults: type[Exception] = httpx.HTTPError
        self._origin = address.rstrip("/")
        headers = {"accept": "application/json"}
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        self._http = httpx.Client(
            base_url=self._origin, headers=headers, timeout=timeout_s, transport=transport, follow_redirects=False
        )

    def sign_in(self, name: str, password: str) -> None:
        """Begin a session as a person, for steps that no key may take: reviews, holds, accounts."""
        found = self._ask("POST", "/api/v1/session", body={"name": name, "password": password})
        self._http.headers.update({"x-csrf-token": str(found["form_token"]), "origin": self._origin})

    def decide(
        self,
        use: str,
        row: Mapping[str, Any],
        *,
        person: str | None = None,
        language: Literal["en", "zh-Hant"] | None = None,
        release: str | None = None,
        baseline: Any = None,  # noqa: ANN401 - whatever the way without AI gives
        idempotency_key: str | None = None,
    ) -> Answer:
        """Decide one row of a use; raises ApiError without a live permit.

        In shadow mode `baseline` is what was decided without AI: it is kept beside the model's output.
        With a key of yours the same call sent again, whatever became of its answer, is decided once.
        """
        body = {"input": row, "person": person, "language": language, "release": release, "baseline": baseline}
        given = {name: value for name, value in body.items() if value is not None}
        response = self._send("POST", f"/v1/decide/{use}", body=given, key=idempotency_key, statuses=(502, 423))
        return _decoded(response.content, Answer)

    def answer(self, decision: str) -> Answer:
        """Return what became of a routed decision: its `state` is `waiting`, or how a person or the clock ended it."""
        return self._read("GET", f"/v1/decisions/{decision}/answer", Answer)

    def decisions(
        self,
        *,
        use: str | None = None,
        outcome: str | None = None,
        since: str | None = None,
        until: str | None = None,
    ) -> Iterator[DecisionLine]:
        """Yield decisions, newest first, page after page."""
        query = {"use": use, "outcome": outcome, "since": since, "until": until, "limit": str(_PAGE)}
        yield from self._pages("/api/v1/decisions", query, DecisionLine)

    def decision(self, decision: str) -> dict[str, Any]:
        """Return one decision: its record, proof and reviews."""
        return dict(self._ask("GET", f"/api/v1/decisions/{decision}"))

    def receipt(self, code: str) -> dict[str, Any]:
        """Return what a customer sees under a receipt code, with `why` and the reasons `explained` in both languages; needs no key."""
        return dict(self._ask("GET", f"/api/v1/receipts/{code}"))

    def complain_by_receipt(self, code: str, text: str) -> dict[str, Any]:
        """Complain as the customer who holds a receipt; needs no key. Returns id and instant."""
        return dict(self._ask("POST", f"/api/v1/receipts/{code}/complaint", body={"text": text}, once=True))

    def complain(self, use: str, text: str, *, decision: str | None = None, person: str | None = None) -> ComplaintLine:
        """Record what somebody said of a use, or of one of its decisions; the gate knows within a second."""
        body = {"use": use, "text": text, "decision": decision, "person": person}
        return self._read("POST", "/api/v1/complaints", ComplaintLine, body=body, once=True)

    def complaints(self, *, use: str | None = None, limit: int | None = None) -> list[ComplaintLine]:
        """Return complaints, newest first, without their words; all of them, or the newest `limit`."""
        pages = self._pages("/api/v1/complaints", {"use": use, "limit": str(_PAGE)}, ComplaintLine)
        return list(islice(pages, limit))

    def open_complaint(self, entry: int, *, reason: str) -> str:
        """Return the words of a complaint; that you looked, and why, is in the ledger."""
        return str(self._ask("POST", f"/api/v1/complaints/{entry}/text", body={"reason": reason})["text"])

    def reviews(self, *, use: str | None = None) -> Iterator[ReviewLine]:
        """Yield the queue of reviews, what is due first at the top."""
        yield from self._pages("/api/v1/reviews", {"use": use, "limit": str(_PAGE)}, ReviewLine)

    def open_review(self, review: str, *, reason: str) -> dict[str, Any]:
        """Return the texts of a review: draft, text, input, reasons; that you looked, and why, is in the ledger."""
        return dict(self._ask("POST", f"/api/v1/reviews/{review}/open", body={"reason": reason}))

    def act_on_review(
        self, review: str, action: str, *, reason: str | None = None, text: str | None = None
    ) -> dict[str, Any]:
        """Do something with a review, as the person who signed in."""
        body = {"action": action, "reason": reason, "text": text}
        return dict(self._ask("POST", f"/api/v1/reviews/{review}/actions", body=body, once=True))

    def holds(self, *, open_only: bool = True) -> list[HoldLine]:
        """Return holds, newest first, page after page."""
        return list(self._pages("/api/v1/holds", {"open_only": str(open_only).lower(), "limit": str(_PAGE)}, HoldLine))

    def set_hold(self, scope: str, target: str, *, reason: str, password: str) -> dict[str, Any]:
        """Stop something; returns once nothing can be serving it. Signed with the key of the person who signed in."""
        body = {"scope": scope, "target": target, "reason": reason, "password": password}
        return dict(self._ask("POST", "/api/v1/holds", body=body, once=True))

    def release_hold(self, hold: str, *, reason: str, password: str) -> HoldLine:
        """Release a hold that somebody else set."""
        body = {"reason": reason, "password": password}
        return self._read("POST", f"/api/v1/holds/{hold}/release", HoldLine, body=body, once=True)

    def head(self) -> Head:
        """Return the ledger's newest head."""
        return self._read("GET", "/api/v1/ledger", Head)

    def prove(self, index: int) -> Proof:
        """Return an entry with its proof against the newest head."""
        return self._read("GET", f"/api/v1/ledger/entries/{index}/proof", Proof)

    def prove_growth(self, old: int, new: int) -> PathProof:
        """Return the proof that the log of `new` entries extends that of `old`."""
        return self._read("GET", f"/api/v1/ledger/consistency?old={old}&new={new}", PathProof)

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _pages(self, path: str, query: Mapping[str, str | None], kind: type[T]) -> Iterator[T]:
        address: str | None = self._address(path, query)
        for _ in range(PAGES_MAX):
            if address is None:
                return
            response = self._send("GET", address)
            yield from _decoded(response.content, list[kind])  # type: ignore[valid-type]  # a type made at run time
            address = response.links.get("next", {}).get("url")

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
        statuses: tuple[int, ...] = (),
    ) -> T:
        key = secrets.token_hex(16) if once else None
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
