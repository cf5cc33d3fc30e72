"""One finished demo for all tests of this room: it takes half a minute, and none of them changes it."""

from __future__ import annotations

import socket
from datetime import UTC, datetime

import pytest

from dualtrack.demo.run import run_demo


@pytest.fixture(scope="session")
def result(tmp_path_factory):
    class Refused(socket.socket):
        """An event loop may have its pair of sockets; nothing may be named to connect or listen to."""

        def connect(self, *_: object) -> None:
            raise AssertionError("the demo opened a socket")

        connect_ex = bind = sendto = connect

    patch = pytest.MonkeyPatch()
    patch.setattr(socket, "socket", Refused)
    steps: list[str] = []
    done = run_demo(tmp_path_factory.mktemp("demo") / "dualtrack-demo", lambda: datetime.now(UTC), steps.append)
    patch.undo()
    assert len(steps) > 40
    return done
