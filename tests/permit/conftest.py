"""The demo, run once: real bundles of fictional firms."""

from __future__ import annotations

import pytest


@pytest.fixture(scope="session")
def demo_folder(demo_run):
    """Folder of a demo run, with `bundles/` and `anchors.json`."""
    return demo_run.folder
