from __future__ import annotations

import pytest

from runtime.runtime_world import World
from runtime.service_fixtures import database, desk, make_desk

__all__ = ["database", "desk", "make_desk", "world"]


@pytest.fixture
def world(tmp_path):
    found = World(tmp_path)
    yield found
    found.close()
