"""A challenge of the demo's models, run for real: small changes of the input, and poisoned labels.

Families: each amount of each measured account is moved by at most one per cent, which is below the rounding of a bill, and
decisions that flip are counted; one label in a hundred of the training part is inverted, the model is trained again and its
AUC compared. Limits are the firm's and come in as arguments (HKMA 1 November 2019, principle 11, names poisoning and
adversarial attack; what counts as enough is ours).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.evidence.demo.learner import train
from dualtrack.evidence.demo.measuring import covered_rows
from dualtrack.evidence.demo.portfolio import split_rows
from dualtrack.evidence.numeric import np
from dualtrack.evidence.performance.discrimination import measure_auc
from dualtrack.evidence.resampling import generator

if TYPE_CHECKING:
    from dualtrack.evidence.demo.portfolio import Portfolio
    from dualtrack.evidence.demo.uses import Use

__all__ = ["BOOK_SHARE", "MOVED_BY", "POISONED_SHARE", "ChallengeResult", "challenge_use"]

MOVED_BY = 0.01
"""Relative change of each input."""

POISONED_SHARE = 0.01
"""Share of training labels inverted."""

BOOK_SHARE = 0.5
"""For estimates without a list: the half of highest estimates stands in for a decision."""


class ChallengeResult(NamedTuple):
    """Decisions tried and flipped, and the AUC lost to poisoned labels."""

    attempts: int
    flips: int
    auc_loss: float


def challenge_use(use: Use, book: Portfolio, *, seed: int) -> ChallengeResult:
    """Challenge the model of a use; deterministic for a seed."""
    parts = split_rows(covered_rows(use, book), seed=seed)
    model = train(book.features[parts.train], book.defaulted[parts.train], seed=seed)
    rows = book.features[parts.test]
    draw = generator(seed)
    moved = rows * (1 + draw.uniform(-MOVED_BY, MOVED_BY, size=rows.shape))
    before, after = model.score(rows), model.score(moved)
    threshold = np.quantile(before, 1 - (use.capacity or BOOK_SHARE))
    flips = int(np.count_nonzero((before > threshold) != (after > threshold)))
    labels = book.defaulted[parts.train].copy()
    poisoned = draw.choice(len(labels), size=round(POISONED_SHARE * len(labels)), replace=False)
    labels[poisoned] = ~labels[poisoned]
    again = train(book.features[parts.train], labels, seed=seed).score(rows)
    truth = book.defaulted[parts.test]
    kept, lost = (measure_auc(truth, scores, data_digest=book.digest).estimate for scores in (before, again))
    assert kept is not None
    assert lost is not None
    return ChallengeResult(attempts=len(rows), flips=flips, auc_loss=kept - lost)
