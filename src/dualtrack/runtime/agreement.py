"""How often the model and the baseline gave the same output in shadow mode: counted from the records, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec

from dualtrack.runtime.recent import recent_records
from dualtrack.runtime.review_group import wilson

if TYPE_CHECKING:
    from dualtrack.store.register import Register

__all__ = ["Agreement", "agreement_of"]


class Agreement(NamedTuple):
    """Pairs that were compared, how many of them were equal, and the 95% interval of that share (None without a pair).

    `without` counts the shadow decisions that have no pair: no output, no baseline, or texts, which are not compared.
    """

    same: int
    n: int
    low: float | None
    high: float | None
    without: int


class _Shadow(msgspec.Struct):
    same: bool | None = None


class _Record(msgspec.Struct):
    shadow: _Shadow | None = None


_decode = msgspec.json.Decoder(_Record).decode


def agreement_of(register: Register, use: str) -> Agreement | None:
    """Return the agreement among the newest decisions, of the release that ran in shadow last; None where none did.

    Reads no content of the vault: whether both were equal is said in the record.
    """
    records = recent_records(register, (use,), since="", shown=True).records
    shadows = [item for item in records if item.mode == "shadow"]
    if not shadows:
        return None
    pairs = [_decode(item.content).shadow for item in shadows if item.release == shadows[0].release]
    compared = [pair.same for pair in pairs if pair is not None and pair.same is not None]
    same, n = sum(compared), len(compared)
    span = wilson(same, n) if n else None
    return Agreement(same, n, span.low if span else None, span.high if span else None, len(pairs) - n)
