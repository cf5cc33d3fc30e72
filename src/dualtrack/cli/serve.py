"""`dualtrack serve`: the console, the API and the hot path of a workspace."""

from __future__ import annotations

import ipaddress
import os
import socket
from typing import TYPE_CHECKING, NamedTuple

import click

from dualtrack.apps.service.settings import read_settings
from dualtrack.cli.desk import clock, console, json_option, open_workspace, passphrase, print_json, workspace_option
from dualtrack.demo.receipts import RECEIPTS_NAME
from dualtrack.errors import DualtrackError, FieldError, MissingExtraError
from dualtrack.store.keyring import check_log_keys
from dualtrack.store.store import Store
from dualtrack.store.workspace import WORKSPACE_VARIABLE

if TYPE_CHECKING:
    from pathlib import Path

    from dualtrack.store.workspace import Workspace
    from dualtrack.web.demo_accounts import DemoAccount
    from dualtrack.web.settings import WebSettings

__all__ = ["DEFAULT_PORT", "WORKERS_MAX", "serve_command"]

DEFAULT_PORT = 8181
"""Where a console is when nothing else was said."""

WORKERS_MAX = 64
"""Most processes: one a core is what helps, and each holds the workspace's permits in memory."""

_BACKLOG = 2048


class _Opening(NamedTuple):
    """What is said before serving. `sign_in` has accounts of a demo with their passwords, a real workspace none.

    They are of `institution`, which has the most decisions; `others` have accounts in the file too.
    """

    workspace: str
    address: str
    workers: int
    demo: bool
    accounts: str | None
    sign_in: dict[str, str]
    institution: str | None
    others: list[str]
    receipts: str | None
    chats: list[str]


@click.command("serve", epilog="Example: dualtrack serve --workspace dualtrack-demo")
@workspace_option
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option(
    "--port", type=click.IntRange(0, 65_535), default=DEFAULT_PORT, show_default=True, help="Port; 0 takes a free one."
)
@click.option(
    "--workers", type=click.IntRange(1, WORKERS_MAX), default=1, show_default=True, help="Number of processes."
)
@json_option
def serve_command(workspace: Path | None, host: str, port: int, workers: int, as_json: bool) -> None:
    """Serve the console, the API and the OpenAI-compatible face.

    Without web.toml it is for this machine alone: no HTTPS, and another address than a loopback one is refused.
    DUALTRACK_PASSPHRASE opens log keys that have a passphrase.
    """
    try:
        import uvicorn  # noqa: F401, PLC0415 - only to say early and clearly what is missing

        from dualtrack.web import settings as web_settings  # noqa: PLC0415 - needs the optional part
    except ModuleNotFoundError as error:
        raise MissingExtraError("web", "`dualtrack serve`") from error
    found = open_workspace(workspace)
    settings = web_settings.read_settings(found)
    _check_host(host, settings)
    check_log_keys(found, passphrase=passphrase())
    listening = _listen(host, port)
    try:
        shown = f"[{host}]" if ":" in host else host
        address = settings.public_address or f"http://{shown}:{listening.getsockname()[1]}"
        _say(_opening(found, address, workers), as_json=as_json)
        _run(found, address, listening, workers)
    finally:
        listening.close()


def _check_host(host: str, settings: WebSettings) -> None:
    """Refuse to send passwords over a network in the clear: beyond this machine HTTPS has to be said to be there."""
    try:
        local = ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = host == "localhost"
    if not local and not settings.https:
        raise FieldError(
            f"--host {host} is reached from other machines, and https is not set",
            where="web.toml",
            expected="a loopback address, or https = true with a proxy that does TLS in front",
            fix="put a proxy with TLS in front and set https and public_address in web.toml",
            code="input.field.https",
        )


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listening.bind((host, port))
        listening.listen(_BACKLOG)
    except OSError as error:
        listening.close()
        raise FieldError(
            f"cannot listen on {host}, port {port}: {error.strerror}",
            where="--port",
            fix="stop what listens there, or choose another with --port (0 takes a free one)",
            code="input.field.port",
        ) from error
    listening.set_inheritable(True)
    return listening


def _opening(workspace: Workspace, address: str, workers: int) -> _Opening:
    """Return what is said of a workspace; the accounts of a demo are made first, where they are missing."""
    accounts, shown = _demo_accounts(workspace)
    institution = shown[0].institution if shown else None
    return _Opening(
        workspace=str(workspace.root),
        address=address,
        workers=workers,
        demo=workspace.demo,
        accounts=accounts,
        sign_in={item.name: item.password for item in shown},
        institution=institution,
        others=[item.id for item in workspace.config.institutions if item.id != institution] if shown else [],
        receipts=_demo_receipts(workspace),
        chats=[f"{address}/apps/service/chat/{chat.use}" for chat in read_settings(workspace).chats],
    )


def _demo_accounts(workspace: Workspace) -> tuple[str | None, list[DemoAccount]]:
    """Return the file of a demo's accounts, and the three that are said; none of a real workspace."""
    if not workspace.demo:
        return None, []
    from dualtrack.web.demo_accounts import ensure_demo_accounts, shown_accounts  # noqa: PLC0415 - optional part

    with Store.open(workspace) as store:
        path = ensure_demo_accounts(store, clock)
        shown = shown_accounts(store)
    return str(path), shown


def _demo_receipts(workspace: Workspace) -> str | None:
    """Return the file of a demo's receipts, where the demo run left one."""
    path = workspace.path(RECEIPTS_NAME)
    return str(path) if workspace.demo and path.is_file() else None


def _say(opening: _Opening, *, as_json: bool) -> None:
    if as_json:
        print_json(opening._asdict())
        return
    out = console()
    out.print(f"Dualtrack serves {opening.workspace}")
    out.print(f"  console  {opening.address}/")
    out.print(f"  API      {opening.address}/api/v1/openapi.json")
    out.print(f"  models   {opening.address}/v1  (OpenAI-compatible)")
    for chat in opening.chats:
        out.print(f"  chat     {chat}", soft_wrap=True)
    if opening.accounts is not None:
        of = f" of {opening.institution}, where the most was decided" if opening.institution else ""
        out.print(f"Demonstration: everything is fictional. Sign in at the console as one{of}:", soft_wrap=True)
        for name, password in opening.sign_in.items():
            out.print(f"  {name:<28} {password}", soft_wrap=True)
        if opening.others:
            out.print(f"Each other institution has its own accounts: {', '.join(opening.others)}.", soft_wrap=True)
        out.print(f"All names and passwords: {opening.accounts}", soft_wrap=True)
    if opening.receipts is not None:
        out.print(
            f"Receipts of its fictional customers, to open without signing in: {opening.receipts}", soft_wrap=True
        )
    out.print("Ctrl-C ends it.")


def _run(workspace: Workspace, address: str, listening: socket.socket, workers: int) -> None:
    import uvicorn  # noqa: PLC0415 - needs the optional part

    from dualtrack.web.serving import ADDRESS_VARIABLE, SERVER_OPTIONS, open_app  # noqa: PLC0415 - as above

    os.environ[WORKSPACE_VARIABLE], os.environ[ADDRESS_VARIABLE] = str(workspace.root), address
    if workers > 1:
        uvicorn.run(
            "dualtrack.web.serving:make_app", factory=True, workers=workers, fd=listening.fileno(), **SERVER_OPTIONS
        )
        return
    app = open_app(workspace, address, passphrase=passphrase())
    server = uvicorn.Server(uvicorn.Config(app, **SERVER_OPTIONS))
    try:
        server.run(sockets=[listening])
    except KeyboardInterrupt:
        return
    if not server.started:
        raise DualtrackError("the server did not start", where=address, fix="see the lines above", code="internal")
