from __future__ import annotations

import pytest

from runtime.runtime_world import World


@pytest.fixture
def world(tmp_path):
    found = World(tmp_path)
    yield found
    found.close()
