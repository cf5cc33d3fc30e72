"""A bank made once by commands, copied for whoever changes it; a table and a model to measure; and a network that is not there."""

import shutil
import socket
import threading
from http.server import ThreadingHTTPServer

import duckdb
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


@pytest.fixture(scope="session")
def address():
    from measure_world import Endpoint

    server = ThreadingHTTPServer(("127.0.0.1", 0), Endpoint)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="session")
def table(tmp_path_factory):
    """A table whose outcomes follow the model, as Parquet and as CSV."""
    np = pytest.importorskip("numpy")
    from measure_world import ROWS

    folder = tmp_path_factory.mktemp("table")
    random = np.random.default_rng(7)
    first, second = random.normal(size=ROWS), random.normal(size=ROWS)
    chance = 1 / (1 + np.exp(-(first + 0.5 * second)))
    columns = {
        "first": first,
        "second": second,
        "sex": random.integers(1, 3, ROWS),
        "note": np.array(["text"] * ROWS),
        "points": np.clip(0.5 + 0.05 * first, 0, 1),
        "listed": (first > 0).astype(np.int64),
        "defaulted": (random.random(ROWS) < chance).astype(np.int64),
    }
    with duckdb.connect() as connection:
        parts = ", ".join(f"unnest(${name}) AS {name}" for name in columns)
        connection.execute(
            f"CREATE TABLE t AS SELECT {parts}", {name: values.tolist() for name, values in columns.items()}
        )
        connection.execute(f"COPY t TO '{folder}/t.parquet'")
        connection.execute(f"COPY t TO '{folder}/t.csv' (HEADER)")
    return folder


@pytest.fixture
def bench(bank, tmp_path, monkeypatch):
    from measure_world import MODEL, Bench

    (tmp_path / "scoring_of_test.py").write_text(MODEL)
    monkeypatch.chdir(tmp_path)
    return Bench(bank, tmp_path)
