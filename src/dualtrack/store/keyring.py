"""Private keys of a workspace: one file a holder and institution, in the private key folder.

A real firm's root key belongs offline; then the file is simply not here, and grants are made where it is.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.ids import check_slug
from dualtrack.errors import KeyFileError
from dualtrack.keys.files import make_folder
from dualtrack.keys.signer import FileSigner

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.store.workspace import Workspace

__all__ = [
    "PASSPHRASE_VARIABLE",
    "check_log_keys",
    "create_key",
    "discard_key",
    "key_path",
    "load_key",
    "load_log_key",
    "retire_key",
]

PASSPHRASE_VARIABLE = "DUALTRACK_PASSPHRASE"  # noqa: S105 - the name of a variable, not a secret
"""Environment variable with the passphrase of key files; never an argument, since arguments show in process lists."""


def key_path(workspace: Workspace, institution: str, holder: str) -> Path:
    """Return where a holder's key lies; both names must be slugs, so no path can lead elsewhere."""
    check_slug(institution, where="institution")
    check_slug(holder, where="holder")
    return workspace.path(f"{workspace.config.key_dir}/{institution}/{holder}.pem")


def create_key(workspace: Workspace, institution: str, holder: str, *, passphrase: str | None = None) -> FileSigner:
    """Make a holder's key; an existing one is never replaced (KeyFileError)."""
    path = key_path(workspace, institution, holder)
    if not path.parent.is_dir():
        make_folder(path.parent)
    signer = FileSigner.generate(holder)
    signer.save(path, passphrase=passphrase)
    return signer


def load_key(workspace: Workspace, institution: str, holder: str, *, passphrase: str | None = None) -> FileSigner:
    """Load a holder's key; raises KeyFileError naming the holder when it is not here."""
    path = key_path(workspace, institution, holder)
    if not path.is_file():
        raise KeyFileError(
            f"no key of {holder!r} in this workspace",
            where=institution,
            fix=f"make one with `dualtrack key new {holder} --role ROLE`, or sign where the key is",
        )
    return FileSigner.load(path, passphrase=passphrase, name=holder)


def load_log_key(workspace: Workspace, institution: str, *, passphrase: str | None = None) -> FileSigner:
    """Load an institution's log key, with the passphrase if it has one; raises KeyFileError that says what to set.

    A passphrase that this key does not need is no fault: it may be there for keys of people.
    """
    path = key_path(workspace, institution, "log")
    try:
        return load_key(workspace, institution, "log", passphrase=passphrase)
    except KeyFileError as error:
        if passphrase is not None and error.code == "key.passphrase":
            return load_key(workspace, institution, "log")
        if error.code not in {"key.passphrase", "key.unreadable"}:
            raise
        raise KeyFileError(
            error.found,
            where=str(path),
            expected=error.expected,
            fix=f"set {PASSPHRASE_VARIABLE} to the passphrase of the log key",
            code=error.code,
        ) from error


def check_log_keys(workspace: Workspace, *, passphrase: str | None = None) -> None:
    """Raise KeyFileError where a log key of this workspace is absent or does not open.

    What serves asks this before it says that it serves: a worker that cannot start would only be started again.
    """
    for item in workspace.config.institutions:
        if item.logs.get("main"):
            load_log_key(workspace, item.id, passphrase=passphrase)


def discard_key(workspace: Workspace, institution: str, holder: str) -> None:
    """Take away a key that was made for nothing: what it was for could not be recorded. One that is absent is no fault."""
    path = key_path(workspace, institution, holder)
    path.unlink(missing_ok=True)
    if path.parent.is_dir() and not any(path.parent.iterdir()):
        path.parent.rmdir()


def retire_key(workspace: Workspace, institution: str, holder: str, keyid: str) -> bool:
    """Put a revoked key aside, so that its holder can have a new one; returns False where the key is not here."""
    path = key_path(workspace, institution, holder)
    if not path.is_file():
        return False
    path.rename(path.with_name(f"{holder}.revoked-{keyid[:16]}.pem"))  # no holder's name has a full stop
    return True
