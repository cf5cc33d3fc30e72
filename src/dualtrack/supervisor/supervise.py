"""One sitting of a supervisor: recompute what came in, keep it, hold heads to one another, co-sign, and draw the market."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from dualtrack.domain.time import parse_instant
from dualtrack.errors import FieldError, WitnessError
from dualtrack.keys.files import make_folder, replace_private
from dualtrack.ledger.witness_request import parse_request
from dualtrack.store.config import ledger_origin
from dualtrack.supervisor.anchors import read_anchors
from dualtrack.supervisor.desk import (
    check_supervisor,
    keep_document,
    open_witness,
    received_from,
    record_received,
)
from dualtrack.supervisor.heads import HeadLine, contradicting_index, cosign_heads, read_heads, unsigned_heads
from dualtrack.supervisor.issue import check_returned, record_return
from dualtrack.supervisor.market import Market, market_view
from dualtrack.supervisor.plain import plain_text
from dualtrack.supervisor.recompute import Recomputed, recompute

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from dualtrack.keys.vkey import VerifierKey
    from dualtrack.ledger.witness import Witness
    from dualtrack.store.register import Register
    from dualtrack.supervisor.anchors import Anchors
    from dualtrack.supervisor.returns import CheckedReturn

__all__ = ["BUNDLES_MAX", "Sitting", "supervise"]

BUNDLES_MAX = 10_000
"""Bundles in one sitting: all uses of a large market; more are taken in several sittings."""

_ORIGIN_SHOWN_MAX = 100
"""Characters shown of the log that a refused request names: our own names are shorter."""


class Sitting(NamedTuple):
    """What came of a sitting: each bundle, the market view with the heads, requests that no head came of, and returns.

    `witness_key` is the key under which the heads were co-signed: a firm lists it once.
    """

    items: list[Recomputed]
    market: Market
    unreadable_requests: list[str]
    witness_key: str
    returns: list[CheckedReturn]


def supervise(
    register: Register,
    bundles: Sequence[tuple[str, bytes]],
    *,
    anchors: bytes | None,
    requests: Sequence[tuple[str, bytes]] = (),
    returns: Sequence[bytes] = (),
    passphrase: str | None = None,
    step: Callable[[str], None] = lambda _: None,
) -> Sitting:
    """Do a sitting over (name, bytes) of bundles and of witness requests; `anchors` as bytes, None for no trust.

    Everything is kept and recorded, cosignature lines are written to `cosignatures/<institution>.txt`. Raises FieldError
    where the workspace is not a supervisor's, InputError for broken anchors, and what `check_returned` raises, all before
    anything is kept; what a bundle holds is never an error.
    """
    if len(bundles) > BUNDLES_MAX:
        raise FieldError(f"{len(bundles)} bundles", where="supervise", expected=f"at most {BUNDLES_MAX}")
    check_supervisor(register)
    workspace, now = register.store.workspace, register.now()
    folder = open_witness(register, passphrase=passphrase)
    trusted = read_anchors(anchors, own=folder.key) if anchors is not None else None
    items = []
    for name, data in bundles:
        step(name)
        items.append(recompute(name, data, trusted, demo_allowed=workspace.demo))
    checked = [check_returned(register, data, items) for data in returns]
    for item, (_, data) in zip(items, bundles, strict=True):
        keep_document(workspace, item.institution, data, ".zip")
    keys = list(trusted.logs.values()) if trusted else []
    bodies, unreadable = _readable(requests, keys)
    witness = folder.witness(keys)
    heads = _heads(items, bodies, trusted, witness, int(parse_instant(now).timestamp()))
    _write_lines(register, heads)
    record_received(register, [received_from(item) for item in items])
    for data, found in zip(returns, checked, strict=True):
        record_return(register, data, found)
    market = market_view(register.institution, now, items, heads, demo=workspace.demo)
    return Sitting(items, market, unreadable, folder.key.format(), checked)


def _readable(requests: Sequence[tuple[str, bytes]], keys: Sequence[VerifierKey]) -> tuple[list[bytes], list[str]]:
    """Return the bodies whose head an anchored log key signed, each of which gets a line, and why the others get none."""
    bodies, unreadable = [], []
    for name, body in requests:
        try:
            note = parse_request(body).checkpoint
        except WitnessError as error:
            unreadable.append(f"{name}: {error.found}")
            continue
        if any(read_heads(key, [(name, note)]) for key in keys):
            bodies.append(body)
        else:
            origin = plain_text(note.partition(b"\n")[0].decode("utf-8", errors="replace"), most=_ORIGIN_SHOWN_MAX)
            unreadable.append(f"{name}: no anchored log key signed its head, which names {origin!r}")
    return bodies, unreadable


def _heads(
    items: Sequence[Recomputed], bodies: Sequence[bytes], anchors: Anchors | None, witness: Witness, time_s: int
) -> list[HeadLine]:
    """Return one line for each institution that anything was received of, or whose head was asked to be co-signed."""
    named = {item.institution for item in items if item.institution}
    lines = []
    for institution in sorted(named | set(anchors.logs if anchors else ())):
        mine = [item for item in items if item.institution == institution]
        key = anchors.logs.get(institution) if anchors else None
        if key is None:
            lines.append(unsigned_heads(institution, ledger_origin(institution), "no-anchor"))
            continue
        if any(item.reason == "demo" for item in mine):
            lines.append(unsigned_heads(institution, key.name, "demo"))
            continue
        shown = read_heads(key, [(item.source, item.checkpoint) for item in mine if item.checkpoint])
        accounts = [item.account for item in mine if item.account]
        contradiction = contradicting_index(accounts)
        line = cosign_heads(institution, key, shown, bodies, witness, time_s, contradiction=contradiction)
        lines += [line] if line else []
    return lines


def _write_lines(register: Register, heads: Sequence[HeadLine]) -> None:
    signed = [head for head in heads if head.line]
    folder = register.store.workspace.path("cosignatures")
    if signed and not folder.is_dir():
        make_folder(folder)
    for head in signed:
        replace_private(folder / f"{head.institution}.txt", (head.line or "").encode())
