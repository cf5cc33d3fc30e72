import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import inspect

from dualtrack.store import migrate
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.store.shared_tables import SHARED
from dualtrack.store.store import Store
from dualtrack.store.workspace import Workspace


@pytest.mark.parametrize("metadata", [IDENTITY.metadata, SHARED.metadata])
def test_the_migration_gives_exactly_the_tables(people, metadata):
    names = {*metadata.tables}
    options = {"include_name": lambda name, kind, _parents: kind != "table" or name in names}
    with people.backend.read() as connection:
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []
        assert names <= {*inspect(connection).get_table_names()}


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
def test_only_the_main_compartment_has_them(dialect):
    for name in (*IDENTITY.metadata.tables, *SHARED.metadata.tables):
        assert f"CREATE TABLE {name} " in migrate.migration_sql(dialect, "main")
        assert name not in migrate.migration_sql(dialect, "restricted")


def test_a_restricted_database_of_its_own_has_none(tmp_path):
    workspace = Workspace.create(
        tmp_path / "work", database="sqlite:///main.db", restricted_database="sqlite:///restricted.db"
    )
    with Store.open(workspace, "restricted") as store, store.backend.read() as connection:
        assert not [name for name in inspect(connection).get_table_names() if name.startswith(("web_", "shared_"))]
