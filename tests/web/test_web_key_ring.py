"""Keys in memory: while the database is away the known ones hold for a while, and then nobody is told that theirs is unknown."""

from __future__ import annotations

import pytest
from server_world import ServerWorld

from dualtrack.errors import AuthenticationError, StoreError
from dualtrack.web import key_ring
from dualtrack.web.identity.roles import ConsoleRole


@pytest.fixture
def served(tmp_path):
    found = ServerWorld(tmp_path)
    yield found
    found.close()


def test_a_key_that_cannot_be_looked_up_is_told_apart_from_one_that_is_unknown(served, monkeypatch):
    ring, header = served.services.keys, f"Bearer {served.key(ConsoleRole.CALLER)}"
    assert ring.caller(header).name
    with pytest.raises(AuthenticationError):
        ring.caller("Bearer dt_unknown")
    later_s = key_ring.steady_s() + key_ring.KEYS_S_MAX + 5
    monkeypatch.setattr(key_ring, "steady_s", lambda: later_s)
    ring._read_s = later_s - key_ring.KEYS_S_MAX - 1
    for shown in (header, "Bearer dt_unknown"):
        with pytest.raises(StoreError) as caught:
            ring.caller(shown)
        assert (caught.value.code, caught.value.status) == ("store.keys", 503)
    with pytest.raises(AuthenticationError):
        ring.caller(None)
    assert ring.identify(None) is None, "a session needs no key"
