"""Documents, their pages and facts, and an index of terms over all pages, in one SQLite file.

The index is BM25 by document: for each term and document, the pages that hold it. A question of one issuer so touches only the rows of
its documents, and taking a document out takes its rows out. It needs nothing but SQLite; a full-text engine ranked 50,000 pages in 97 ms
(FTS5) where this takes a few, since common words are only looked up on pages that rarer ones found.
"""

from __future__ import annotations

import sqlite3
import zlib
from array import array
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, Self

import msgspec

from dualtrack.apps.research.documents.facts import Fact
from dualtrack.apps.research.documents.model import About, Document, Page
from dualtrack.apps.research.documents.periods import read_periods
from dualtrack.apps.research.documents.wording import index_terms
from dualtrack.errors import ConflictError, NotFoundError, StoreError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from dualtrack.apps.research.documents.labels import StatementKind

__all__ = ["DocumentStore", "Kept", "Posting"]

_SCHEMA = """
CREATE TABLE IF NOT EXISTS documents (
  number INTEGER PRIMARY KEY, sha256 TEXT NOT NULL UNIQUE, name TEXT NOT NULL UNIQUE, issuer TEXT NOT NULL, year INTEGER,
  form TEXT NOT NULL, head BLOB NOT NULL, lengths BLOB NOT NULL, statements BLOB NOT NULL, original BLOB
);
CREATE TABLE IF NOT EXISTS pages (
  document INTEGER NOT NULL, number INTEGER NOT NULL, page BLOB NOT NULL, PRIMARY KEY (document, number)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS facts (
  document INTEGER NOT NULL, page INTEGER NOT NULL, concept TEXT, year INTEGER NOT NULL, fact BLOB NOT NULL
);
CREATE INDEX IF NOT EXISTS facts_of_concept ON facts (concept, document, page);
CREATE INDEX IF NOT EXISTS facts_of_document ON facts (document);
CREATE TABLE IF NOT EXISTS postings (
  term TEXT NOT NULL, document INTEGER NOT NULL, pages BLOB NOT NULL, PRIMARY KEY (term, document)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS postings_of_document ON postings (document);
PRAGMA user_version = 1;
"""

_TIMES_MAX = 255
"""Times a term counts on a page: BM25 is flat long before."""

_LENGTH_MAX = 65_535
"""Terms of a page that its length counts."""


class Kept(NamedTuple):
    """A document as the index has it: its number here, what was said of it, terms a page, which statement each page holds."""

    number: int
    sha256: str
    about: About
    year: int | None
    lengths: array[int]
    statements: dict[int, tuple[StatementKind, ...]]


class Posting(NamedTuple):
    """Pages of one document that hold a term, ascending, and how often each does."""

    document: int
    pages: array[int]
    times: bytes


class _Head(msgspec.Struct, frozen=True):
    about: About
    kind: str
    language: str
    unread: tuple[int, ...]
    pages: int


class DocumentStore:
    """One file. A reader sees whole documents only: each is added and removed in one transaction."""

    def __init__(self, path: Path | str) -> None:
        try:
            self._db = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
            self._db.execute("PRAGMA journal_mode = WAL")
            self._db.execute("PRAGMA synchronous = NORMAL")
            self._db.executescript(_SCHEMA)
        except sqlite3.Error as error:
            raise StoreError(f"the document store cannot be opened: {error}", where=str(path)) from error
        self._kept: dict[int, Kept] = {}
        self._version = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    def add(
        self, document: Document, facts: Iterable[Fact] = (), *, original: bytes = b"", replace: bool = False
    ) -> bool:
        """Take a document in; False where these very bytes are here, unless more of their pages were read this time.

        Another of its name is replaced only when asked (ConflictError).
        """
        same = self._db.execute("SELECT head FROM documents WHERE sha256 = ?", (document.sha256,)).fetchone()
        if same and not set(document.unread) < set(msgspec.msgpack.decode(same[0], type=_Head).unread):
            return False
        old = self._db.execute("SELECT sha256 FROM documents WHERE name = ?", (document.name,)).fetchone()
        if old and old[0] != document.sha256 and not replace:
            raise ConflictError(
                f"another document of this name is here, {old[0][:12]}",
                where=document.name,
                fix="replace it, or load it under another name",
            )
        with self._transaction():
            for sha256 in {each[0] for each in (old, same and (document.sha256,)) if each}:
                self._remove(sha256)
            self._insert(document, tuple(facts), original)
        return True

    def set_licence(self, sha256: str, licence: str) -> None:
        """Keep a document under another licence, with all that was read of it; raises NotFoundError."""
        with self._transaction():
            number = self._number(sha256)
            (head,) = self._db.execute("SELECT head FROM documents WHERE number = ?", (number,)).fetchone()
            read = msgspec.msgpack.decode(head, type=_Head)
            read = msgspec.structs.replace(read, about=msgspec.structs.replace(read.about, licence=licence))
            self._db.execute("UPDATE documents SET head = ? WHERE number = ?", (msgspec.msgpack.encode(read), number))

    def remove(self, sha256: str) -> None:
        """Take a document out with all that was made of it; raises NotFoundError."""
        with self._transaction():
            self._remove(sha256)

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        """All or nothing."""
        try:
            self._db.execute("BEGIN IMMEDIATE")
        except sqlite3.Error as error:
            raise StoreError(f"the document store cannot be written: {error}", where="document store") from error
        try:
            yield
        except BaseException:
            self._db.execute("ROLLBACK")
            raise
        self._db.execute("COMMIT")

    def _remove(self, sha256: str) -> None:
        number = self._number(sha256)
        for table in ("pages", "facts", "postings"):
            self._db.execute(f"DELETE FROM {table} WHERE document = ?", (number,))  # noqa: S608 - our own names of tables
        self._db.execute("DELETE FROM documents WHERE number = ?", (number,))

    def _number(self, sha256: str) -> int:
        row = self._db.execute("SELECT number FROM documents WHERE sha256 = ?", (sha256,)).fetchone()
        if row is None:
            raise NotFoundError(f"no document {sha256[:12]}", where="document store")
        return int(row[0])

    def _insert(self, document: Document, facts: Sequence[Fact], original: bytes) -> None:
        about = document.about
        statements: dict[int, list[StatementKind]] = {}
        for fact in facts:
            kinds = statements.setdefault(_page_of(fact), [])
            if fact.statement is not None and fact.statement not in kinds:
                kinds.append(fact.statement)
        counts = [Counter(index_terms(page.text)) for page in document.pages]
        lengths = array("H", (min(sum(each.values()), _LENGTH_MAX) for each in counts))
        head = _Head(about, document.kind, document.language, document.unread, len(document.pages))
        periods = read_periods(about.period)
        number = self._db.execute(
            "INSERT INTO documents (sha256, name, issuer, year, form, head, lengths, statements, original) VALUES (?,?,?,?,?,?,?,?,?)",
            (
                document.sha256, document.name, about.issuer, periods[0].year if periods else None, about.form,
                msgspec.msgpack.encode(head), lengths.tobytes(),
                msgspec.msgpack.encode({page: kinds for page, kinds in statements.items() if kinds}), original or None,
            ),
        ).lastrowid  # fmt: skip
        self._db.executemany(
            "INSERT INTO pages VALUES (?,?,?)",
            ((number, page.number, zlib.compress(msgspec.msgpack.encode(page), 1)) for page in document.pages),
        )
        self._db.executemany(
            "INSERT INTO facts VALUES (?,?,?,?,?)",
            ((number, _page_of(each), each.concept, each.period.year, msgspec.msgpack.encode(each)) for each in facts),
        )
        self._db.executemany(
            "INSERT INTO postings VALUES (?,?,?)", ((term, number, blob) for term, blob in _postings(counts))
        )

    def documents(self) -> tuple[Kept, ...]:
        """Return what is here, in the order of loading."""
        self._refresh()
        return tuple(self._kept.values())

    def _refresh(self) -> None:
        """Read heads again where the file has changed: by this connection or another."""
        version = self._db.execute("PRAGMA data_version").fetchone()[0] * 2**32 + self._db.total_changes
        if version == self._version:
            return
        rows = self._db.execute("SELECT number, sha256, year, head, lengths, statements FROM documents ORDER BY number")
        kept = {}
        for number, sha256, year, head, lengths, statements in rows:
            here = array("H")
            here.frombytes(lengths)
            kinds = msgspec.msgpack.decode(statements, type=dict[int, tuple[str, ...]])
            about = msgspec.msgpack.decode(head, type=_Head).about
            kept[number] = Kept(number, sha256, about, year, here, kinds)  # type: ignore[arg-type]  # written by us as kinds
        self._kept, self._version = kept, version

    def document(self, sha256: str) -> Document:
        """Return a whole document; raises NotFoundError."""
        number = self._number(sha256)
        (head,) = self._db.execute("SELECT head FROM documents WHERE number = ?", (number,)).fetchone()
        pages = self._db.execute("SELECT page FROM pages WHERE document = ? ORDER BY number", (number,))
        read = msgspec.msgpack.decode(head, type=_Head)
        plain = {name: getattr(read, name) for name in ("about", "kind", "language", "unread")}
        return Document(sha256=sha256, pages=tuple(_read_page(blob) for (blob,) in pages), **plain)

    def page(self, sha256: str, number: int) -> Page:
        """Return one page; raises NotFoundError."""
        row = self._db.execute(
            "SELECT page FROM pages WHERE document = ? AND number = ?", (self._number(sha256), number)
        ).fetchone()
        if row is None:
            raise NotFoundError(f"no page {number}", where=f"document {sha256[:12]}")
        return _read_page(row[0])

    def original(self, sha256: str) -> bytes:
        """Return the file as it was loaded; raises NotFoundError where it was not kept."""
        row = self._db.execute("SELECT original FROM documents WHERE number = ?", (self._number(sha256),)).fetchone()
        if row[0] is None:
            raise NotFoundError("the file itself was not kept", where=f"document {sha256[:12]}")
        return bytes(row[0])

    def facts(
        self, *, sha256: str | None = None, concept: str | None = None, year: int | None = None
    ) -> tuple[Fact, ...]:
        """Return the facts of a document, a concept or a year, or of all together."""
        asked: list[tuple[str, object]] = []
        if sha256 is not None:
            asked.append(("document = ?", self._number(sha256)))
        asked += [] if concept is None else [("concept = ?", concept)]
        asked += [] if year is None else [("year = ?", year)]
        where = f" WHERE {' AND '.join(each for each, _ in asked)}" if asked else ""
        rows = self._db.execute(f"SELECT fact FROM facts{where} ORDER BY rowid", [value for _, value in asked])  # noqa: S608 - values are bound
        return tuple(msgspec.msgpack.decode(blob, type=Fact) for (blob,) in rows)

    def pages_with(self, concepts: Sequence[str]) -> set[tuple[int, int]]:
        """Return the pages that hold a fact of one of these concepts."""
        marks = ",".join("?" * len(concepts))
        rows = self._db.execute(f"SELECT DISTINCT document, page FROM facts WHERE concept IN ({marks})", list(concepts))  # noqa: S608 - question marks only
        return set(rows)

    def postings(self, term: str, among: Sequence[int] | None = None) -> Iterator[Posting]:
        """Yield where a term stands, by document; `among` limits it to some."""
        if among is None:
            rows: Iterable[tuple[int, bytes]] = self._db.execute(
                "SELECT document, pages FROM postings WHERE term = ?", (term,)
            )
        else:
            marks = ",".join("?" * len(among))
            rows = self._db.execute(
                f"SELECT document, pages FROM postings WHERE term = ? AND document IN ({marks})",  # noqa: S608 - as above
                [term, *among],
            )
        for number, blob in rows:
            count = len(blob) // 3
            pages = array("H")
            pages.frombytes(blob[: count * 2])
            yield Posting(number, pages, blob[count * 2 :])


def _page_of(fact: Fact) -> int:
    return int(fact.address.rpartition("#p")[2].partition("/")[0])


def _read_page(blob: bytes) -> Page:
    return msgspec.msgpack.decode(zlib.decompress(blob), type=Page)


def _postings(counts: list[Counter[str]]) -> Iterator[tuple[str, bytes]]:
    """Yield each term with its pages (two bytes each) and times (one byte each)."""
    pages: dict[str, array[int]] = {}
    times: dict[str, bytearray] = {}
    for number, count in enumerate(counts, 1):
        for term, n in count.items():
            if term not in pages:
                pages[term], times[term] = array("H"), bytearray()
            pages[term].append(number)
            times[term].append(min(n, _TIMES_MAX))
    for term in sorted(pages):
        yield term, pages[term].tobytes() + bytes(times[term])
