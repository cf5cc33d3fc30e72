"""The shelf of rule packs in a workspace: compiled bytes by digest, kept for as long as any verdict rests on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.ids import check_digest
from dualtrack.keys.files import make_folder, replace_private
from dualtrack.rules.shipped import shipped_packs

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.store.workspace import Workspace

__all__ = ["PackShelf"]


class PackShelf(Mapping[str, bytes]):
    """A read-only mapping from digest to compiled bytes; what is read is checked against its digest.

    A pack that is not on the shelf may still be one of those that come with Dualtrack.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._read: dict[str, bytes] = {}

    def keep(self, compiled: bytes) -> str:
        """Put compiled bytes on the shelf; returns their digest."""
        digest = canonical.digest(compiled)
        path = self._path(digest)
        if not path.is_file():
            if not path.parent.is_dir():
                make_folder(path.parent)
            replace_private(path, compiled)
        return digest

    def holds(self, digest: str) -> bool:
        """Tell whether a pack lies on the shelf itself."""
        return self._path(digest).is_file()

    def drop(self, digest: str) -> None:
        """Take a pack off the shelf that no verdict rests on."""
        self._read.pop(digest, None)
        self._path(digest).unlink(missing_ok=True)

    def __getitem__(self, digest: str) -> bytes:
        if digest not in self._read:
            self._read[digest] = self._load(digest)
        return self._read[digest]

    def _load(self, digest: str) -> bytes:
        path = self._path(digest)
        data = path.read_bytes() if path.is_file() else b""
        if canonical.digest(data) == digest:
            return data
        found = next((pack.compiled for pack in shipped_packs() if pack.digest == digest), None)
        if found is None:
            raise KeyError(digest)
        return found

    def __iter__(self) -> Iterator[str]:
        folder = self._workspace.path("packs")
        return iter(sorted(path.stem for path in folder.glob("*.json"))) if folder.is_dir() else iter(())

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def _path(self, digest: str) -> Path:
        return self._workspace.path(f"packs/{check_digest(digest, where='pack digest')}.json")
