"""Identity: accounts, sessions, API keys, failure counters and customers' links, in the compartment `main` only.

The statements are written out, not taken from `identity_tables.py`: a revision says what was, also when the tables move on.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
from alembic import context, op

if TYPE_CHECKING:
    from sqlalchemy.types import TypeEngine

__all__ = ["branch_labels", "depends_on", "down_revision", "revision", "upgrade"]

revision = "v0003"
down_revision = "v0002"
branch_labels = None
depends_on = None

_TEXT, _BIG, _BYTES, _FLAG = sa.Text(), sa.BigInteger(), sa.LargeBinary(), sa.Boolean()
_REAL: sa.Double[float] = sa.Double()


def _key(name: str, kind: TypeEngine[Any] = _TEXT) -> sa.Column[Any]:
    return sa.Column(name, kind, primary_key=True)


def _column(name: str, kind: TypeEngine[Any] = _TEXT, *, null: bool = False) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=null)


def _texts(*names: str) -> list[sa.Column[Any]]:
    return [_column(name) for name in names]


def _seconds(*names: str) -> list[sa.Column[Any]]:
    return [_column(name, _BIG) for name in names]


def _table(name: str, *columns: sa.Column[Any]) -> None:
    op.create_table(name, *columns, sqlite_with_rowid=False)


def upgrade() -> None:
    """Create everything, once a workspace."""
    if context.config.attributes["compartment"] != "main":
        return
    _accounts()
    _keys_and_links()
    op.create_index("web_account_subject", "web_account", ["issuer", "subject"], unique=True)
    op.create_index("web_account_institution", "web_account", ["institution", "name"])
    op.create_index("web_session_account", "web_session", ["account", "created_s"])
    op.create_index("web_api_key_hash", "web_api_key", ["key_hash"], unique=True)
    op.create_index("web_api_key_institution", "web_api_key", ["institution", "id"])
    op.create_index("web_rate_settled", "web_rate", ["settled_s"])
    op.create_index("web_link_expires", "web_link", ["expires_s"])


def _accounts() -> None:
    _table(
        "web_account",
        _key("name"),
        *_texts("institution", "holder", "display_name", "language", "roles"),
        _column("disabled", _FLAG),
        _column("password_hash", null=True),
        _column("custody", null=True),
        _column("key_id", null=True),
        _column("sealed_key", _BYTES, null=True),
        _column("issuer", null=True),
        _column("subject", null=True),
        *_seconds("created_s", "changed_s"),
    )
    _table("web_session", _key("token_hash", _BYTES), _column("account"), *_seconds("created_s", "seen_s", "auth_s"))


def _keys_and_links() -> None:
    _table(
        "web_api_key",
        _key("id"),
        _column("key_hash", _BYTES),
        *_texts("institution", "label", "roles"),
        _column("uses", null=True),
        _column("made_by"),
        *_seconds("created_s", "expires_s"),
        _column("revoked_s", _BIG, null=True),
        _column("last_used", null=True),
    )
    _table(
        "web_rate",
        _key("kind"),
        _key("source_hash", _BYTES),
        _column("tokens", _REAL),
        _column("at_s", _REAL),
        _column("settled_s", _BIG),
    )
    _table(
        "web_link",
        _key("id", _BYTES),
        _column("institution"),
        _column("receipt_hash", _BYTES),
        _column("made_by"),
        *_seconds("created_s", "expires_s"),
        _column("revoked_s", _BIG, null=True),
    )
