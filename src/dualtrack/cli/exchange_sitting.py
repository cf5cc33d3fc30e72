"""One sitting of `dualtrack supervise`: the files it takes, its progress, how it ended and what is said of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click
from rich.progress import Progress

from dualtrack.cli.desk import console, passphrase
from dualtrack.cli.exchange_view import show_market, show_return
from dualtrack.cli.files import read_bytes
from dualtrack.errors import FieldError, PathError
from dualtrack.permit.archive import ARCHIVE_BYTES_MAX
from dualtrack.supervisor.plain import plain_text
from dualtrack.supervisor.supervise import BUNDLES_MAX, supervise

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from dualtrack.cli.desk import Desk
    from dualtrack.supervisor.supervise import Sitting

__all__ = ["bundle_files", "failed", "read_bundles", "show_sitting", "sit"]


def bundle_files(named: Sequence[Path]) -> list[Path]:
    """Return the bundle files that were named, or lie in a folder that was, in the order of their names."""
    found: list[Path] = []
    for path in named:
        if path.is_dir():
            found += sorted(item for item in path.rglob("*.zip") if item.is_file())
        elif path.is_file():
            found.append(path)
        else:
            raise PathError("not there", where=str(path), fix="name a bundle, or a folder of bundles")
        if len(found) > BUNDLES_MAX:
            raise FieldError(f"more than {BUNDLES_MAX} bundles", where=str(path), fix="take them in several sittings")
    if not found:
        raise FieldError("no bundle", where=", ".join(map(str, named)), fix="make some with `dualtrack prove --all`")
    return found


def read_bundles(files: Sequence[Path]) -> list[tuple[str, bytes]]:
    """Return the names and bytes of bundles."""
    return [(path.name, read_bytes(path, limit=ARCHIVE_BYTES_MAX)) for path in files]


def sit(
    desk: Desk,
    files: Sequence[Path],
    anchors: bytes | None,
    requests: Sequence[tuple[str, bytes]],
    returns: Sequence[bytes],
    *,
    quiet: bool = False,
) -> Sitting:
    """Do a sitting over bundle files, with a bar of progress unless `quiet`."""
    bundles = read_bundles(files)

    def run(step: Callable[[str], None]) -> Sitting:
        return supervise(
            desk.register,
            bundles,
            anchors=anchors,
            requests=requests,
            returns=returns,
            passphrase=passphrase(),
            step=step,
        )

    if quiet:
        return run(lambda _: None)
    with Progress(console=console(), transient=True) as progress:
        task = progress.add_task("recomputing", total=len(bundles))
        return run(lambda _: progress.advance(task))


def failed(done: Sitting) -> bool:
    """Tell whether anything of a sitting came to nothing, other than heads of institutions without anchor."""
    heads = any(head.line is None and head.reason != "no-anchor" for head in done.market.heads)
    points = any(point.finding != "equal" for item in done.returns for point in item.points)
    lacking = any(item.unanswered for item in done.returns)
    return bool(done.market.not_recomputed or done.unreadable_requests) or heads or points or lacking


def show_sitting(done: Sitting) -> None:
    """Print the market, what came to nothing, the returns, and what the firms do next."""
    out = console()
    show_market(out, done.market)
    for line in done.unreadable_requests:
        click.echo(f"request not used: {plain_text(line)}")
    for item in done.returns:
        show_return(out, item)
    if any(head.line for head in done.market.heads):
        click.echo("cosignature lines: cosignatures/<institution>.txt; the firm runs: dualtrack ledger cosign FILE")
        click.echo(f"after it listed this witness once: dualtrack ledger witness --add {done.witness_key}")
