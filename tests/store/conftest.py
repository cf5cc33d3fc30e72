"""The store's suite runs on both databases: every test that takes `world` runs twice."""

from __future__ import annotations

import multiprocessing
import secrets

import pytest
from sqlalchemy import create_engine, make_url
from store_world import World


def fresh_schema(url: str) -> str:
    """Return the address of an empty schema of the test database."""
    name = f"t_{secrets.token_hex(6)}"
    parsed = make_url(url).set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    with engine.begin() as connection:
        connection.exec_driver_sql(f"CREATE SCHEMA {name}")
    engine.dispose()
    with_schema = parsed.update_query_dict({"options": f"-csearch_path={name}"})
    return with_schema.set(drivername="postgresql").render_as_string(hide_password=False)


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request) -> str:
    """Address of an empty database, relative to a workspace."""
    if request.param == "sqlite":
        return "sqlite:///main.db"
    return fresh_schema(request.getfixturevalue("postgres_url"))


@pytest.fixture
def world(tmp_path, database) -> World:
    restricted = "sqlite:///restricted.db" if database.startswith("sqlite") else database
    return World(tmp_path, database, restricted)


@pytest.fixture
def sqlite_world(tmp_path) -> World:
    return World(tmp_path, "sqlite:///main.db", "sqlite:///restricted.db")


@pytest.fixture(scope="session")
def processes():
    """Processes that start quickly and share nothing with this one."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["store_world", "dualtrack.store.sqlite", "dualtrack.store.postgres", "psycopg"])
    return context
