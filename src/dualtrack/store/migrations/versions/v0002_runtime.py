"""Tables of the runtime: holds, observe mode, opt-outs, reviews, signals, incidents, decisions, contents, keys, quotas.

The statements are written out, not taken from `tables.py`: a revision says what was, also when the tables move on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from alembic import context, op
from sqlalchemy.types import TypeEngine

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "v0002"
down_revision = "v0001"
branch_labels = None
depends_on = None

_TEXT, _BIG, _BYTES, _FLAG = sa.Text(), sa.BigInteger(), sa.LargeBinary(), sa.Boolean()

_Kinds = Mapping[str, TypeEngine[Any]]


def _table(name: str, key: tuple[str, ...], columns: _Kinds, *, null: tuple[str, ...] = ()) -> None:
    prefix = context.config.attributes["compartment"]
    keys = [
        sa.Column(column, _BIG if column == "idx" else _TEXT, primary_key=True, autoincrement=False)
        for column in ("ledger", *key)
    ]
    others = [sa.Column(column, kind, nullable=column in null) for column, kind in columns.items()]
    op.create_table(f"{prefix}_{name}", *keys, *others, sqlite_with_rowid=name == "content")


def _index(table: str, name: str, *columns: str) -> None:
    prefix = context.config.attributes["compartment"]
    op.create_index(f"{prefix}_{table}_{name}", f"{prefix}_{table}", ["ledger", *columns])


def _texts(*names: str) -> dict[str, TypeEngine[Any]]:
    return dict.fromkeys(names, _TEXT)


def _kinds(**kinds: TypeEngine[Any]) -> dict[str, TypeEngine[Any]]:
    return kinds


def upgrade() -> None:
    """Create the tables, and project again from the first entry: kinds that were passed over have a place now."""
    _current_tables()
    _runtime_tables()
    op.execute(f"DELETE FROM {context.config.attributes['compartment']}_cursor")  # noqa: S608 - a name of our own


def _current_tables() -> None:
    _table(
        "hold",
        ("id",),
        _kinds(idx=_BIG) | _texts("scope", "target", "reason", "set_by", "set_at", "released_by", "released_at"),
        null=("released_by", "released_at"),
    )
    _table("observe", ("use_id",), _kinds(idx=_BIG) | _texts("until", "signed_by", "ended_at"), null=("ended_at",))
    _table("opt_out", ("use_id", "subject"), _kinds(idx=_BIG, at=_TEXT, active=_FLAG))
    _table(
        "review",
        ("id",),
        _kinds(idx=_BIG)
        | _texts("decision_id", "use_id", "why", "state", "opened_at", "due_at", "holder", "changed_at")
        | _kinds(four_eyes=_FLAG, last_idx=_BIG),
        null=("holder",),
    )
    _index("review", "decision", "decision_id")
    _index("review", "queue", "state", "due_at", "id")
    _table("signal", ("idx",), _texts("use_id", "kind", "at") | _kinds(value=_BIG))
    _table(
        "incident",
        ("id",),
        _kinds(idx=_BIG) | _texts("use_id", "kind", "severity", "state", "opened_at", "changed_at"),
        null=("use_id",),
    )


def _runtime_tables() -> None:
    decision = _kinds(idx=_BIG) | _texts("use_id", "release", "permit", "mode", "outcome", "at") | _kinds(done_us=_BIG)
    decision |= _texts("receipt", "subject", "review", "input", "output", "run") | _kinds(seq=_BIG)
    _table("decision", ("id",), decision, null=("permit", "receipt", "subject", "review", "output"))
    _index("decision", "use", "use_id", "id")
    _index("decision", "receipt", "receipt")
    _index("decision", "subject", "subject")
    _index("decision", "run", "run", "seq")
    content = _texts("subject", "key_id", "retention", "at") | _kinds(sealed=_BYTES, erased=_FLAG)
    _table("content", ("digest",), content)
    _index("content", "subject", "subject")
    key = _kinds(subject=_TEXT, wrapped=_BYTES, at=_TEXT, erased_at=_TEXT)
    _table("subject_key", ("key_id",), key, null=("erased_at",))
    _index("subject_key", "subject", "subject")
    _table("quota", ("permit",), _kinds(reserved=_BIG))
