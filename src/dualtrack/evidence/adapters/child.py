"""The other side of `isolated`: a process that opens one model and scores what comes on its input, until that ends.

Messages in both directions are a byte that says what, eight bytes of length (big endian), and the content: rows and scores as numpy's own
file form without objects, errors as text. What the model prints goes to standard error, never into the answers.
"""

from __future__ import annotations

import io
import os
import struct
import sys
from typing import TYPE_CHECKING, BinaryIO

from dualtrack.errors import DualtrackError
from dualtrack.evidence.adapters.opening import open_here
from dualtrack.evidence.numeric import np

if TYPE_CHECKING:
    from dualtrack.evidence.models import Scorer

__all__ = ["HEAD", "main", "packed", "serve"]

HEAD = struct.Struct(">cQ")
"""What every message begins with: R ready, S scores, E an error of the model, A a wrong answer."""


def packed(array: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> bytes:
    """Return an array in numpy's file form."""
    held = io.BytesIO()
    np.save(held, array, allow_pickle=False)
    return held.getvalue()


def serve(scorer: Scorer, source: BinaryIO, answers: BinaryIO) -> None:
    """Score until the source ends."""
    while head := source.read(HEAD.size):
        _, length = HEAD.unpack(head)
        rows = np.load(io.BytesIO(source.read(length)), allow_pickle=False)
        try:
            kind, content = b"S", packed(scorer.score(rows))
        except DualtrackError as error:
            kind, content = (b"A" if error.code == "evidence.model-answer" else b"E"), error.found.encode()
        except Exception as error:  # noqa: BLE001 - somebody else's code may raise anything; it is sent back by name
            kind, content = b"E", f"the model raised {type(error).__name__}: {error}".encode()
        _send(answers, kind, content)


def main() -> None:
    """Open the model named on the command line (reference, release digest, file digest) and serve."""
    reference, release_digest, file_digest = sys.argv[1:4]
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what the model prints must not be taken for scores
    try:
        scorer = open_here(reference, digest=release_digest, file_digest=file_digest or None)
    except DualtrackError as error:
        _send(answers, b"E", str(error).encode())
        return
    except Exception as error:  # noqa: BLE001 - a module may raise anything while it is imported
        _send(answers, b"E", f"{type(error).__name__}: {error}".encode())
        return
    _send(answers, b"R", b"")
    serve(scorer, sys.stdin.buffer, answers)


def _send(answers: BinaryIO, kind: bytes, content: bytes) -> None:
    answers.write(HEAD.pack(kind, len(content)) + content)
    answers.flush()


if __name__ == "__main__":
    main()
