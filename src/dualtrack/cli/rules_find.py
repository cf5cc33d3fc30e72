"""Finding a rule pack by what a person types: a file, a shipped id, or one adopted in the workspace."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from dualtrack.cli.desk import open_workspace, sitting
from dualtrack.cli.files import read_bytes
from dualtrack.errors import FieldError, NotFoundError
from dualtrack.rules.catalogue import shipped_topics
from dualtrack.rules.pack import BYTES_MAX, load_pack
from dualtrack.rules.shipped import shipped, shipped_ids
from dualtrack.rules.source import compile_pack
from dualtrack.store.workspace import find_workspace

if TYPE_CHECKING:
    from dualtrack.rules.pack import Pack

__all__ = ["adopted_here", "find_pack", "has_workspace", "institutions_here", "read_pack_file"]

_FILES = (".yaml", ".yml", ".json")


def find_pack(name: str, workspace: Path | None, institution: str | None, *, shipped_first: bool = False) -> Pack:
    """Return the pack of a file, one adopted in the workspace, or a shipped one; adopted wins, as verdicts rest on it.

    With `shipped_first` the shipped one wins: it is what would be adopted next.
    """
    if name.endswith(_FILES):
        return load_pack(read_pack_file(Path(name)))
    if shipped_first and name in shipped_ids():
        return shipped(name)
    adopted = {pack.id: pack for pack in adopted_here(workspace, institution)}
    if name in adopted:
        return adopted[name]
    if name not in shipped_ids():
        known = ", ".join(sorted({*shipped_ids(), *adopted}))
        raise NotFoundError(f"no rule pack {name!r:.80}", expected=f"a .yaml or .json file, or {known}")
    return shipped(name)


def read_pack_file(path: Path) -> bytes:
    """Return the compiled bytes of a file: YAML is compiled, JSON is taken as it is and checked when loaded."""
    data = read_bytes(path, limit=BYTES_MAX)
    return data if path.suffix == ".json" else compile_pack(data, shipped_topics(), where=path.name)


def has_workspace(workspace: Path | None) -> bool:
    """Tell whether a workspace was named or is found."""
    if workspace is not None:
        return True
    try:
        find_workspace(None, os.environ, Path.cwd())
    except NotFoundError:
        return False
    return True


def institutions_here(workspace: Path | None) -> list[str]:
    """Return the ids of the workspace's institutions."""
    return [item.id for item in open_workspace(workspace).config.institutions]


def adopted_here(workspace: Path | None, institution: str | None) -> list[Pack]:
    """Return the packs adopted by the institution, or none where no workspace or no single institution is at hand."""
    if not has_workspace(workspace):
        return []
    try:
        with sitting(workspace, institution) as desk:
            return desk.register.adopted_packs()
    except FieldError:
        # Several institutions and none named: the shipped packs are still there to be looked at.
        if institution is not None:
            raise
        return []
