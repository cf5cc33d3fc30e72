"""Govern a Python function in a few lines: it runs under the live permit of a use, for exactly the code and files released.

govern = Governor("my-workspace")

@govern("my-bank/early-warning", components={"model": "model.pkl"})
def score(row):
    return model.predict_proba([row["late"], row["used"]])[1]

score({"late": 3, "used": 0.9})
"""

from __future__ import annotations

import atexit
import functools
import inspect
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from dualtrack.domain import canonical
from dualtrack.errors import FieldError, NotFoundError, RefusedError
from dualtrack.runtime.answer_fetches import note_fetch
from dualtrack.runtime.answers import SETTLE_S, enter_for_answer, find_held, read_held
from dualtrack.runtime.decide import Scoring, decide
from dualtrack.runtime.engine import Runtime
from dualtrack.store.workspace import Workspace

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from dualtrack.domain.time import Clock
    from dualtrack.runtime.answers import HeldAnswer
    from dualtrack.runtime.call import Answer, Language
    from dualtrack.runtime.live import LiveUse

__all__ = ["Governed", "Governor", "NotServedError", "Scorer"]

Scorer = Callable[[Mapping[str, Any]], Any]


class NotServedError(RefusedError):
    """The function ran under its permit and its output may not be shown: `answer` says what is told instead."""

    status = 202

    def __init__(self, answer: Answer, use: str) -> None:
        super().__init__(
            f"not served: {answer.outcome}",
            where=use,
            expected=answer.code or "",
            fix=f"show this instead: {answer.message.en}" if answer.message else "see the decision's record",
            code=f"outcome.{answer.outcome}",
        )
        self.answer = answer


class _Pinned(NamedTuple):
    """What this process runs: digests of the code's file and of the component files, and the release they were held to."""

    code: str
    components: Mapping[str, str]


class Governed:
    """A governed function. Calling it gives the plain output; `decide` the whole Answer with receipt and reasons."""

    def __init__(self, runtime: Runtime, use: str, function: Scorer, pinned: _Pinned) -> None:
        functools.update_wrapper(self, function)
        self._runtime, self._use, self._function, self._pinned = runtime, use, function, pinned
        self._held_to: LiveUse | None = None

    def __call__(self, row: Mapping[str, Any], *, person: str | None = None, language: Language = "en") -> Any:  # noqa: ANN401 - the function's own
        """Return the output, or that of the policy's rules where the function fails or is on hold.

        Raises RefusedError without a permit, NotServedError where nothing may be shown.
        """
        answer = self.decide(row, person=person, language=language)
        if answer.outcome not in {"served", "fallback"}:
            raise NotServedError(answer, self._use)
        return answer.output

    def decide(
        self, row: Mapping[str, Any], *, person: str | None = None, language: Language = "en", baseline: object = None
    ) -> Answer:
        """Return the answer: outcome, output, reasons, receipt, review, what a person is told."""
        live = self._runtime.gate.enter(self._use, standby=True)
        if live is not self._held_to:
            self._hold_to(live)
        return decide(
            self._runtime, self._use, row, self._score, release=live.release, person=person, language=language,
            baseline=baseline,
        )  # fmt: skip

    def answer(self, decision: str | Answer) -> HeldAnswer:
        """Return what became of a routed decision of this use: waiting, what a person released, or the fixed message.

        Raises RefusedError where nothing may leave now, NotFoundError for what is no routed decision of this use.
        """
        name = decision if isinstance(decision, str) else decision.decision
        register = self._runtime.registers[self._use.partition("/")[0]]
        try:
            record = find_held(register, name, {self._use})
        except NotFoundError:
            time.sleep(SETTLE_S)
            record = find_held(register, name, {self._use})
        found = read_held(register, record, enter_for_answer(self._runtime.gate, register, record))
        enter_for_answer(self._runtime.gate, register, record)  # a hold may have come while it was read
        if not found.waiting and not found.withheld:
            note_fetch(register, record, by=self._use, means="function")
            enter_for_answer(self._runtime.gate, register, record)  # or while that was written
        return found

    def _score(self, row: Mapping[str, Any]) -> Scoring:
        found = self._function(row)
        return found if isinstance(found, Scoring) else Scoring(found)

    def _hold_to(self, live: LiveUse) -> None:
        """Refuse to run under a release that pins other code or files than this process has."""
        released = {part.id: part.digest for part in live.released.components}
        if live.released.code != self._pinned.code:
            raise _changed(self._use, "the code", live.released.code, self._pinned.code)
        for name, found in self._pinned.components.items():
            if released.get(name) != found:
                raise _changed(self._use, f"component {name!r}", released.get(name, "none"), found)
        self._held_to = live


class Governor:
    """Governs functions of one process. Open it once; it reads permits and writes decisions in threads of its own.

    `passphrase` opens a log key that has one.
    """

    def __init__(
        self, workspace: str | Path, clock: Clock = lambda: datetime.now(UTC), *, passphrase: str | None = None
    ) -> None:
        self.runtime = Runtime.open(Workspace.open(Path(workspace)), clock, passphrase=passphrase)
        atexit.register(self.close)

    def __call__(
        self, use: str, *, components: Mapping[str, str | Path] | None = None, code: str | Path | None = None
    ) -> Callable[[Scorer], Governed]:
        """Return the decorator. `components` are files by component id; `code` the file released, if not the function's."""

        def governed(function: Scorer) -> Governed:
            source = code or inspect.getsourcefile(function)
            if source is None:
                raise FieldError("the function has no source file", where=use, fix="name the released file as code=…")
            files = {name: _file_digest(path) for name, path in (components or {}).items()}
            return Governed(self.runtime, use, function, _Pinned(_file_digest(source), files))

        return governed

    def close(self) -> None:
        """Write what waits and end."""
        atexit.unregister(self.close)
        self.runtime.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()


def _file_digest(path: str | Path) -> str:
    try:
        return canonical.digest(Path(path).read_bytes())
    except OSError as error:
        raise FieldError(f"cannot be read: {error.strerror}", where=str(path), fix="name the file that runs") from error


def _changed(use: str, what: str, released: str, found: str) -> RefusedError:
    return RefusedError(
        f"{what} is not what was released",
        where=use,
        expected=f"digest {released[:16]}, found {found[:16]}",
        fix="release what runs now, and assess it",
        code="permit.component-changed",
    )
