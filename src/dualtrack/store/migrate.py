"""The schema's version: made or raised when a store is opened, refused when it is newer, given as SQL to who asks.

Revisions are Alembic files inside the package, one history for both compartments; each compartment counts its own.
"""

from __future__ import annotations

import io
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from sqlalchemy import inspect, text

from dualtrack.errors import StoreError

if TYPE_CHECKING:
    from alembic.config import Config as AlembicConfig
    from sqlalchemy import Connection

    from dualtrack.store.backends import Backend
    from dualtrack.store.tables import CompartmentName

__all__ = ["SCHEMA_VERSION", "SCHEMA_VERSIONS", "migration_sql", "schema_version", "upgrade", "version_table"]

SCHEMA_VERSIONS = ("v0001", "v0002", "v0003", "v0004")
"""Revisions in order; a test holds them equal to the files."""

SCHEMA_VERSION = SCHEMA_VERSIONS[-1]
"""The revision that this release reads and writes."""


def version_table(compartment: CompartmentName) -> str:
    """Return the name of the table with the revision."""
    return f"{compartment}_schema"


def schema_version(connection: Connection, compartment: CompartmentName) -> str | None:
    """Return the revision a database is at, or None if it has no tables of ours."""
    name = version_table(compartment)
    if not inspect(connection).has_table(name):
        return None
    row = connection.execute(text(f"SELECT version_num FROM {name}")).first()  # noqa: S608 - a name of our own
    return None if row is None else str(row[0])


def upgrade(backend: Backend, compartment: CompartmentName) -> str | None:
    """Raise the schema to this release's; return the revision it had before, None for an empty database.

    Raises StoreError if the database was written by a newer release. Runs in one transaction, under the lock.
    """
    with backend.read() as connection:
        found = schema_version(connection, compartment)
    if found == SCHEMA_VERSION:
        return found
    with backend.write(f"schema/{compartment}") as connection:
        found = schema_version(connection, compartment)
        if found is not None and found not in SCHEMA_VERSIONS:
            raise StoreError(
                f"its schema is {found}, newer than this release",
                where=f"{backend.where}, {compartment}",
                expected=f"at most {SCHEMA_VERSION}",
                fix="install the release that last wrote it, or a later one",
                code="store.schema",
            )
        if found != SCHEMA_VERSION:
            _run(compartment, connection=connection)
    return found


def migration_sql(dialect: str, compartment: CompartmentName) -> str:
    """Return the SQL of all revisions for a database administrator; `dialect` is `sqlite` or `postgresql`."""
    output = io.StringIO()
    _run(compartment, dialect=dialect, output=output)
    return output.getvalue()


def _run(
    compartment: CompartmentName,
    *,
    connection: Connection | None = None,
    dialect: str | None = None,
    output: io.StringIO | None = None,
) -> None:
    from alembic import command  # noqa: PLC0415 - 150 ms that only a schema change needs
    from alembic.config import Config  # noqa: PLC0415 - as above

    with as_file(files("dualtrack.store") / "migrations") as folder:
        config: AlembicConfig = Config(output_buffer=output)
        config.set_main_option("script_location", str(folder))
        config.attributes.update(connection=connection, compartment=compartment, dialect=dialect)
        command.upgrade(config, "head", sql=connection is None)
