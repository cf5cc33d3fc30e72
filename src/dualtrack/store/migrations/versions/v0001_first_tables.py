"""First tables: the log, its vault, tiles, heads and cosignatures, and the projections.

The statements are written out, not taken from `tables.py`: a revision says what was, also when the tables move on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.types import TypeEngine

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "v0001"
down_revision = None
branch_labels = None
depends_on = None

_Key = Mapping[str, TypeEngine[Any]]

_TEXT, _BIG, _BYTES, _FLAG = sa.Text(), sa.BigInteger(), sa.LargeBinary(), sa.Boolean()


def _table(name: str, key: _Key, *columns: sa.Column[Any]) -> None:
    prefix = context.config.attributes["compartment"]
    keys = [sa.Column(column, kind, primary_key=True, autoincrement=False) for column, kind in key.items()]
    op.create_table(f"{prefix}_{name}", *keys, *columns, sqlite_with_rowid=name in {"entry", "vault"})


def _column(name: str, kind: TypeEngine[Any] = _TEXT, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null)


def _idx() -> sa.Column[Any]:
    return _column("idx", _BIG)


def upgrade() -> None:
    """Create everything."""
    prefix = context.config.attributes["compartment"]
    _log_tables()
    op.create_index(f"{prefix}_entry_subject", f"{prefix}_entry", ["ledger", "subject_id", "idx"])
    op.create_index(f"{prefix}_entry_kind", f"{prefix}_entry", ["ledger", "kind", "idx"])
    _current_tables()
    _history_tables()


def _log_tables() -> None:
    ledger_idx: _Key = {"ledger": _TEXT, "idx": _BIG}
    _table(
        "entry",
        ledger_idx,
        _column("leaf", _BYTES),
        _column("kind"),
        _column("subject_id"),
        _column("recorded_at"),
    )
    _table(
        "vault",
        ledger_idx,
        _column("sealed", _BYTES),
        _column("retention"),
        _column("key_id"),
        _column("erased", _FLAG),
    )
    _table("tile", {"ledger": _TEXT, "level": sa.Integer(), "idx": _BIG}, _column("data", _BYTES))
    _table("checkpoint", {"ledger": _TEXT, "size": _BIG}, _column("note", _BYTES))
    _table("cosignature", {"ledger": _TEXT, "size": _BIG, "witness": _TEXT, "time_s": _BIG}, _column("line"))
    _table("cursor", {"ledger": _TEXT}, _column("size", _BIG))


def _current_tables() -> None:
    _table(
        "institution",
        {"ledger": _TEXT, "id": _TEXT},
        _idx(),
        _column("type"),
        _column("name_en"),
        _column("name_zh"),
        _column("root_key"),
        _column("demo", _FLAG),
    )
    _table(
        "key",
        {"ledger": _TEXT, "keyid": _TEXT},
        _idx(),
        _column("holder"),
        _column("name_en"),
        _column("name_zh"),
        _column("roles"),
        _column("person", _FLAG),
        _column("demo", _FLAG),
        _column("revoked_idx", _BIG, null=True),
    )
    _table(
        "use",
        {"ledger": _TEXT, "id": _TEXT},
        _idx(),
        _column("title_en"),
        _column("title_zh"),
        _column("area"),
        _column("sector"),
        _column("executive"),
        _column("demo", _FLAG),
    )
    _table("release", {"ledger": _TEXT, "digest": _TEXT}, _idx(), _column("use_id"), _column("durability"))
    _table(
        "pack",
        {"ledger": _TEXT, "id": _TEXT},
        _idx(),
        _column("version"),
        _column("digest"),
        _column("action"),
    )


def _history_tables() -> None:
    ledger_idx: _Key = {"ledger": _TEXT, "idx": _BIG}
    _table(
        "evidence",
        ledger_idx,
        _column("about"),
        _column("subject_digest"),
        _column("kind"),
        _column("topic"),
        _column("taken_at"),
        _column("claim", null=True),
        _column("demo", _FLAG),
    )
    _table(
        "assessment",
        ledger_idx,
        _column("use_id", null=True),
        _column("release", null=True),
        _column("at"),
        _column("verdict"),
        _column("mode", null=True),
        _column("tier"),
        _column("digest"),
    )
    _table(
        "permit",
        ledger_idx,
        _column("use_id"),
        _column("release"),
        _column("mode"),
        _column("valid_from"),
        _column("expires", null=True),
        _column("assessment"),
    )
