"""A store: one compartment of a workspace, open. Everything else in this room is reached from here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.errors import FieldError, NotFoundError
from dualtrack.keys.files import check_private, make_folder
from dualtrack.keys.vkey import VerifierKey
from dualtrack.store.backends import LOCK_WAIT_S, connect
from dualtrack.store.config import ledger_origin
from dualtrack.store.intents import recover
from dualtrack.store.migrate import upgrade
from dualtrack.store.repository import Repository
from dualtrack.store.sqlite import SqliteBackend
from dualtrack.store.tables import tables
from dualtrack.store.vault import Vault, VaultKey
from dualtrack.store.writer import Writer, is_kept

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from dualtrack.domain.time import Clock
    from dualtrack.keys.signer import Signer
    from dualtrack.store.intents import Recovery
    from dualtrack.store.tables import CompartmentName
    from dualtrack.store.workspace import Workspace

__all__ = ["Store"]


class Store:
    """One compartment. `recoveries` and `discarded_pages` say what the opening found of an earlier crash."""

    def __init__(self, workspace: Workspace, compartment: CompartmentName, *, wait_s: float = LOCK_WAIT_S) -> None:
        settings = workspace.config.compartments.get(compartment)
        if settings is None:
            raise NotFoundError(
                f"no compartment {compartment!r}",
                where=str(workspace.root),
                fix=f"add [compartments.{compartment}] to dualtrack.toml",
            )
        self.workspace, self.compartment = workspace, compartment
        self.tables = tables(compartment)
        self.vault = Vault(VaultKey.load(workspace.path(settings.vault_key)))
        self.run_folder = workspace.path("run")
        if not self.run_folder.exists():  # it holds nothing that lasts, so nobody carries it to a new place
            make_folder(self.run_folder)
        self.backend = connect(workspace.database_url(settings), self.run_folder, wait_s=wait_s)
        if isinstance(self.backend, SqliteBackend):
            check_private(self.backend.path)
        self._writers: list[Writer] = []
        try:
            self.discarded_pages = self._discarded_pages()
            upgrade(self.backend, compartment)
            self.recoveries: list[Recovery] = recover(
                self.run_folder, compartment, lambda intent: is_kept(self.backend, self.tables, intent)
            )
        except BaseException:
            self.backend.close()
            raise

    @classmethod
    def open(cls, workspace: Workspace, compartment: CompartmentName = "main", *, wait_s: float = LOCK_WAIT_S) -> Store:
        """Open a compartment: make or raise its schema, and settle what dead writers left.

        Raises NotFoundError (no such compartment), KeyFileError (vault key), StoreError (schema newer) and its kinds.
        """
        return cls(workspace, compartment, wait_s=wait_s)

    def writer(self, institution: str, signer: Signer, clock: Clock) -> Writer:
        """Return a writer of an institution's ledger. The signer's key must be the log key the workspace lists, if any."""
        listed = self.log_key(institution)
        if listed is not None and listed.public_key != signer.public_key:
            raise FieldError(
                "the signer is not this ledger's log key",
                where=ledger_origin(institution, self.compartment),
                expected=listed.format(),
                fix="use the log key that dualtrack.toml lists for the institution",
            )
        writer = Writer(
            self.backend,
            self.tables,
            self.vault,
            institution=institution,
            compartment=self.compartment,
            signer=signer,
            clock=clock,
            run_folder=self.run_folder,
        )
        self._writers.append(writer)
        return writer

    def repository(self, institution: str) -> Repository:
        """Return the reading side of an institution's ledger."""
        return Repository(self.backend, self.tables, self.vault, ledger_origin(institution, self.compartment))

    def log_key(self, institution: str) -> VerifierKey | None:
        """Return the log key that the workspace lists for an institution, or None."""
        listed = self.workspace.config.institution(institution)
        text = listed.logs.get(self.compartment) if listed else None
        return VerifierKey.parse(text) if text else None

    def witness_keys(self, institution: str) -> list[VerifierKey]:
        """Return the witness keys that the workspace lists for an institution."""
        listed = self.workspace.config.institution(institution)
        return [VerifierKey.parse(text) for text in listed.witnesses] if listed else []

    def close(self) -> None:
        """Close writers and connections."""
        for writer in self._writers:
            writer.close()
        self._writers.clear()
        self.backend.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self.close()

    def _discarded_pages(self) -> int:
        return self.backend.discarded_pages() if isinstance(self.backend, SqliteBackend) else 0
