"""Questions to files on this machine, outside any workspace: nothing is recorded, and no permit is asked for."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from dualtrack.apps.research.asking import Reply, ask
from dualtrack.apps.research.documents.issuers import Issuer, IssuerNames
from dualtrack.apps.research.documents.loading import load_document
from dualtrack.apps.research.documents.model import About
from dualtrack.apps.research.documents.store import DocumentStore
from dualtrack.apps.research.ordering import local_meaning
from dualtrack.apps.research.quoting import within_licence
from dualtrack.apps.research.tables.ask import propose
from dualtrack.apps.research.tables.gate import is_sql
from dualtrack.apps.research.tables.records import Source
from dualtrack.apps.research.tables.run import ask_sql
from dualtrack.apps.research.tables.sources import open_tables
from dualtrack.errors import FieldError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import date

    from dualtrack.apps.research.tables.records import Result

__all__ = ["ask_files", "ask_tables"]


def ask_files(
    question: str,
    files: Sequence[Path],
    *,
    licence: str,
    issuer: str,
    period: str,
    on: date,
    ocr: bool = False,
    meaning: bool = False,
    unread: Callable[[str, tuple[int, ...]], None] = lambda *_: None,
) -> Reply:
    """Answer a question from documents of one issuer; raises what `load_document` raises.

    With `ocr`, pages that are pictures are read too; `unread` is told of each document the pages that were not. With `meaning`, a small
    model puts pages in order, too.
    """
    order = local_meaning() if meaning else None
    with tempfile.TemporaryDirectory() as folder, DocumentStore(Path(folder) / "documents.db") as store:
        for path in files:
            about = About(name=path.name, licence=licence, issuer=issuer, period=period, form="annual", ocr=ocr)
            document, facts = load_document(path, about)
            if document.unread:
                unread(path.name, document.unread)
            store.add(document, facts)
        names = IssuerNames([Issuer(code=issuer, name=issuer)] if issuer else [])
        return within_licence(ask(question, store, names, on=on, meaning=order), {})


def ask_tables(question: str, files: Sequence[Path], *, licence: str, personal: Sequence[str], day: str) -> Result:
    """Answer a question in words, or one SELECT, from tables; raises FieldError where it cannot be asked or does not pass the gate."""
    sources = [Source(path=str(path), licence=licence, personal=tuple(personal)) for path in files]
    with open_tables(sources) as desk:
        sql = question
        if not is_sql(question):
            proposed = propose(question, desk.tables)
            if proposed.sql is None:
                said = proposed.cannot
                near = ", ".join(proposed.near)
                raise FieldError(
                    said.en if said else "it cannot be asked",
                    where="question",
                    expected=near,
                    fix="name columns of the tables",
                )
            sql = proposed.sql
        return ask_sql(sql, desk, day=day)
