"""The parity set of `benchmarks/engines.py`, and a Spark Connect server without Java to hold an engine to it."""

from __future__ import annotations

import importlib.util

from house_tree import ROOT


def load_parity():
    """Return the benchmark as a module."""
    spec = importlib.util.spec_from_file_location("engines_benchmark", ROOT / "benchmarks" / "engines.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
