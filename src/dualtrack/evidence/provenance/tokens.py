"""Text as tokens for finding copies, and which spans of tokens two texts share.

A token is a run of letters and digits in one width and case, and every Chinese, Japanese or Korean character by itself.
Spans are found by a rolling hash of 64 bits over all texts at once, and every hit is compared token by token, so that no
collision is ever reported as a copy. Source: Karp and Rabin (1987), IBM Journal of Research and Development 31, 249-260.
"""

from __future__ import annotations

import re
import unicodedata
from typing import TYPE_CHECKING, NamedTuple

from dualtrack.errors import FieldError
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

__all__ = ["TOKENS_MAX", "Pool", "longest_shared", "pool", "shared", "tokens"]

TOKENS_MAX = 20_000_000
"""Most tokens of outputs and corpus together: arrays of 64 bits over them then take about a gigabyte."""

_BASE = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying by it loses nothing
_CJK = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\uf900-\ufaff\U00020000-\U0003ffff"
_TOKEN = re.compile(rf"[{_CJK}]|[^\W_{_CJK}]+")


class Pool(NamedTuple):
    """Tokens of many texts as numbers in one row, and the text that each belongs to. No span crosses from one text to the next."""

    codes: NDArray[np.uint64]
    owner: NDArray[np.int64]


def tokens(text: str) -> list[str]:
    """Return the tokens of a text."""
    return _TOKEN.findall(unicodedata.normalize("NFKC", text).casefold())


def pool(texts: Sequence[Sequence[str]], codes: dict[str, int]) -> Pool:
    """Return tokens as numbers; `codes` is filled on the way, and shared by the pools that are compared."""
    total = sum(len(each) for each in texts)
    if total > TOKENS_MAX:
        raise FieldError(f"{total} tokens", where="overlap", expected=f"at most {TOKENS_MAX}", fix="measure in parts")
    numbers = [codes.setdefault(token, len(codes) + 1) for each in texts for token in each]
    owner = np.repeat(np.arange(len(texts)), [len(each) for each in texts])
    return Pool(np.array(numbers, dtype=np.uint64), owner.astype(np.int64))


def shared(outputs: Pool, corpus: Pool, span: int) -> NDArray[np.int64]:
    """Return where in the outputs a span of `span` tokens begins that stands in the corpus word for word."""
    ours, theirs = _starts(outputs, span), _starts(corpus, span)
    if not len(ours) or not len(theirs):
        return np.empty(0, dtype=np.int64)
    known = _hashes(corpus.codes, span)[theirs]
    order = np.argsort(known, kind="stable")
    sought = _hashes(outputs.codes, span)[ours]
    place = np.searchsorted(known[order], sought)
    place[place == len(known)] = 0
    hit = known[order][place] == sought
    first, second = ours[hit], theirs[order[place[hit]]]
    same = np.ones(len(first), dtype=np.bool_)
    for step in range(span):
        same &= outputs.codes[first + step] == corpus.codes[second + step]
    return np.asarray(first[same], dtype=np.int64)


def longest_shared(outputs: Pool, corpus: Pool, least: int) -> int:
    """Return the tokens of the longest span that both hold, given that they share one of `least` tokens.

    A span that is shared has all its shorter parts shared, so the length is found by doubling and halving.
    """
    low, high = least, least * 2
    while len(shared(outputs, corpus, high)):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if len(shared(outputs, corpus, middle)) else (low, middle)
    return low


def _starts(texts: Pool, span: int) -> NDArray[np.int64]:
    """Return where a span of that length fits into one text."""
    if len(texts.codes) < span:
        return np.empty(0, dtype=np.int64)
    return np.flatnonzero(texts.owner[: len(texts.owner) - span + 1] == texts.owner[span - 1 :])


def _hashes(codes: NDArray[np.uint64], span: int) -> NDArray[np.uint64]:
    """Return the hash of every span by squaring: a hash of 2k tokens is that of k, times the base to the k, plus the next k."""
    result, length = np.zeros(len(codes) - span + 1, dtype=np.uint64), 0
    block, size, factor = _mixed(codes), 1, _BASE
    while size <= span:
        if span & size:
            result = result * factor + block[length : length + len(result)]
            length += size
        if size * 2 > span:
            break
        block = block[:-size] * factor + block[size:]
        factor = np.uint64((int(factor) * int(factor)) & 0xFFFFFFFFFFFFFFFF)
        size *= 2
    return result


def _mixed(codes: NDArray[np.uint64]) -> NDArray[np.uint64]:
    """Spread small numbers over 64 bits (the finaliser of splitmix64), so that sums of them do not meet by chance."""
    mixed = codes * np.uint64(0xBF58476D1CE4E5B9)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(0x94D049BB133111EB)
    return mixed ^ (mixed >> np.uint64(31))
