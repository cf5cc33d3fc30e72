"""The store's suite runs on both databases: every test that takes `world` runs twice."""

from __future__ import annotations

import multiprocessing

import pytest
from register_desk import Desk
from store_world import World

from postgres_cluster import fresh_schema


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


@pytest.fixture
def empty(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    desk.store.close()


@pytest.fixture
def desk(empty):
    empty.set_up()
    return empty
