"""Runs revisions for one compartment, on a connection given or as SQL text. The caller owns the transaction."""

from __future__ import annotations

from typing import Any

from alembic import context

from dualtrack.store.migrate import version_table
from dualtrack.store.tables import tables

_given = context.config.attributes
_compartment = _given["compartment"]
_options: dict[str, Any] = {
    "target_metadata": tables(_compartment).metadata,
    "version_table": version_table(_compartment),
}

if context.is_offline_mode():
    context.configure(dialect_name=_given["dialect"], literal_binds=True, **_options)
else:
    context.configure(connection=_given["connection"], transactional_ddl=True, **_options)
with context.begin_transaction():
    context.run_migrations()
