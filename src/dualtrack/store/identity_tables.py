"""Tables of who may use the console and the API: accounts, sessions, API keys, failure counters, customers' links.

They are no projections of a ledger: nothing can be rebuilt from entries. What administrators do to them is said in entries. They lie in the
database of the compartment `main` only. Times are whole Unix seconds (`_s`); tokens and keys stand here as digests only.
"""

from __future__ import annotations

from typing import NamedTuple

from sqlalchemy import BigInteger, Boolean, Column, Double, Index, LargeBinary, MetaData, Table, Text

__all__ = ["IDENTITY", "IdentityTables"]


class IdentityTables(NamedTuple):
    """The identity tables of a workspace."""

    metadata: MetaData
    account: Table
    session: Table
    api_key: Table
    rate: Table
    link: Table

    @property
    def kept(self) -> tuple[Table, ...]:
        """Return the tables that a backup keeps: who may sign in, which keys call, which links are open."""
        return (self.account, self.api_key, self.link)

    @property
    def passing(self) -> tuple[Table, ...]:
        """Return the tables that end with the day: a restored session would be one that nobody ended."""
        return (self.session, self.rate)


def _text(name: str, *, null: bool = False) -> Column[str]:
    return Column(name, Text(), nullable=null)


def _seconds(name: str, *, null: bool = False) -> Column[int]:
    return Column(name, BigInteger(), nullable=null)


def _bytes(name: str, *, null: bool = False) -> Column[bytes]:
    return Column(name, LargeBinary(), nullable=null)


def _key(name: str, kind: type[Text | LargeBinary] = Text) -> Column[object]:
    return Column(name, kind(), primary_key=True)


def _account(metadata: MetaData) -> Table:
    return Table(
        "web_account",
        metadata,
        _key("name"),
        _text("institution"),
        _text("holder"),
        _text("display_name"),
        _text("language"),
        _text("roles"),
        Column("disabled", Boolean(), nullable=False),
        _text("password_hash", null=True),
        _text("custody", null=True),
        _text("key_id", null=True),
        _bytes("sealed_key", null=True),
        _text("issuer", null=True),
        _text("subject", null=True),
        _seconds("created_s"),
        _seconds("changed_s"),
        Index("web_account_subject", "issuer", "subject", unique=True),
        Index("web_account_institution", "institution", "name"),
        sqlite_with_rowid=False,
    )


def _session(metadata: MetaData) -> Table:
    return Table(
        "web_session",
        metadata,
        _key("token_hash", LargeBinary),
        _text("account"),
        _seconds("created_s"),
        _seconds("seen_s"),
        _seconds("auth_s"),
        Index("web_session_account", "account", "created_s"),
        sqlite_with_rowid=False,
    )


def _api_key(metadata: MetaData) -> Table:
    return Table(
        "web_api_key",
        metadata,
        _key("id"),
        _bytes("key_hash"),
        _text("institution"),
        _text("label"),
        _text("roles"),
        _text("uses", null=True),
        _text("made_by"),
        _seconds("created_s"),
        _seconds("expires_s"),
        _seconds("revoked_s", null=True),
        _text("last_used", null=True),
        Index("web_api_key_hash", "key_hash", unique=True),
        Index("web_api_key_institution", "institution", "id"),
        sqlite_with_rowid=False,
    )


def _rate(metadata: MetaData) -> Table:
    return Table(
        "web_rate",
        metadata,
        _key("kind"),
        _key("source_hash", LargeBinary),
        Column("tokens", Double(), nullable=False),
        Column("at_s", Double(), nullable=False),
        _seconds("settled_s"),
        Index("web_rate_settled", "settled_s"),
        sqlite_with_rowid=False,
    )


def _link(metadata: MetaData) -> Table:
    return Table(
        "web_link",
        metadata,
        _key("id", LargeBinary),
        _text("institution"),
        _bytes("receipt_hash"),
        _text("made_by"),
        _seconds("created_s"),
        _seconds("expires_s"),
        _seconds("revoked_s", null=True),
        Index("web_link_expires", "expires_s"),
        sqlite_with_rowid=False,
    )


def _tables() -> IdentityTables:
    metadata = MetaData()
    made = (make(metadata) for make in (_account, _session, _api_key, _rate, _link))
    return IdentityTables(metadata, *made)


IDENTITY = _tables()
"""The tables; there is one set, whatever the institutions of the workspace."""
