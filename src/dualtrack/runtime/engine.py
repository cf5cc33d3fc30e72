"""The runtime of a workspace, open: gate, recorders, pseudonyms, quotas and models. Every face of it starts here."""

from __future__ import annotations

import secrets
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from dualtrack.domain.business_time import add_business_minutes
from dualtrack.domain.oversight import OptOut, Signal
from dualtrack.domain.records import encode
from dualtrack.domain.time import format_instant
from dualtrack.errors import NotFoundError
from dualtrack.runtime.admission import Admission, Budgets
from dualtrack.runtime.call import Call, Review
from dualtrack.runtime.clock import steady_s
from dualtrack.runtime.gate import Gate
from dualtrack.runtime.models import Models
from dualtrack.runtime.once import Once
from dualtrack.runtime.passages.shelf import Shelf
from dualtrack.runtime.quotas import Quotas
from dualtrack.runtime.recorder import Recorder
from dualtrack.runtime.recovery import recover_runs
from dualtrack.runtime.snapshots import Snapshots
from dualtrack.runtime.subjects import Subjects
from dualtrack.runtime.upstream.secrets import SecretFolder
from dualtrack.runtime.verifying import Verifications
from dualtrack.store.entries import NewEntry
from dualtrack.store.keyring import load_log_key
from dualtrack.store.register import Register
from dualtrack.store.store import Store

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from dualtrack.domain.policy import Upstream
    from dualtrack.domain.review import Why
    from dualtrack.domain.time import Clock
    from dualtrack.runtime.call import Language
    from dualtrack.runtime.live import LiveUse
    from dualtrack.store.workspace import Workspace

__all__ = ["Runtime"]

_SAID_S = 60.0
"""Seconds for which this process remembers an opt-out by itself; every snapshot has it after one or two, or the gate closes."""


class Runtime:
    """One process's runtime. `recovered` says what dead processes left: decisions written after all, by institution."""

    def __init__(self, store: Store, clock: Clock, passphrase: str | None = None) -> None:
        self.store, self.clock = store, clock
        workspace = store.workspace
        names = [item.id for item in workspace.config.institutions if item.logs.get("main")]
        self.recorders: dict[str, Recorder] = {}
        logs = {name: load_log_key(workspace, name, passphrase=passphrase) for name in names}
        self.registers = {name: Register(store, name, log, clock) for name, log in logs.items()}
        self.recovered = {name: recover_runs(store, register) for name, register in self.registers.items()}
        for name, log in logs.items():
            self.recorders[name] = Recorder(store, name, log, clock)
        self.snapshots = Snapshots(self.registers.values(), self._forget)
        self.gate = Gate(self.snapshots, clock)
        self.subjects = Subjects(workspace)
        self.quotas = Quotas(store)
        self.admission = Admission()
        self.budgets = Budgets(store.backend, clock)
        self.once = Once(store, clock)
        self.verifications = Verifications(store, clock)
        self._opting: dict[tuple[str, str], float] = {}
        self._secrets: SecretFolder | None = None
        self.models = Models(workspace.path("models"))
        self.shelf = Shelf(workspace.path("models"), clock)

    @classmethod
    def open(
        cls, workspace: Workspace, clock: Clock = lambda: datetime.now(UTC), *, passphrase: str | None = None
    ) -> Runtime:
        """Open the runtime of a workspace: settle what dead processes left, read the permits, start recording.

        `passphrase` opens log keys that have one. Raises KeyFileError where a log key is absent or does not open.
        """
        store = Store.open(workspace)
        try:
            return cls(store, clock, passphrase)
        except BaseException:
            store.close()
            raise

    def recorder(self, institution: str) -> Recorder:
        """Return the recorder of an institution's decisions; raises NotFoundError."""
        found = self.recorders.get(institution)
        if found is None:
            raise NotFoundError(f"no institution {institution!r} with a log key here", fix="`dualtrack init` first")
        return found

    def call(self, live: LiveUse, content: bytes, *, person: str | None = None, language: Language = "en") -> Call:
        """Begin a call of an open use in this thread: takes one of a capped permit, seals the input."""
        self.quotas.take(live)
        return self._begun(live, content, person, language)

    async def begin(
        self, live: LiveUse, content: bytes, *, person: str | None = None, language: Language = "en"
    ) -> Call:
        """Begin a call as `call` does, in the event loop: it waits for the database without holding the loop up."""
        await self.quotas.taken(live)
        return self._begun(live, content, person, language)

    def _begun(self, live: LiveUse, content: bytes, person: str | None, language: Language) -> Call:
        subject = self.subjects.pseudonym(live.institution, person) if person is not None else None
        recorder = self.recorder(live.institution)
        return Call(live, recorder, self.clock(), subject=subject, language=language, content=content)

    def opted_out(self, call: Call) -> bool:
        """Tell whether the person of a call wants no AI in this use; what was said in this process counts at once."""
        subject = call.record_subject()
        if subject is None:
            return False
        said_s = self._opting.get((call.live.use, subject), -_SAID_S)
        return subject in call.live.opted_out or steady_s() < said_s + _SAID_S

    def remember_opt_out(self, call: Call) -> None:
        """Record with a call that its person asked for a person or for no AI: honoured from the next call on."""
        subject, live = call.record_subject(), call.live
        if subject is None:
            return
        now_s = steady_s()
        for known in [key for key, said_s in self._opting.items() if now_s >= said_s + _SAID_S]:
            del self._opting[known]
        self._opting[live.use, subject] = now_s
        said = OptOut(use=live.use, subject=subject, active=True, at=call.at, by="customer")
        call.also.append(NewEntry("opt-out/1", live.institution, live.use, encode(said)))
        if live.mode == "drill":
            return  # nobody wished for anything
        signal = Signal(use=live.use, kind="opt_out", at=call.at, value=1, of=1)
        call.also.append(NewEntry("signal/1", live.institution, live.use, encode(signal)))

    def review(self, why: Why, live: LiveUse) -> Review:
        """Return a review to open now."""
        return Review(why, self.review_due(live))

    def review_due(self, live: LiveUse) -> str:
        """Return when a review that opens now is due, in Hong Kong business time."""
        return format_instant(add_business_minutes(self.clock(), live.policy.review.due_minutes))

    def _forget(self, institution: str, subject: str) -> None:
        """Drop the key of a person whose contents were erased, so that nothing more is sealed under it."""
        self.recorders[institution].contents.forget(subject)

    def headers_of(self, upstream: Upstream) -> dict[str, str]:
        """Return the headers of a call to an upstream; its key, if it has one, is read from the secrets folder."""
        headers = {"content-type": "application/json"}
        if upstream.secret is not None:
            headers["authorization"] = f"Bearer {self._secret(upstream.secret)}"
        return headers

    def _secret(self, name: str) -> str:
        if self._secrets is None:
            self._secrets = SecretFolder(self.store.workspace.path("secrets"), ())
        return self._secrets.get(name).reveal()

    def sampled(self, live: LiveUse) -> bool:
        """Draw whether a person looks at this output afterwards: chance of the operating system, not to be foreseen."""
        return secrets.randbelow(100) < live.policy.review.sample_percent

    def close(self) -> None:
        """Stop reading, write what waits, close the store."""
        self.snapshots.close()
        for recorder in self.recorders.values():
            recorder.close()
        self.verifications.close()
        self.once.close()
        self.budgets.close()
        self.quotas.close()
        self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()
