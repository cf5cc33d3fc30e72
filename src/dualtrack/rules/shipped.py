"""The packs that come with Dualtrack, compiled beforehand and pinned by digest, so that nothing is parsed at start.

`packs/<id>.yaml` is what people read and edit, `packs/<id>.json` what is loaded, `packs/pins.json` the digests. The script
`scripts/pin_packs.py` makes the last two; a test holds all three together.
"""

from __future__ import annotations

import json
from functools import cache
from importlib import resources
from types import MappingProxyType
from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.errors import NotFoundError, PackError
from dualtrack.rules.pack import load_pack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.rules.pack import Pack

__all__ = ["shipped", "shipped_ids", "shipped_packs"]


@cache
def _pins() -> Mapping[str, str]:
    pins = json.loads(_read("pins.json"))
    return MappingProxyType(dict(sorted(pins.items())))


def shipped_ids() -> tuple[str, ...]:
    """Return the ids of the shipped packs, sorted."""
    return tuple(_pins())


@cache
def shipped(pack_id: str) -> Pack:
    """Return one shipped pack; raises NotFoundError for another id, PackError where the file is not the pinned one."""
    if pack_id not in _pins():
        raise NotFoundError(f"no shipped pack {pack_id!r:.80}", fix=f"name one of {', '.join(_pins())}")
    compiled = _read(f"{pack_id}.json")
    found = canonical.digest(compiled)
    if found != _pins()[pack_id]:
        raise PackError(f"its digest is {found}", where=f"shipped pack {pack_id}", expected=_pins()[pack_id],
                        fix="install Dualtrack again: the file was changed", code="rule.pack.pin")  # fmt: skip
    return load_pack(compiled)


def shipped_packs() -> tuple[Pack, ...]:
    """Return all shipped packs, by id."""
    return tuple(shipped(pack_id) for pack_id in shipped_ids())


def _read(name: str) -> bytes:
    return resources.files("dualtrack.rules").joinpath("packs", name).read_bytes()
