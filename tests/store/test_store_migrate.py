import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

from dualtrack.errors import StoreError
from dualtrack.store import migrate
from dualtrack.store.identity_tables import IDENTITY
from dualtrack.store.shared_tables import SHARED
from dualtrack.store.tables import COMPARTMENTS, tables
from made_once import quick_migrations, run_migrations


@pytest.fixture(autouse=True)
def real_migrations(monkeypatch):
    """Run the migrations here, which other tests replace by what they print."""
    monkeypatch.setattr(migrate, "_run", run_migrations)


@pytest.mark.parametrize("way", [run_migrations, quick_migrations], ids=["run", "printed"])
@pytest.mark.parametrize("compartment", COMPARTMENTS)
def test_migrations_give_exactly_the_tables(world, compartment, way, monkeypatch):
    monkeypatch.setattr(migrate, "_run", way)
    with world.open(compartment) as store, store.backend.read() as connection:
        found = tables(compartment)
        names = {*found.metadata.tables}
        options = {
            "version_table": migrate.version_table(compartment),
            "include_name": lambda name, kind, _parents: kind != "table" or name in names,
        }
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, found.metadata) == []
        assert migrate.schema_version(connection, compartment) == migrate.SCHEMA_VERSION


def test_the_versions_listed_are_the_files():
    folder = migrate.__file__.removesuffix("migrate.py") + "migrations"
    script = ScriptDirectory(folder)
    assert tuple(revision.revision for revision in reversed(list(script.walk_revisions()))) == migrate.SCHEMA_VERSIONS


def test_a_newer_schema_is_refused_and_left_alone(world):
    with world.open() as store, store.backend.write("x") as connection:
        connection.execute(text("UPDATE main_schema SET version_num = 'v9999'"))
    with pytest.raises(StoreError) as caught:
        world.open()
    assert caught.value.code == "store.schema"
    assert "v9999" in caught.value.found
    assert caught.value.fix


def test_an_older_schema_is_raised_on_opening(world):
    with world.open() as store:
        assert migrate.upgrade(store.backend, "main") == migrate.SCHEMA_VERSION
        with store.backend.write("x") as connection:
            store.tables.metadata.drop_all(connection)
            IDENTITY.metadata.drop_all(connection)
            SHARED.metadata.drop_all(connection)
            connection.execute(text("DROP TABLE main_schema"))
        assert migrate.upgrade(store.backend, "main") is None
        assert store.repository("harbour").size() == 0


@pytest.mark.parametrize("dialect", ["sqlite", "postgresql"])
@pytest.mark.parametrize("compartment", COMPARTMENTS)
def test_the_sql_can_be_printed(dialect, compartment):
    sql = migrate.migration_sql(dialect, compartment)
    assert f"CREATE TABLE {compartment}_entry" in sql
    assert f"INSERT INTO {compartment}_schema" in sql
    other = "restricted" if compartment == "main" else "main"
    assert f"{other}_" not in sql
