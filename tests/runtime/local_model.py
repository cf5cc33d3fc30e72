"""A real small model behind an OpenAI-compatible endpoint, for tests that need one; without it they skip, with the reason.

    @pytest.fixture(scope="module")
    def model():
        with local_model() as url:   # "http://127.0.0.1:PORT/v1"
            yield url

DUALTRACK_TEST_MODEL_PYTHON names an interpreter whose environment has an engine, xllamacpp or llama-cpp-python, and the model
(scripts/serve_test_model.py says which); without it this interpreter is tried. DUALTRACK_TEST_MODEL_GGUF names another small
model, a file in the GGUF form. Nothing is installed or fetched. What is installed and does not start is a failure.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest

SERVER = Path(__file__).parents[2] / "scripts" / "serve_test_model.py"
START_S_MAX = 120
"""Assembling and loading 253 MB takes a few seconds, on a busy machine a minute."""

NOT_INSTALLED = 3
"""How the script ends where an engine or the packaged model is missing."""


@contextmanager
def local_model(threads: int = 1):
    """Serve the model and give its address; skips the test where it is not installed."""
    python = os.environ.get("DUALTRACK_TEST_MODEL_PYTHON", sys.executable)
    model = os.environ.get("DUALTRACK_TEST_MODEL_GGUF")
    named = ["--model", model] if model else []
    process = subprocess.Popen(
        [python, str(SERVER), "--threads", str(threads), *named],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    said, noise = [], []
    try:
        first = threading.Thread(target=lambda: said.append(process.stdout.readline().strip()), daemon=True)
        rest = threading.Thread(target=lambda: noise.extend(process.stderr), daemon=True)
        first.start()
        rest.start()
        first.join(START_S_MAX)
        if not said or not said[0].startswith("http://127.0.0.1:"):
            if not said:  # it still runs, and has said nothing
                process.kill()
            code = process.wait(START_S_MAX)
            rest.join(5)
            why = noise[-1].strip() if noise else f"no address within {START_S_MAX} s"
            (pytest.skip if code == NOT_INSTALLED else pytest.fail)(f"no local model: {why}")
        yield f"{said[0]}/v1"
    finally:
        process.stdin.close()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        first.join(5)
        rest.join(5)
        process.stdout.close()
        process.stderr.close()
