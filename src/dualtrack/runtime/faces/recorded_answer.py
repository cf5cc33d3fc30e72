"""An answer of a language model as it is kept under an Idempotency-Key: without its contents, which the decision's record has.

So there is no second copy of what was said: it is read again where it lies sealed under its person's key, and goes with the
person. Fixed messages, which are the firm's own words, are kept as they were given.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal

import msgspec

from dualtrack.errors import ConflictError, NotFoundError
from dualtrack.runtime.answers import SETTLE_S
from dualtrack.runtime.faces.chat_tools import read_output
from dualtrack.runtime.lookup import contents_of, decision_row
from dualtrack.runtime.once import KeptAnswer, gone

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.store.register import Register

__all__ = ["keep_chat", "keep_vectors", "open_recorded"]

_MEDIA_TYPE = "application/vnd.dualtrack.recorded"
_GIVEN = ("served", "fallback")
_encode = msgspec.msgpack.Encoder().encode


class _Recorded(msgspec.Struct, frozen=True):
    """Whose record has the contents (None: there are none), the body without them, and whether a stream ended midway."""

    decision: str | None
    form: Literal["chat", "vectors"]
    body: dict[str, Any]
    cut: bool = False


def keep_chat(body: Mapping[str, Any], output: str | None, *, cut: bool = False) -> KeptAnswer:
    """Return what is kept of a chat completion. `output` is the digest that the decision's record has of it.

    Of a stream that was `cut`, which ended midway, only that is kept: the record also has what was held back.
    """
    about, choice = body["dualtrack"], body["choices"][0]
    if cut or (output is not None and about["outcome"] in _GIVEN):
        bare = {"role": "assistant", "content": None}
        kept = {**body, "choices": [{**choice, "message": bare}]}
        return _kept(_Recorded(about["decision"], "chat", kept, cut))
    return _kept(_Recorded(None, "chat", dict(body)))


def keep_vectors(body: Mapping[str, Any]) -> KeptAnswer:
    """Return what is kept of an answer with vectors."""
    return _kept(_Recorded(body["dualtrack"]["decision"], "vectors", {**body, "data": []}))


def open_recorded(register: Register, kept: KeptAnswer) -> dict[str, Any] | None:
    """Return the body as it was given, its contents read from the record; None of what is kept in another form.

    Raises NotFoundError (410) where they were erased, ConflictError where the answer was a stream that ended midway.
    It reads the database, and may wait a moment for a record that is on its way there.
    """
    if kept.media_type != _MEDIA_TYPE:
        return None
    found = msgspec.msgpack.decode(kept.content, type=_Recorded)
    if found.cut:
        raise ConflictError(
            f"the stream of decision {found.decision} ended midway, and the part that went out is not given again",
            where="Idempotency-Key", fix="take a new key to ask anew", code="conflict.cut",
        )  # fmt: skip
    if found.decision is None:
        return found.body
    content = _output(register, found.decision)
    if found.form == "vectors":
        vectors = msgspec.json.decode(content)
        data = [{"object": "embedding", "index": at, "embedding": vector} for at, vector in enumerate(vectors)]
        return found.body | {"data": data}
    text, calls = read_output(content)
    choice = found.body["choices"][0]
    message = {"role": "assistant", "content": text} | ({"tool_calls": calls} if calls else {})
    return found.body | {"choices": [choice | {"message": message}]}


def _kept(recorded: _Recorded) -> KeptAnswer:
    return KeptAnswer(200, _encode(recorded), _MEDIA_TYPE)


def _output(register: Register, decision: str) -> bytes:
    """Return the output of a decision; raises NotFoundError (410) where it was erased, or lost with its process."""
    try:
        return _opened(register, decision)
    except NotFoundError:
        time.sleep(SETTLE_S)
    try:
        return _opened(register, decision)
    except NotFoundError:
        raise gone() from None


def _opened(register: Register, decision: str) -> bytes:
    digest = decision_row(register, decision)["output"]
    if digest is None:  # its call goes on, as far as the database knows
        raise NotFoundError("no output yet", where=f"decision {decision}")
    return contents_of(register).open(digest)
