"""The ledger: head, entries, proofs, and the C2SP tiles that monitors read (tlog-tiles, under this router's prefix)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from dualtrack.errors import ForbiddenError, NotFoundError
from dualtrack.ledger.checkpoint import Checkpoint
from dualtrack.ledger.merkle import leaf_hash
from dualtrack.ledger.note import parse_note
from dualtrack.ledger.tile_format import TILE_WIDTH, encode_bundle, parse_path
from dualtrack.runtime.proofs import prove_entry
from dualtrack.store.cosignatures import cosigned_note
from dualtrack.store.repository import ErasedEntry
from dualtrack.web.api.access import Desk, desk
from dualtrack.web.api.idempotency import ApiRoute
from dualtrack.web.api.models import API_PREFIX, ERRORS, Proof
from dualtrack.web.assets import IMMUTABLE
from dualtrack.web.identity.permissions import Verb

__all__ = [
    "INDEX_MAX",
    "ConsistencyOut",
    "EntryOut",
    "HeadOut",
    "InclusionOut",
    "Index",
    "Size",
    "checkpoint",
    "consistency",
    "entry",
    "head",
    "inclusion",
    "proof",
    "router",
    "tile",
]

router = APIRouter(prefix=API_PREFIX, tags=["ledger"], route_class=ApiRoute, responses=ERRORS)

INDEX_MAX = (1 << 63) - 1
"""Largest index: what a signed 64-bit column holds."""

Size = Annotated[int, Query(ge=1, le=INDEX_MAX)]
Index = Annotated[int, Path(ge=0, le=INDEX_MAX)]


class HeadOut(BaseModel):
    """The newest head; `note` is the signed note with the cosignatures of witnesses."""

    ledger: str
    size: int
    root: str
    note: str


class EntryOut(BaseModel):
    """An entry: what kind of thing about whom, its exact leaf, and its content unless that was erased."""

    index: int
    kind: str
    subject: str
    recorded_at: str
    leaf: str
    leaf_hash: str
    erased: bool
    salt: str | None
    content: str | None


class InclusionOut(BaseModel):
    """The audit path of an entry in the log of the first `size` entries, and that log's root."""

    index: int
    size: int
    path: list[str]
    root: str


class ConsistencyOut(BaseModel):
    """The proof that the log of `new` entries extends that of `old`."""

    old: int
    new: int
    path: list[str]
    old_root: str
    new_root: str


@router.get("/ledger")
def head(at: Annotated[Desk, desk(Verb.VERIFY_LEDGER)]) -> HeadOut:
    """Return the newest head."""
    repository = at.register.repository
    note = cosigned_note(repository)
    found = Checkpoint.parse(parse_note(note).text)
    return HeadOut(ledger=repository.ledger, size=found.size, root=found.root.hex(), note=note.decode())


@router.get("/ledger/checkpoint", response_class=Response, responses={200: {"content": {"text/plain": {}}}})
def checkpoint(at: Annotated[Desk, desk(Verb.VERIFY_LEDGER)]) -> Response:
    """Return the newest head as a signed note (C2SP tlog-checkpoint)."""
    note = cosigned_note(at.register.repository)
    return Response(note, media_type="text/plain; charset=utf-8", headers={"cache-control": "no-store"})


@router.get(
    "/ledger/tile/{path:path}", response_class=Response, responses={200: {"content": {"application/octet-stream": {}}}}
)
def tile(
    at: Annotated[Desk, desk(Verb.VERIFY_LEDGER)], path: Annotated[str, Path(min_length=1, max_length=64)]
) -> Response:
    """Return a tile, or an entry bundle under `entries/` (C2SP tlog-tiles)."""
    name = parse_path(f"tile/{path}")
    repository = at.register.repository
    if name.level is not None:
        data = repository.tile(name.level, name.index, name.width)
    else:
        _whole_firm(at)
        start = name.index * TILE_WIDTH
        if start + name.width > repository.size():
            raise NotFoundError("the ledger is not that long", where=repository.ledger)
        data = encode_bundle(repository.leaves(start, start + name.width))
    headers = {"cache-control": IMMUTABLE.replace("public", "private")}  # a tile of a width never changes
    return Response(data, media_type="application/octet-stream", headers=headers)


@router.get("/ledger/entries/{index}")
def entry(at: Annotated[Desk, desk(Verb.VERIFY_LEDGER)], index: Index) -> EntryOut:
    """Return an entry. What a customer wrote is in no entry; contents lie in the vault behind digests."""
    repository = at.register.repository
    found = repository.entries(start=index, end=index + 1) if index < repository.size() else []
    if not found:
        raise NotFoundError("no such entry", where=repository.ledger, expected=f"0 to {repository.size() - 1}")
    item = found[0]
    if not at.reaches(item.parsed.id):
        raise ForbiddenError("this key is for other uses", where=Verb.VERIFY_LEDGER, code="forbidden.use")
    gone = isinstance(item, ErasedEntry)
    return EntryOut(
        index=item.index,
        kind=item.parsed.kind,
        subject=item.parsed.id,
        recorded_at=item.parsed.recorded_at,
        leaf=item.leaf.decode(),
        leaf_hash=leaf_hash(item.leaf).hex(),
        erased=gone,
        salt=None if isinstance(item, ErasedEntry) else item.salt.hex(),
        content=None if isinstance(item, ErasedEntry) else item.content.decode(),
    )


@router.get("/ledger/entries/{index}/proof")
def proof(at: Annotated[Desk, desk(Verb.VERIFY_LEDGER)], index: Index) -> Proof:
    """Return an entry with its proof against the newest head, as an auditor takes it away."""
    repository = at.register.repository
    if index >= repository.size():
        raise NotFoundError("no such entry", where=repository.ledger, expected=f"0 to {repository.size() - 1}")
    found = repository.entry(index)
    if not at.reaches(found.parsed.id):
        raise ForbiddenError("this key is for other uses", where=Verb.VERIFY_LEDGER, code="forbidden.use")
    made = prove_entry(repository, found)
    return Proof(**{name: getattr(made, name) for name in Proof.model_fields})


@router.get("/ledger/inclusion")
def inclusion(
    at: Annotated[Desk, desk(Verb.VERIFY_LEDGER)], index: Annotated[int, Query(ge=0, le=INDEX_MAX)], size: Size
) -> InclusionOut:
    """Return an audit path within the log of a size."""
    repository = at.register.repository
    _check_size(at, size)
    path = [step.hex() for step in repository.inclusion_proof(index, size)]
    return InclusionOut(index=index, size=size, path=path, root=repository.root(size).hex())


@router.get("/ledger/consistency")
def consistency(at: Annotated[Desk, desk(Verb.VERIFY_LEDGER)], old: Size, new: Size) -> ConsistencyOut:
    """Return the proof that nothing before `old` was changed."""
    repository = at.register.repository
    _check_size(at, new)
    path = [step.hex() for step in repository.consistency_proof(old, new)]
    return ConsistencyOut(
        old=old, new=new, path=path, old_root=repository.root(old).hex(), new_root=repository.root(new).hex()
    )


def _check_size(at: Desk, size: int) -> None:
    if size > at.register.repository.size():
        raise NotFoundError(
            "the ledger is not that long", where=at.register.repository.ledger, fix="read the head first"
        )


def _whole_firm(at: Desk) -> None:
    if at.identity.uses is not None:
        raise ForbiddenError("this key is for some uses only", where=Verb.VERIFY_LEDGER, code="forbidden.use")
