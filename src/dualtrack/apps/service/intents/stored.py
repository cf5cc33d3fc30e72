"""A model as bytes, without code in them: one line, a JSON header, then the numbers.

The line is the form's name, the SHA-256 of all that follows, and the header's length. The header holds card and vocabulary; the numbers are
little-endian 32-bit floats: idf, base, weights by term. Loading checks digest, header, shapes and that every number is finite.
"""

from __future__ import annotations

import hashlib
import hmac
import re

import msgspec

from dualtrack.apps.service.intents.arrays import np
from dualtrack.apps.service.intents.classifier import IntentModel, ModelCard
from dualtrack.apps.service.intents.training import WEIGHTS_MAX
from dualtrack.apps.service.intents.vocabulary import Vocabulary
from dualtrack.domain.records import Record
from dualtrack.errors import DocumentError

__all__ = ["MODEL_FORMAT", "load", "save"]

MODEL_FORMAT = "dualtrack.intent-model/1"

_FLOAT = np.dtype("<f4")
_LINE = re.compile(rb"dualtrack\.intent-model/1 ([0-9a-f]{64}) ([0-9]{1,10})\n")
_LINE_BYTES_MAX = 120


class _Header(Record, frozen=True):
    card: ModelCard
    words: list[str]
    pieces: list[str]
    rare: float


def save(model: IntentModel) -> bytes:
    """Return the model as bytes: the same for the same model."""
    known = model.vocabulary
    header = msgspec.json.encode(
        _Header(card=model.card, words=list(known.words), pieces=list(known.pieces), rare=known.rare), order="sorted"
    )
    numbers = (known.idf, model.base, model.weights)
    body = b"".join((header, *(np.ascontiguousarray(each, dtype=_FLOAT).tobytes() for each in numbers)))
    return f"{MODEL_FORMAT} {hashlib.sha256(body).hexdigest()} {len(header)}\n".encode() + body


def load(data: bytes, *, digest: str | None = None, where: str = "intent model") -> IntentModel:
    """Read a model; `digest` is the SHA-256 of all bytes that a permit or a record names. Raises DocumentError if anything differs."""
    if digest is not None and not hmac.compare_digest(hashlib.sha256(data).hexdigest(), digest):
        raise DocumentError("other bytes than the digest names", where=where, fix="load the model that was released")
    line = _LINE.match(data[:_LINE_BYTES_MAX])
    if line is None:
        raise DocumentError("not a model of intents", where=where, expected=f"a first line with {MODEL_FORMAT}")
    body = memoryview(data)[line.end() :]
    if hashlib.sha256(body).hexdigest() != line[1].decode():
        raise DocumentError("bytes are changed or missing", where=where, fix="copy it again, or train it again")
    return _model(body, int(line[2]), where)


def _model(body: memoryview, length: int, where: str) -> IntentModel:
    try:
        header = msgspec.json.decode(body[:length], type=_Header, strict=True)
    except msgspec.DecodeError as error:
        raise DocumentError(f"its header: {error}", where=where, expected=MODEL_FORMAT) from error
    terms, intents = len(header.words) + len(header.pieces), len(header.card.intents)
    needed = (terms + intents + terms * intents) * _FLOAT.itemsize
    numbers = body[length:]
    if len(numbers) != needed or intents < 2 or terms * intents > WEIGHTS_MAX:  # noqa: PLR2004 - to choose, there must be two
        raise DocumentError(
            f"{len(numbers):,} bytes of numbers for {terms:,} terms and {intents:,} intents",
            where=where,
            expected=f"{needed:,} bytes and at least 2 intents",
        )
    for name, listed in (("words", header.words), ("pieces", header.pieces), ("intents", header.card.intents)):
        if len(set(listed)) != len(listed):
            raise DocumentError(f"one of its {name} twice", where=where, fix="train it again")
    values = np.frombuffer(numbers, dtype=_FLOAT).astype(np.float32)
    if not np.isfinite(values).all():
        raise DocumentError("a number that is not finite", where=where, fix="train it again")
    idf, base, weights = np.split(values, (terms, terms + intents))
    vocabulary = Vocabulary(header.words, header.pieces, idf, header.rare)
    return IntentModel(header.card, vocabulary, weights.reshape(terms, intents), base)
