"""Tables by which the processes of a workspace agree: requests done once, tokens of the day, verifications under way.

Nothing of them is an entry, and nothing of them outlives its day, save the result of the last verification. They lie in
the database of the compartment `main` only. Times are whole Unix seconds (`_s`).
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BigInteger, Column, Index, LargeBinary, MetaData, Table, Text

__all__ = ["SHARED", "SharedTables"]


class SharedTables(NamedTuple):
    """The shared tables of a workspace."""

    metadata: MetaData
    once: Table
    budget: Table
    verification: Table


def _number(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger(), nullable=null)


def _bytes(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary(), nullable=null)


def _key(name: str, kind: type[Text | LargeBinary] = Text) -> Column[object]:
    return Column(name, kind(), primary_key=True)


def _once(metadata: MetaData) -> Table:
    """`holder` is the process that claimed it; without an answer the claim stands until `alive_s`, which it moves on."""
    return Table(
        "shared_once",
        metadata,
        _key("key_hash", LargeBinary),
        _bytes("body_hash"),
        _bytes("holder"),
        Column("subject", Text(), nullable=True),
        _number("alive_s"),
        _number("expires_s"),
        _bytes("answer", null=True),
        Index("shared_once_expires", "expires_s"),
        Index("shared_once_subject", "subject"),
        sqlite_with_rowid=False,
    )


def _budget(metadata: MetaData) -> Table:
    return Table(
        "shared_budget",
        metadata,
        _key("use_id"),
        _key("upstream"),
        _key("day"),
        _number("reserved"),
        sqlite_with_rowid=False,
    )


def _verification(metadata: MetaData) -> Table:
    """One row an institution: the newest verification, without `ended_s` until it has a report, and the newest report.

    The report stands with its time (`reported_s`) until the next one is there, whatever becomes of the verifications between.
    """
    return Table(
        "shared_verification",
        metadata,
        _key("institution"),
        _bytes("holder"),
        _number("begun_s"),
        _number("alive_s"),
        _number("read"),
        _number("size"),
        _number("ended_s", null=True),
        _bytes("report", null=True),
        _number("reported_s", null=True),
        sqlite_with_rowid=False,
    )


def _tables() -> SharedTables:
    metadata = MetaData()
    return SharedTables(metadata, *(make(metadata) for make in (_once, _budget, _verification)))


SHARED = _tables()
"""The tables; there is one set, whatever the institutions of the workspace."""
