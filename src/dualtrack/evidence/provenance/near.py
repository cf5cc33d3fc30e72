"""Texts that are nearly the same: candidates by MinHash in bands, each then compared by its shingles exactly.

MinHash only proposes. Two texts whose shingles overlap by J (Jaccard) meet in some band with probability
1 - (1 - J^ROWS)^BANDS; whether they are near is decided by J itself. So a text may be missed, never wrongly accused.
Source: Broder (1997), On the resemblance and containment of documents; Leskovec, Rajaraman and Ullman (2020), section 3.4.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["BANDS", "ROWS", "SHINGLE", "catch_rate", "jaccard", "near_texts", "shingles"]

SHINGLE = 3
"""Tokens of a shingle: three words, or three Chinese characters."""

BANDS = 32
"""Bands of the signature."""

ROWS = 4
"""Rows of a band: at a Jaccard of 0.8 a pair is then caught with probability above 0.9999, at 0.5 with 0.87."""

_PRIME = (1 << 31) - 1
_KEYS = np.random.Generator(np.random.PCG64(1997)).integers(1, _PRIME, size=(2, BANDS * ROWS), dtype=np.uint64)


def shingles(tokens: Sequence[str]) -> frozenset[int]:
    """Return the shingles of a text as numbers below 2^31 - 1; a text shorter than one is a single shingle."""
    spans = [tokens[start : start + SHINGLE] for start in range(max(1, len(tokens) - SHINGLE + 1))] if tokens else []
    return frozenset(
        int.from_bytes(hashlib.blake2b("\x1f".join(span).encode(), digest_size=8).digest()) % _PRIME for span in spans
    )


def jaccard(first: frozenset[int], second: frozenset[int]) -> float:
    """Return the share of all shingles that both have; 0 where there is none."""
    union = len(first | second)
    return len(first & second) / union if union else 0.0


def catch_rate(least: float) -> float:
    """Return the probability that a pair of exactly that Jaccard is proposed at all."""
    return float(1 - (1 - least**ROWS) ** BANDS)


def near_texts(outputs: Sequence[frozenset[int]], corpus: Sequence[frozenset[int]], least: float) -> list[bool]:
    """Return, for each output, whether a text of the corpus has a Jaccard of at least `least` with it."""
    bands: dict[tuple[int, bytes], list[int]] = {}
    for place, each in enumerate(corpus):
        for key in _bands(each):
            bands.setdefault(key, []).append(place)
    found = []
    for each in outputs:
        candidates = {place for key in _bands(each) for place in bands.get(key, ())}
        found.append(any(jaccard(each, corpus[place]) >= least for place in candidates))
    return found


def _bands(each: frozenset[int]) -> list[tuple[int, bytes]]:
    if not each:
        return []
    signature = _signature(np.fromiter(each, dtype=np.uint64, count=len(each)))
    return [(band, signature[band * ROWS : (band + 1) * ROWS].tobytes()) for band in range(BANDS)]


def _signature(values: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Return the least value of each permutation a * x + b modulo a prime: products stay below 2^62."""
    return np.asarray(((_KEYS[0][:, None] * values[None, :] + _KEYS[1][:, None]) % np.uint64(_PRIME)).min(axis=1))
