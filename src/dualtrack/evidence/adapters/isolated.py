"""A model in a process of its own, which can be ended: for code that may hang, leak or bring the interpreter down."""

from __future__ import annotations

import io
import os
import selectors
import subprocess
import sys
import time
import weakref
from typing import TYPE_CHECKING, Self

from dualtrack.errors import EvidenceError, FieldError
from dualtrack.evidence.adapters.child import HEAD, packed
from dualtrack.evidence.models import checked_digest, checked_scores
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["OPENING_S", "IsolatedScorer"]

OPENING_S = 60.0
"""Seconds in which the process must have opened the model: importing large libraries takes some."""

_ANSWER_FIXED = 65_536
_READ = 1 << 20


class IsolatedScorer:
    """A function `module:function` or a pickled file in a child process; each question must be answered within `timeout_s`.

    The process is not a sandbox: the model has this user's rights there. It ends with `close`, with the scorer, or when it is late.
    """

    def __init__(
        self, reference: str, *, release_digest: str, timeout_s: float, file_digest: str | None = None
    ) -> None:
        if timeout_s <= 0:
            raise FieldError(f"timeout of {timeout_s} s", where="model", expected="above 0")
        self.release_digest = checked_digest(release_digest)
        self._where, self._timeout_s = reference, timeout_s
        places = os.pathsep.join(place for place in sys.path if place)
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module; the reference is an argument, not a command
            [
                sys.executable,
                "-P",
                "-m",
                "dualtrack.evidence.adapters.child",
                reference,
                release_digest,
                file_digest or "",
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": places},
        )
        self._end = weakref.finalize(self, _end, self._process)
        kind, content = self._read(time.monotonic() + OPENING_S, _ANSWER_FIXED)
        if kind != b"R":
            self.close()
            raise EvidenceError(
                f"the model could not be opened: {content.decode(errors='replace')}",
                where=reference,
                code="evidence.model-file",
            )

    def score(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the scores; raises EvidenceError where the model raises, answers wrongly, is late or ends its process."""
        if self._process.poll() is not None or not self._end.alive:
            raise self._gone()
        question = packed(rows)
        deadline = time.monotonic() + self._timeout_s
        try:
            self._write(HEAD.pack(b"Q", len(question)) + question, deadline)
            kind, content = self._read(deadline, _ANSWER_FIXED + 8 * len(rows))
        except BrokenPipeError:
            raise self._gone() from None
        if kind != b"S":
            code = "evidence.model-answer" if kind == b"A" else "evidence.model-raised"
            raise EvidenceError(content.decode(errors="replace"), where=self._where, code=code)
        return checked_scores(np.load(io.BytesIO(content), allow_pickle=False), len(rows), self._where)

    def close(self) -> None:
        """End the process; more than once does no harm."""
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write(self, content: bytes, deadline: float) -> None:
        assert self._process.stdin is not None
        pipe = self._process.stdin.fileno()
        os.set_blocking(pipe, False)
        left = memoryview(content)
        while left:
            if not _ready(pipe, selectors.EVENT_WRITE, deadline):
                raise self._late()
            left = left[os.write(pipe, left[:_READ]) :]

    def _read(self, deadline: float, bytes_max: int) -> tuple[bytes, bytes]:
        kind, length = HEAD.unpack(self._exactly(HEAD.size, deadline))
        if length > bytes_max:
            self.close()
            raise EvidenceError(f"answer of {length} bytes", where=self._where, code="evidence.model-answer")
        return kind, self._exactly(length, deadline)

    def _exactly(self, length: int, deadline: float) -> bytes:
        assert self._process.stdout is not None
        pipe = self._process.stdout.fileno()
        held = bytearray()
        while len(held) < length:
            if not _ready(pipe, selectors.EVENT_READ, deadline):
                raise self._late()
            piece = os.read(pipe, length - len(held))
            if not piece:
                raise self._gone()
            held += piece
        return bytes(held)

    def _late(self) -> EvidenceError:
        self.close()
        return EvidenceError(
            f"no answer within {self._timeout_s:g} s; its process was ended",
            where=self._where,
            fix="give it more time or fewer rows",
            code="evidence.model-timeout",
        )

    def _gone(self) -> EvidenceError:
        self.close()
        return EvidenceError("the model's process has ended", where=self._where, code="evidence.model-raised")


def _ready(pipe: int, event: int, deadline: float) -> bool:
    with selectors.DefaultSelector() as selector:
        selector.register(pipe, event)
        return bool(selector.select(max(0.0, deadline - time.monotonic())))


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            try:
                pipe.close()
            except BrokenPipeError:
                continue
    process.wait()
