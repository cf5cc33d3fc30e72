"""The tables of one compartment. Every row is keyed by `ledger`, the origin of the log it belongs to.

`main` and `restricted` have table sets of their own (prefix), on SQLite even a file of their own, so that nothing in
the one is written, counted or timed by an event in the other. Tiles hold the right edge as well: a leaf whose byte was
changed is found at its place at once, and the edge is resumed from at most one row a level.
"""

from __future__ import annotations

from functools import cache
from typing import Literal, NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, MetaData, Table, Text

__all__ = ["COMPARTMENTS", "CompartmentName", "Tables", "log_tables", "tables"]

CompartmentName = Literal["main", "restricted"]

COMPARTMENTS: tuple[CompartmentName, ...] = ("main", "restricted")
"""`restricted` holds suspicion and reports; nothing of it may show in `main`."""


class Tables(NamedTuple):
    """The tables of a compartment: the log, then the projections of it, then what the runtime writes beside entries."""

    metadata: MetaData
    entry: Table
    vault: Table
    tile: Table
    checkpoint: Table
    cosignature: Table
    cursor: Table
    institution: Table
    key: Table
    use: Table
    release: Table
    evidence: Table
    assessment: Table
    permit: Table
    pack: Table
    hold: Table
    observe: Table
    opt_out: Table
    review: Table
    signal: Table
    incident: Table
    decision: Table
    content: Table
    subject_key: Table
    quota: Table

    @property
    def projections(self) -> tuple[Table, ...]:
        """Return the projection tables without their cursor."""
        return self[7:21]


def log_tables(found: Tables) -> tuple[Table, ...]:
    """Return the tables that are the store itself; everything else can be rebuilt from them.

    `decision` is an index of entries that is written with them, since it grows as fast as they do; it is kept as well.
    """
    log = (found.entry, found.vault, found.tile, found.checkpoint, found.cosignature)
    return (*log, found.decision, found.content, found.subject_key, found.quota)


@cache
def tables(compartment: CompartmentName) -> Tables:
    """Return the table set of a compartment."""
    metadata = MetaData()

    def table(name: str, *columns: Column[object] | Index) -> Table:
        ledger = Column("ledger", Text, primary_key=True)
        # Rows with large values, and those whose keys fall anywhere, are kept in the order in which they come.
        by_row = name in {"entry", "vault", "content"}
        return Table(f"{compartment}_{name}", metadata, ledger, *columns, sqlite_with_rowid=by_row)

    return Tables(
        metadata,
        *(table(name, *columns) for name, columns in _log_columns(compartment).items()),
        *(table(name, *columns) for name, columns in _projection_columns().items()),
        *(table(name, *columns) for name, columns in _oversight_columns(compartment).items()),
        *(table(name, *columns) for name, columns in _runtime_columns(compartment).items()),
    )


def _key(name: str, kind: type[Text | BigInteger | Integer] = Text) -> Column[object]:
    return Column(name, kind(), primary_key=True, autoincrement=False)


def _text(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, Text(), nullable=null)


def _number(name: str, *, null: bool = False) -> Column[object]:
    return Column(name, BigInteger(), nullable=null)


def _flag(name: str) -> Column[object]:
    return Column(name, Boolean(), nullable=False)


def _bytes(name: str) -> Column[object]:
    return Column(name, LargeBinary(), nullable=False)


def _log_columns(compartment: str) -> dict[str, list[Column[object] | Index]]:
    by_subject = Index(f"{compartment}_entry_subject", "ledger", "subject_id", "idx")
    by_kind = Index(f"{compartment}_entry_kind", "ledger", "kind", "idx")
    return {
        "entry": [
            _key("idx", BigInteger),
            _bytes("leaf"),
            _text("kind"),
            _text("subject_id"),
            _text("recorded_at"),
            by_subject,
            by_kind,
        ],
        "vault": [_key("idx", BigInteger), _bytes("sealed"), _text("retention"), _text("key_id"), _flag("erased")],
        "tile": [_key("level", Integer), _key("idx", BigInteger), _bytes("data")],
        "checkpoint": [_key("size", BigInteger), _bytes("note")],
        "cosignature": [_key("size", BigInteger), _key("witness"), _key("time_s", BigInteger), _text("line")],
    }


def _projection_columns() -> dict[str, list[Column[object] | Index]]:
    idx = _number
    return {
        "cursor": [_number("size")],
        "institution": [
            _key("id"),
            idx("idx"),
            _text("type"),
            _text("name_en"),
            _text("name_zh"),
            _text("root_key"),
            _flag("demo"),
        ],
        "key": [
            _key("keyid"),
            idx("idx"),
            _text("holder"),
            _text("name_en"),
            _text("name_zh"),
            _text("roles"),
            _flag("person"),
            _flag("demo"),
            _number("revoked_idx", null=True),
        ],
        "use": [
            _key("id"),
            idx("idx"),
            _text("title_en"),
            _text("title_zh"),
            _text("area"),
            _text("sector"),
            _text("executive"),
            _flag("demo"),
        ],
        "release": [_key("digest"), idx("idx"), _text("use_id"), _text("durability")],
        "evidence": [
            _key("idx", BigInteger),
            _text("about"),
            _text("subject_digest"),
            _text("kind"),
            _text("topic"),
            _text("taken_at"),
            _text("claim", null=True),
            _flag("demo"),
        ],
        "assessment": [
            _key("idx", BigInteger),
            _text("use_id", null=True),
            _text("release", null=True),
            _text("at"),
            _text("verdict"),
            _text("mode", null=True),
            _text("tier"),
            _text("digest"),
        ],
        "permit": [
            _key("idx", BigInteger),
            _text("use_id"),
            _text("release"),
            _text("mode"),
            _text("valid_from"),
            _text("expires", null=True),
            _text("assessment"),
        ],
        "pack": [_key("id"), idx("idx"), _text("version"), _text("digest"), _text("action")],
    }


def _oversight_columns(compartment: str) -> dict[str, list[Column[object] | Index]]:
    idx = _number
    return {
        "hold": [
            _key("id"),
            idx("idx"),
            _text("scope"),
            _text("target"),
            _text("reason"),
            _text("set_by"),
            _text("set_at"),
            _text("released_by", null=True),
            _text("released_at", null=True),
        ],
        "observe": [_key("use_id"), idx("idx"), _text("until"), _text("signed_by"), _text("ended_at", null=True)],
        "opt_out": [_key("use_id"), _key("subject"), idx("idx"), _text("at"), _flag("active")],
        "review": [
            _key("id"),
            idx("idx"),
            _text("decision_id"),
            _text("use_id"),
            _text("why"),
            _text("state"),
            _text("opened_at"),
            _text("due_at"),
            _text("holder", null=True),
            _text("changed_at"),
            _flag("four_eyes"),
            _number("last_idx"),
            Index(f"{compartment}_review_decision", "ledger", "decision_id"),
            Index(f"{compartment}_review_queue", "ledger", "state", "due_at", "id"),
        ],
        "signal": [
            _key("idx", BigInteger),
            _text("use_id"),
            _text("kind"),
            _text("at"),
            _number("value"),
            Index(f"{compartment}_signal_window", "ledger", "kind", "at"),
        ],
        "incident": [
            _key("id"),
            idx("idx"),
            _text("use_id", null=True),
            _text("kind"),
            _text("severity"),
            _text("state"),
            _text("opened_at"),
            _text("changed_at"),
        ],
    }


def _runtime_columns(compartment: str) -> dict[str, list[Column[object] | Index]]:
    return {
        "decision": [
            _key("id"),
            _number("idx"),
            _text("use_id"),
            _text("release"),
            _text("permit", null=True),
            _text("mode"),
            _text("outcome"),
            _text("at"),
            _number("done_us"),
            _text("receipt", null=True),
            _text("subject", null=True),
            _text("review", null=True),
            _text("input"),
            _text("output", null=True),
            _text("run"),
            _number("seq"),
            Index(f"{compartment}_decision_use", "ledger", "use_id", "id"),
            Index(f"{compartment}_decision_receipt", "ledger", "receipt"),
            Index(f"{compartment}_decision_subject", "ledger", "subject"),
            Index(f"{compartment}_decision_run", "ledger", "run", "seq"),
        ],
        "content": [
            _key("digest"),
            _text("subject"),
            _text("key_id"),
            _text("retention"),
            _text("at"),
            _bytes("sealed"),
            _flag("erased"),
            Index(f"{compartment}_content_subject", "ledger", "subject"),
        ],
        "subject_key": [
            _key("key_id"),
            _text("subject"),
            _bytes("wrapped"),
            _text("at"),
            _text("erased_at", null=True),
            Index(f"{compartment}_subject_key_subject", "ledger", "subject"),
        ],
        "quota": [_key("permit"), _number("reserved")],
    }
