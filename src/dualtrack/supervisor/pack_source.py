"""The pack of a notice, from a file that a supervisor wrote or compiled, or the fictional sample that is shipped."""

from __future__ import annotations

import json
from importlib import resources
from typing import TYPE_CHECKING

from dualtrack.domain import canonical
from dualtrack.domain.documents import read_yaml
from dualtrack.domain.time import parse_date
from dualtrack.errors import DocumentError, FieldError
from dualtrack.rules.catalogue import shipped_topics
from dualtrack.rules.pack import load_pack
from dualtrack.rules.source import compile_pack

if TYPE_CHECKING:
    from collections.abc import Mapping

    from dualtrack.rules.records import Topic

__all__ = ["notice_pack", "sample_source"]


def sample_source() -> bytes:
    """Return the YAML of the fictional sample."""
    return (resources.files("dualtrack.supervisor") / "data" / "notice-demo.yaml").read_bytes()


def notice_pack(
    data: bytes, *, effective_from: str | None = None, topics: Mapping[str, Topic] | None = None, where: str = "pack"
) -> bytes:
    """Return compiled bytes of a pack given as YAML source or compiled JSON.

    With `effective_from` a source takes effect on that date instead of its own; compiled bytes are never changed. `topics`
    is the catalogue to compile with, the shipped one by default. Raises the errors of the pack loader.
    """
    if _is_compiled(data):
        if effective_from is not None and load_pack(data).data.effective_from != effective_from:
            raise FieldError("a compiled pack keeps its date", where=where, fix="give the source, or compile it anew")
        load_pack(data)
        return data
    plain = read_yaml(data, where=where)
    if effective_from is not None and isinstance(plain, dict):
        parse_date(effective_from, where="effective_from")
        plain = {**plain, "effective_from": effective_from}
    return compile_pack(json.dumps(plain, ensure_ascii=False).encode(), topics or shipped_topics())


def _is_compiled(data: bytes) -> bool:
    try:
        plain = canonical.decode(data)
    except DocumentError:
        return False
    return isinstance(plain, dict) and plain.get("format") == "dualtrack.pack/1"
