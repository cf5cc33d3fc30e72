"""The calls of a client: decide, look up, review, hold, and take proofs away."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, Literal

from dualtrack.client.connection import Connection, part
from dualtrack.client.records import (
    Answer,
    ComplaintLine,
    DecisionLine,
    Head,
    HoldLine,
    PathProof,
    Proof,
    Receipt,
    ReviewLine,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

__all__ = ["Client"]

_PAGE = 500
"""Rows asked for at once: as many as the server gives."""


class Client(Connection):
    """A connection to one server with an API key, or as a person after `sign_in`. Safe for threads as httpx's client is."""

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
        quoted = "/".join(map(part, use.split("/")))
        return self._read("POST", f"/v1/decide/{quoted}", Answer, body=given, key=idempotency_key, statuses=(502, 423))

    def answer(self, decision: str) -> Answer:
        """Return what became of a routed decision: its `state` is `waiting`, or how a person or the clock ended it."""
        return self._read("GET", f"/v1/decisions/{part(decision)}/answer", Answer)

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
        return dict(self._ask("GET", f"/api/v1/decisions/{part(decision)}"))

    def receipt(self, code: str) -> Receipt:
        """Return what a customer sees under a receipt code, with `why` and the reasons `explained` in both languages; needs no key."""
        return self._read("GET", f"/api/v1/receipts/{part(code)}", Receipt)

    def complain_by_receipt(self, code: str, text: str) -> dict[str, Any]:
        """Complain as the customer who holds a receipt; needs no key. Returns id and instant."""
        return dict(self._ask("POST", f"/api/v1/receipts/{part(code)}/complaint", body={"text": text}, once=True))

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
        return dict(self._ask("POST", f"/api/v1/reviews/{part(review)}/open", body={"reason": reason}))

    def act_on_review(
        self, review: str, action: str, *, reason: str | None = None, text: str | None = None
    ) -> dict[str, Any]:
        """Do something with a review, as the person who signed in."""
        body = {"action": action, "reason": reason, "text": text}
        return dict(self._ask("POST", f"/api/v1/reviews/{part(review)}/actions", body=body, once=True))

    def holds(self, *, open_only: bool = True) -> list[HoldLine]:
        """Return holds, newest first, page after page."""
        return list(self._pages("/api/v1/holds", {"open_only": str(open_only).lower(), "limit": str(_PAGE)}, HoldLine))

    def set_hold(self, scope: str, target: str, *, reason: str, password: str | None = None) -> dict[str, Any]:
        """Stop something; returns once nothing can be serving it. Signed with the key of the person who signed in.

        `password` opens that key; people of an identity provider, whose keys are in custody, have none.
        """
        body = {"scope": scope, "target": target, "reason": reason, "password": password}
        return dict(self._ask("POST", "/api/v1/holds", body=body, once=True))

    def release_hold(self, hold: str, *, reason: str, password: str | None = None) -> HoldLine:
        """Release a hold that somebody else set."""
        body = {"reason": reason, "password": password}
        return self._read("POST", f"/api/v1/holds/{part(hold)}/release", HoldLine, body=body, once=True)

    def head(self) -> Head:
        """Return the ledger's newest head."""
        return self._read("GET", "/api/v1/ledger", Head)

    def prove(self, index: int) -> Proof:
        """Return an entry with its proof against the newest head."""
        return self._read("GET", f"/api/v1/ledger/entries/{index}/proof", Proof)

    def prove_growth(self, old: int, new: int) -> PathProof:
        """Return the proof that the log of `new` entries extends that of `old`."""
        return self._read("GET", f"/api/v1/ledger/consistency?old={old}&new={new}", PathProof)
