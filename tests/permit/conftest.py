"""The demo, run once: real bundles of fictional firms."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

DEMO_DAY = datetime(2026, 2, 20, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="session")
def demo_folder(tmp_path_factory):
    """Folder of a demo run, with `bundles/` and `anchors.json`; skips where the measuring extras are not installed."""
    for extra in ("numpy", "sklearn", "lightgbm"):
        pytest.importorskip(extra, reason="the demo measures models")
    from dualtrack.demo.run import run_demo

    return run_demo(tmp_path_factory.mktemp("demo") / "run", lambda: DEMO_DAY, lambda _step: None).folder
