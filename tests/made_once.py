"""What is dear to make and only read afterwards is made once for a whole run, however many workers share it."""

from __future__ import annotations

import fcntl
import os
import re
import shutil
from functools import cache
from typing import TYPE_CHECKING

from dualtrack.store import migrate

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest
    from sqlalchemy import Connection

    from dualtrack.store.tables import CompartmentName


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder that `make` filled; the first worker to ask calls it, the others wait. Nobody may change it."""
    base = factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "made-once"
    shared.mkdir(exist_ok=True)
    folder, done = shared / name, shared / f"{name}.done"
    with (shared / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            shutil.rmtree(folder, ignore_errors=True)  # of one that failed half way
            folder.mkdir()
            make(folder)
            done.touch()
    return folder


run_migrations = migrate._run
"""What Alembic does, whatever stands in for it."""


@cache
def schema_statements(dialect: str, compartment: CompartmentName) -> tuple[str, ...]:
    """Return what the migrations say to an empty database, as they print it; its transaction is the caller's."""
    script = re.sub(r"(?m)^--.*\n|^(BEGIN|COMMIT);\n", "", migrate.migration_sql(dialect, compartment))
    found = tuple(text.strip() for text in script.split(";\n") if text.strip())
    return found if dialect == "sqlite" else (";\n".join(found),)


def quick_migrations(compartment: CompartmentName, *, connection: Connection | None = None, **more: object) -> None:
    """Stand in for the run of the migrations: an empty database is given their SQL, which is printed once.

    Alembic takes a tenth of a second for what SQLite does in three milliseconds, and thousands of tests begin with an
    empty database. The tests of the migrations run them, and hold that both ways give the same tables.
    """
    if connection is None or migrate.schema_version(connection, compartment) is not None:
        run_migrations(compartment, connection=connection, **more)
        return
    for statement in schema_statements(connection.dialect.name, compartment):
        connection.exec_driver_sql(statement, execution_options={"no_parameters": True})
