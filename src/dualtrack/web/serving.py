"""A process that serves a workspace: opens the runtime, tunes the interpreter, and makes the application.

`make_app` is what a server's workers import: each opens the workspace that the environment names.
"""

from __future__ import annotations

import gc
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import structlog

from dualtrack.errors import DualtrackError
from dualtrack.runtime.engine import Runtime
from dualtrack.runtime.timer import ReviewTimer
from dualtrack.store.keyring import PASSPHRASE_VARIABLE
from dualtrack.store.workspace import Workspace, find_workspace
from dualtrack.web.app import create_app
from dualtrack.web.logs import configure_logs
from dualtrack.web.patience import PatientProtocol
from dualtrack.web.settings import read_settings

if TYPE_CHECKING:
    from dualtrack.web.security import Guarded

__all__ = ["ADDRESS_VARIABLE", "SERVER_OPTIONS", "STOP_S", "SWITCH_S", "make_app", "open_app"]

ADDRESS_VARIABLE = "DUALTRACK_WEB_ADDRESS"
"""Environment variable by which the command tells its workers where they listen."""

STOP_S = 10
"""Seconds for answers under way when the server is told to stop."""

SERVER_OPTIONS: dict[str, Any] = {
    "loop": "uvloop",
    "http": PatientProtocol,
    "ws": "none",
    "lifespan": "on",
    "interface": "asgi3",
    "log_config": None,
    "access_log": False,
    "proxy_headers": False,
    "server_header": False,
    "timeout_graceful_shutdown": STOP_S,
}
"""How uvicorn runs the application: its own access log writes whole paths, and its proxy headers believe anybody."""

SWITCH_S = 0.0005
"""Seconds after which a thread gives way to another: the recorder's thread must not hold up the event loop for 5 ms."""


def make_app() -> Guarded:
    """Return the application of the workspace that DUALTRACK_WORKSPACE names, or that is found upward from here.

    Log keys with a passphrase are opened by DUALTRACK_PASSPHRASE. Where it cannot be opened, as while the database is away,
    one line says so and the process ends: the server's supervisor starts another.
    """
    configure_logs()
    try:
        workspace = Workspace.open(find_workspace(None, os.environ, Path.cwd()))
        passphrase = os.environ.get(PASSPHRASE_VARIABLE) or None
        return open_app(workspace, os.environ.get(ADDRESS_VARIABLE), passphrase=passphrase)
    except DualtrackError as error:
        structlog.get_logger("dualtrack.web").error("cannot start", fault=type(error).__name__, code=error.code)
        raise SystemExit(1) from None


def open_app(workspace: Workspace, address: str | None = None, *, passphrase: str | None = None) -> Guarded:
    """Open a workspace's runtime and return its application, which closes the runtime when the server stops."""
    configure_logs()
    settings = read_settings(workspace)
    if settings.public_address is None and address is not None:
        settings = msgspec.structs.replace(settings, public_address=address)
    runtime = Runtime.open(workspace, passphrase=passphrase)
    timer = ReviewTimer(runtime)

    def end() -> None:
        timer.close()
        runtime.close()

    try:
        app = create_app(runtime, settings, at_end=end)
    except BaseException:
        end()
        raise
    log = structlog.get_logger("dualtrack.web")
    for institution, runs in runtime.recovered.items():
        if runs:
            log.warning("runs recovered", institution=institution, count=len(runs))
    sys.setswitchinterval(SWITCH_S)
    gc.collect()
    gc.freeze()
    return app
