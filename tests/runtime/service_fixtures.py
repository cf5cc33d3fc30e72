"""The runtime's services are tested on both databases: every test that takes `desk` runs twice."""

from __future__ import annotations

import pytest

from postgres_cluster import fresh_schema
from runtime.service_desk import ServiceDesk


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request) -> str:
    """Address of an empty database, relative to a workspace."""
    if request.param == "sqlite":
        return "sqlite:///main.db"
    return fresh_schema(request.getfixturevalue("postgres_url"))


@pytest.fixture
def make_desk(tmp_path, database):
    """Make the one desk of a test with changes of its own."""
    made = []

    def make(**changes) -> ServiceDesk:
        made.append(ServiceDesk(tmp_path, database, **changes))
        return made[-1]

    yield make
    for desk in made:
        desk.store.close()


@pytest.fixture
def desk(make_desk) -> ServiceDesk:
    return make_desk()
