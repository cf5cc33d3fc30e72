"""What processes share (requests done once, tokens of the day, verifications; in `main` only), and an index of signals.

The statements are written out, not taken from `shared_tables.py`: a revision says what was, also when the tables move on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import context, op

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "v0004"
down_revision = "v0003"
branch_labels = None
depends_on = None

_TEXT, _BIG, _BYTES = sa.Text(), sa.BigInteger(), sa.LargeBinary()


def _key(name: str, kind: TypeEngine[Any] = _TEXT) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True)


def _column(name: str, kind: TypeEngine[Any], *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null)


def upgrade() -> None:
    """Create everything, once a workspace."""
    compartment = context.config.attributes["compartment"]
    op.create_index(f"{compartment}_signal_window", f"{compartment}_signal", ["ledger", "kind", "at"])
    if compartment != "main":
        return
    op.create_table(
        "shared_once",
        _key("key_hash", _BYTES),
        _column("body_hash", _BYTES),
        _column("holder", _BYTES),
        _column("subject", _TEXT, null=True),
        _column("alive_s", _BIG),
        _column("expires_s", _BIG),
        _column("answer", _BYTES, null=True),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shared_budget",
        _key("use_id"),
        _key("upstream"),
        _key("day"),
        _column("reserved", _BIG),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "shared_verification",
        _key("institution"),
        _column("holder", _BYTES),
        *(_column(name, _BIG) for name in ("begun_s", "alive_s", "read", "size")),
        _column("ended_s", _BIG, null=True),
        _column("report", _BYTES, null=True),
        _column("reported_s", _BIG, null=True),
        sqlite_with_rowid=False,
    )
    op.create_index("shared_once_expires", "shared_once", ["expires_s"])
    op.create_index("shared_once_subject", "shared_once", ["subject"])
