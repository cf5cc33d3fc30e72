"""A client of a Dualtrack server: decide, look up, hold, and take proofs away. Synchronous, over httpx.

    with Client("https://dualtrack.example", key="dt_…") as client:
        answer = client.decide("my-bank/early-warning", {"late": 3, "used": 0.9}, person="C-1024")
        if answer.outcome == "served":
            print(answer.output, answer.receipt)

A refusal raises ApiError with the server's problem document. Nothing is tried again by itself; what carries an idempotency
key of the caller's they may send again.
"""

from __future__ import annotations

from dualtrack.client.calls import Client
from dualtrack.client.connection import ANSWER_BYTES_MAX, PAGES_MAX, TIMEOUT_S, ApiError
from dualtrack.client.records import (
    Answer,
    ComplaintLine,
    DecisionLine,
    Head,
    HoldLine,
    PathProof,
    Proof,
    Receipt,
    ReceiptReason,
    ReceiptReview,
    ReviewLine,
    Said,
)

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
    "Receipt",
    "ReceiptReason",
    "ReceiptReview",
    "ReviewLine",
    "Said",
]
