"""A workspace: a private folder with `dualtrack.toml`, run by one operator.

It is named by argument, by DUALTRACK_WORKSPACE, or found upward from the current folder. Nothing in it may lead
outside, by `..`, an absolute path or a symbolic link. Only a folder marked `demo = true` is ever replaced.
"""

from __future__ import annotations

import secrets
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from dualtrack.errors import NotFoundError, PathError
from dualtrack.keys.files import check_private, make_folder, replace_private, stands, sync_folder
from dualtrack.store.config import CONFIG_BYTES_MAX, Compartment, Config
from dualtrack.store.vault import VaultKey

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.store.config import InstitutionConfig

__all__ = ["CONFIG_NAME", "FOLDERS_UP_MAX", "WORKSPACE_VARIABLE", "Workspace", "find_workspace"]

CONFIG_NAME = "dualtrack.toml"
"""The file that makes a folder a workspace."""

WORKSPACE_VARIABLE = "DUALTRACK_WORKSPACE"
"""Environment variable that names the workspace when no argument does."""

FOLDERS_UP_MAX = 64
"""Folders searched upward; deeper than any path people type."""


class Workspace:
    """An open workspace: its folder, resolved, and its settings. Make one with `create` or `open`."""

    __slots__ = ("config", "root")

    def __init__(self, root: Path, config: Config) -> None:
        self.root = root
        self.config = config

    @classmethod
    def create(
        cls,
        root: Path,
        *,
        database: str = "sqlite:///main.db",
        restricted_database: str | None = None,
        institutions: tuple[InstitutionConfig, ...] = (),
        demo: bool = False,
        replace: bool = False,
    ) -> Workspace:
        """Make a workspace folder with fresh vault keys; its parent must exist.

        With `replace` an existing folder is put out of the way first, but only when it is itself a demo and the new one
        is too. Raises PathError for a folder that exists, otherwise. The folder appears whole or not at all.
        """
        root = root.absolute()
        databases = {"main": database} | ({"restricted": restricted_database} if restricted_database else {})
        config = Config(
            demo=demo,
            compartments={
                name: Compartment(database=url, vault_key=f"keys/vault-{name}.key") for name, url in databases.items()
            },
            institutions=institutions,
        )
        config.check(CONFIG_NAME)
        _check_replaceable(root, demo=demo, replace=replace)
        draft = root.with_name(f".{root.name}.{secrets.token_hex(4)}.new")
        try:
            _fill(draft, config)
            if root.is_symlink() or root.exists():
                _discard(root)
            draft.rename(root)
            sync_folder(root.parent)
        finally:
            shutil.rmtree(draft, ignore_errors=True)
        return cls.open(root)

    @classmethod
    def open(cls, root: Path) -> Workspace:
        """Open a folder; raises NotFoundError if it is no workspace, PathError for unsafe modes or paths."""
        root = root.absolute()
        path = root / CONFIG_NAME
        if not stands(path) or not path.is_file():
            raise NotFoundError(
                f"no {CONFIG_NAME} in this folder",
                where=str(root),
                fix="run `dualtrack init`, or name a workspace with --workspace",
                code="not-found.workspace",
            )
        root = root.resolve()
        check_private(root)
        workspace = cls(root, Config(compartments={}))
        inside = workspace.path(CONFIG_NAME)
        check_private(inside)
        with inside.open("rb") as stream:
            workspace.config = Config.parse(stream.read(CONFIG_BYTES_MAX + 1), where=str(path))
        for compartment in workspace.config.compartments.values():
            workspace.path(compartment.vault_key)
            workspace.database_url(compartment)
        check_private(workspace.key_folder)
        return workspace

    @property
    def demo(self) -> bool:
        """Tell whether everything here is fictional and may be thrown away."""
        return self.config.demo

    @property
    def key_folder(self) -> Path:
        """Return the folder of key files."""
        return self.path(self.config.key_dir)

    def path(self, relative: str) -> Path:
        """Return a path inside the workspace, links followed; raises PathError if it leads outside. It need not exist."""
        target = (self.root / relative).resolve()
        if "\x00" in relative or not target.is_relative_to(self.root):
            raise PathError(
                f"{relative!r} leads outside the workspace",
                where=str(self.root),
                expected="a relative path without '..' or links that leave the folder",
                fix="move the file into the workspace",
                code="input.path.outside",
            )
        return target

    def database_url(self, compartment: Compartment) -> str:
        """Return a compartment's database address with an SQLite file resolved inside the workspace."""
        prefix = "sqlite:///"
        if not compartment.database.startswith("sqlite:"):
            return compartment.database
        name = compartment.database.removeprefix(prefix)
        if not name or name == compartment.database or "?" in name or ":memory:" in name:
            raise PathError(
                f"database address {compartment.database!r}",
                where=str(self.root / CONFIG_NAME),
                expected="sqlite:///FILE with a file inside the workspace, or postgresql://…",
                code="input.path.database",
            )
        return f"{prefix}{self.path(name)}"

    def save(self, config: Config) -> None:
        """Write changed settings, atomically."""
        config.check(CONFIG_NAME)
        replace_private(self.root / CONFIG_NAME, config.encode())
        self.config = config


def find_workspace(named: Path | None, environment: Mapping[str, str], start: Path) -> Path:
    """Return the workspace folder: the one named, else DUALTRACK_WORKSPACE, else the nearest at or above `start`."""
    if named is not None:
        return named
    if environment.get(WORKSPACE_VARIABLE):
        return Path(environment[WORKSPACE_VARIABLE])
    for folder in [start.absolute(), *start.absolute().parents][:FOLDERS_UP_MAX]:
        if (folder / CONFIG_NAME).is_file():
            return folder
    raise NotFoundError(
        "no workspace here or above",
        where=str(start),
        expected=f"a folder with {CONFIG_NAME}",
        fix=f"run `dualtrack init`, give --workspace, or set {WORKSPACE_VARIABLE}",
        code="not-found.workspace",
    )


def _fill(draft: Path, config: Config) -> None:
    make_folder(draft)
    for name in (config.key_dir, "run"):
        make_folder(draft / name)
    for compartment in config.compartments.values():
        VaultKey.generate().save(draft / compartment.vault_key)
    replace_private(draft / CONFIG_NAME, config.encode())


def _check_replaceable(root: Path, *, demo: bool, replace: bool) -> None:
    there = stands(root)
    if not root.parent.is_dir():
        raise PathError("its parent folder does not exist", where=str(root), fix=f"mkdir -p {root.parent}")
    if not there:
        return
    marked = replace and demo and not root.is_symlink() and root.is_dir() and _is_demo(root)
    if not marked:
        raise PathError(
            "exists and is not a demo workspace that may be replaced" if replace else "exists",
            where=str(root),
            expected=f"a new folder, or one whose {CONFIG_NAME} says demo = true",
            fix="name another folder, or move this one away yourself",
            code="input.path.exists",
        )


def _is_demo(root: Path) -> bool:
    try:
        return Workspace.open(root).demo
    except (NotFoundError, PathError):
        return False


def _discard(root: Path) -> None:
    """Move the folder aside under a name of its own first, so that it vanishes at once and its removal may take time."""
    aside = root.with_name(f".{root.name}.{secrets.token_hex(4)}.old")
    root.rename(aside)
    shutil.rmtree(aside)
