"""The shared vectors: both implementations give the verdicts in tests/vectors, everywhere and always."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from sealing import seal

import dualtrack_verify as verifier
from dualtrack.domain.entry import make_entry
from dualtrack.domain.records import encode
from dualtrack.permit.assess import assess, verdict_digest

ROOT = Path(__file__).parent.parent.parent
VECTORS = sorted((ROOT / "tests" / "vectors").glob("*.json"))
BYTES_MAX = 600_000


def load(path: Path) -> SimpleNamespace:
    vector = SimpleNamespace(**json.loads(path.read_text(encoding="utf-8")))
    vector.entries = [
        make_entry(row["index"], row["leaf"].encode(), bytes.fromhex(row["salt"]), row["content"].encode())
        for row in vector.entries
    ]
    vector.packs = {digest: data.encode() for digest, data in vector.packs.items()}
    vector.release_digest = vector.release
    return vector


@pytest.mark.determinism
@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_assess_gives_the_vector(path):
    vector = load(path)
    arguments = {name: getattr(vector, name) for name in ("institution", "use", "release", "at")}
    found = assess(vector.entries, vector.packs, **arguments)
    assert (encode(found).decode(), verdict_digest(found)) == (vector.assessment, vector.digest)
    assert found.verdict == vector.verdict


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_the_verifier_gives_the_vector(path):
    vector = load(path)
    sealed = seal(vector, vector.at, use=vector.use)
    assert sealed.assessment.decode() == vector.assessment
    result = verifier.verify(sealed.bundle, sealed.anchors)
    assert (result.exit, result.detail) == (0, "")
    assert result.facts["assessment"]["digest"] == vector.digest
    assert result.facts["verdict"] == vector.verdict


def test_the_vectors_are_what_the_script_writes():
    script = ROOT / "scripts" / "make_vectors.py"
    done = subprocess.run([sys.executable, str(script), "--check"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, "as committed\n", "")


def test_the_vectors_cover_every_verdict_and_reason_and_stay_small():
    vectors = [load(path) for path in VECTORS]
    assert len(vectors) >= 8
    assert sum(path.stat().st_size for path in VECTORS) < BYTES_MAX
    verdicts = {vector.verdict for vector in vectors}
    assert verdicts >= {"permitted", "permitted_with_conditions", "trial", "refused", "nothing_measured"}
    lines = [line for vector in vectors for line in json.loads(vector.assessment)["evidence"]]
    assert {line["reason"] for line in lines} >= set(verifier.ADMISSION_REASONS)


# The same bytes whatever the process: hash seed, locale, time zone, version of Python.


CHILD = """
import json, sys
from pathlib import Path
from dualtrack.domain.entry import make_entry
from dualtrack.permit.assess import assess, verdict_digest
for path in sorted(Path(sys.argv[1]).glob("*.json")):
    v = json.loads(path.read_text(encoding="utf-8"))
    rows = [make_entry(e["index"], e["leaf"].encode(), bytes.fromhex(e["salt"]), e["content"].encode()) for e in v["entries"]]
    packs = {digest: data.encode() for digest, data in v["packs"].items()}
    arguments = {name: v[name] for name in ("institution", "use", "release", "at")}
    print(path.name, verdict_digest(assess(rows, packs, **arguments)))
"""


def digests(python: str, **environment: str) -> str:
    """Return what a fresh process computes from the vectors."""
    kept = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "VIRTUAL_ENV"}}
    done = subprocess.run(
        [python, "-c", CHILD, str(VECTORS[0].parent)],
        capture_output=True, text=True, check=True, env=kept | {"PYTHONPATH": str(ROOT / "src")} | environment,
    )  # fmt: skip
    return done.stdout


EXPECTED = "".join(f"{path.name} {json.loads(path.read_text(encoding='utf-8'))['digest']}\n" for path in VECTORS)


@pytest.mark.parametrize(
    "environment",
    [
        {"PYTHONHASHSEED": "0"},
        {"PYTHONHASHSEED": "4242"},
        {"LC_ALL": "C", "TZ": "America/St_Johns"},
        {"LC_ALL": "tr_TR.UTF-8", "LANG": "tr_TR.UTF-8"},
        {"LC_ALL": "zh_HK.UTF-8", "TZ": "Asia/Hong_Kong"},
        {"TZ": "Pacific/Kiritimati", "PYTHONUTF8": "0"},
        {"PYTHONOPTIMIZE": "1"},
    ],
    ids=lambda environment: " ".join(f"{name}={value}" for name, value in environment.items()),
)
def test_the_same_bytes_in_every_environment(environment):
    assert digests(sys.executable, **environment) == EXPECTED
