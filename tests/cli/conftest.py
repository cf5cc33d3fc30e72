"""A bank made once by commands, copied for whoever changes it; and a network that is not there."""

import shutil
import socket

import pytest
from cli_world import declared_bank


@pytest.fixture(scope="session")
def bank_master(tmp_path_factory):
    """A workspace with one declared and released use. Copy it before writing to it."""
    return declared_bank(tmp_path_factory.mktemp("bank") / "ws")


@pytest.fixture
def bank(bank_master, tmp_path):
    """A copy of the bank, to do with as one likes."""
    return shutil.copytree(bank_master, tmp_path / "ws")


@pytest.fixture(scope="module")
def ws(bank_master, tmp_path_factory):
    """A copy that stays as it is, for commands that must change nothing."""
    return shutil.copytree(bank_master, tmp_path_factory.mktemp("same") / "ws")


class _Refused(socket.socket):
    """A socket that leads nowhere: an event loop may have its pair, nothing may be named to connect or listen to."""

    def connect(self, *_):
        raise AssertionError("a socket was opened")

    connect_ex = bind = sendto = connect


@pytest.fixture(scope="module")
def offline():
    """Let any use of a socket fail the test."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "socket", _Refused)
        yield


@pytest.fixture(scope="session", autouse=True)
def no_width():
    """Forget a width that the test runner sets: output that is no terminal is not broken into lines."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        yield
