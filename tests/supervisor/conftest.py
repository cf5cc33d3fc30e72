"""Small firms and a supervisor, each in a workspace of its own, all through the register that a firm uses."""

from __future__ import annotations

import shutil
import sys
from datetime import timedelta
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent.parent / "permit"))  # the tiny packs and declarations of the permit tests

from supervisor_world import START, FirmDesk, Ticking, Watchdog


@pytest.fixture(scope="session")
def masters(tmp_path_factory):
    """A firm with a measured and assessed use, and a supervisor; made once, copied for every test."""
    folder = tmp_path_factory.mktemp("masters")
    with FirmDesk(folder / "firm", "test-bank") as desk, Watchdog(folder / "watchdog"):
        desk.set_up()
    return folder, desk.releases


@pytest.fixture
def firm(masters, tmp_path):
    folder, releases = masters
    shutil.copytree(folder / "firm", tmp_path / "firm")
    with FirmDesk(tmp_path / "firm", "test-bank", clock=Ticking(START + timedelta(minutes=10))) as desk:
        desk.releases = dict(releases)
        yield desk


@pytest.fixture
def watchdog(masters, tmp_path):
    shutil.copytree(masters[0] / "watchdog", tmp_path / "watchdog")
    with Watchdog(tmp_path / "watchdog") as desk:
        yield desk
