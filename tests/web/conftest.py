"""Identity's rows lie in the store, so its tests run on both databases: every test that takes `people` runs twice."""

from __future__ import annotations

import pytest
from identity_world import IdentityWorld

from postgres_cluster import fresh_schema


@pytest.fixture(params=["sqlite", "postgresql"])
def identity_database(request) -> str:
    """Address of an empty database, relative to a workspace."""
    if request.param == "sqlite":
        return "sqlite:///main.db"
    return fresh_schema(request.getfixturevalue("postgres_url"))


@pytest.fixture
def people(tmp_path, identity_database):
    world = IdentityWorld(tmp_path, identity_database)
    yield world
    world.store.close()
