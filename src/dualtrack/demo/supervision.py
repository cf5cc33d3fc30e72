"""The demo's second workspace: a fictional supervisor with keys of its own, which shares nothing with the firms'."""

from __future__ import annotations

from typing import TYPE_CHECKING

from dualtrack.domain.records import Text
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace
from dualtrack.supervisor.desk import found_supervisor

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.domain.time import Clock

__all__ = ["SUPERVISOR", "prepare_supervisor"]

SUPERVISOR = "supervisor-demo"

_NAME = Text(en="Demo Supervisor (fictional)", zh="示範監管機構（虛構）")


def prepare_supervisor(folder: Path, clock: Clock) -> Path:
    """Make the supervisor's workspace inside the demo folder; returns its path."""
    root = folder / "supervisor"
    workspace = Workspace.create(root, demo=True)
    with Store.open(workspace) as store:
        found_supervisor(store, SUPERVISOR, _NAME, clock)
    return root
