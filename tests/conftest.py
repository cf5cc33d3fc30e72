"""Fixtures that several rooms share: a PostgreSQL to test against, a quick schema, a finished demo."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import settings

sys.path.insert(0, str(Path(__file__).parent))  # test helpers are modules beside the tests, not a package

from dualtrack.runtime import snapshots
from dualtrack.store import migrate
from made_once import quick_migrations
from postgres_cluster import Cluster, find_binaries, why_not

settings.register_profile("house", deadline=None)  # how long an example takes says how busy the machine is
settings.load_profile("house")


def pytest_collection_modifyitems(items):
    """Begin with the files that have slow tests: a long one that began last would leave the other workers idle."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def postgres_cluster():
    """A server of our own, which a test may kill; skips with the reason where none can be started."""
    reason = why_not()
    binaries = find_binaries()
    if reason or binaries is None:
        pytest.skip(reason)
    cluster = Cluster(binaries)
    yield cluster
    cluster.stop()


@pytest.fixture(scope="session")
def postgres_url(request):
    """Address of an empty PostgreSQL database: DUALTRACK_TEST_POSTGRES, else a throw-away server."""
    return os.environ.get("DUALTRACK_TEST_POSTGRES") or request.getfixturevalue("postgres_cluster").url()


@pytest.fixture(scope="session", autouse=True)
def quick_schema():
    """Make empty databases from the printed migrations."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(migrate, "_run", quick_migrations)
        yield


@pytest.fixture(autouse=True)
def long_lease(request, monkeypatch):
    """Give snapshots of this process a lease that a busy machine does not outlast, except in tests of the lease itself."""
    if not request.node.get_closest_marker("real_lease"):
        monkeypatch.setattr(snapshots, "LEASE_S", 30.0)


@pytest.fixture(scope="session")
def demo_run(tmp_path_factory):
    """A finished demo, run once for all workers; whoever changes it takes a copy. Skips without the measuring extras."""
    for extra in ("numpy", "sklearn", "lightgbm"):
        pytest.importorskip(extra, reason="the demo measures models")
    from demo_once import demo_once

    return demo_once(tmp_path_factory)
