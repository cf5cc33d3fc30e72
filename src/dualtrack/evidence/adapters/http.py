"""Any HTTP endpoint that answers rows with scores.

It is asked with `POST {"rows": [[number, ...], ...]}` and answers `{"scores": [number, ...]}`, both JSON. A missing number
is sent as null.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.adapters.transport import PATIENCE, TIMEOUT_S, Patience, Transport
from dualtrack.evidence.models import checked_digest, checked_scores
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

__all__ = ["ANSWER_BYTES_FIXED", "ANSWER_BYTES_PER_ROW", "BATCH_ROWS", "BATCH_ROWS_MAX", "HttpScorer"]

BATCH_ROWS = 1_000
"""Rows sent at once unless a caller asks otherwise: a few hundred kilobytes, well inside common body limits."""

BATCH_ROWS_MAX = 100_000
"""Most rows sent at once; a body of tens of megabytes is refused by most servers anyway."""

ANSWER_BYTES_PER_ROW = 64
"""Most bytes read per row of an answer: a double in JSON has at most 25 characters, the rest is room for spacing."""

ANSWER_BYTES_FIXED = 4_096
"""Bytes allowed beside the scores, for the frame of the answer."""


class HttpScorer:
    """An HTTP endpoint; `patience` says how rate limits and short outages are waited out."""

    def __init__(
        self,
        url: str,
        *,
        release_digest: str,
        batch_rows: int = BATCH_ROWS,
        timeout_s: float = TIMEOUT_S,
        headers: Mapping[str, str] | None = None,
        patience: Patience = PATIENCE,
    ) -> None:
        if not 0 < batch_rows <= BATCH_ROWS_MAX:
            raise FieldError(f"batch of {batch_rows} rows", where="endpoint", expected=f"1 to {BATCH_ROWS_MAX} rows")
        self.release_digest = checked_digest(release_digest)
        self._batch_rows = batch_rows
        self._transport = Transport(url, timeout_s=timeout_s, patience=patience, headers=headers or {})

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the endpoint's scores, asked in batches; raises EvidenceError naming the address and the row."""
        if np.isinf(rows).any():
            raise FieldError("an infinite number", where="rows", expected="finite numbers, or NaN where there is none")
        deadline = self._transport.deadline()
        starts = range(0, len(rows), self._batch_rows)
        batches = [self._score_batch(rows[start : start + self._batch_rows], start, deadline) for start in starts]
        return np.concatenate(batches or [np.empty(0)])

    def _score_batch(self, rows: NDArray[np.float64], start: int, deadline: float) -> NDArray[np.float64]:
        where = f"{self._transport.where}, rows from {start}"
        plain = [[None if value != value else value for value in row] for row in rows.tolist()]  # noqa: PLR0124 - NaN
        answer = self._transport.ask(
            {"rows": plain},
            bytes_max=ANSWER_BYTES_FIXED + ANSWER_BYTES_PER_ROW * len(rows),
            deadline=deadline,
            where=where,
        )
        if not isinstance(answer, dict) or not isinstance(answer.get("scores"), list):
            raise EvidenceError(
                "answer without a list 'scores'",
                where=where,
                expected='{"scores": [number, ...]}',
                code="evidence.model-answer",
            )
        return checked_scores(answer["scores"], len(rows), where)
