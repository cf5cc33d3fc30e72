"""Write the published test values of the ledger's standards as our own compact files, tests/ledger/vectors/*.json.

    python scripts/make_ledger_vectors.py MERKLE TESSERA C2SP

The arguments are git checkouts (or bare repositories) of transparency-dev/merkle, transparency-dev/tessera and
C2SP/C2SP. Only values are taken over; the layout is ours. Each file names its source, revision and licence.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

OUT = Path(__file__).parent.parent / "tests" / "ledger" / "vectors"


def show(repository: str, path: str) -> bytes:
    """Return the bytes of a file at the repository's HEAD."""
    return subprocess.run(["git", "-C", repository, "show", f"HEAD:{path}"], check=True, capture_output=True).stdout


def attribution(repository: str, name: str, licence: str) -> str:
    """Return one line that says where the values are from."""
    head = subprocess.run(["git", "-C", repository, "rev-parse", "HEAD"], check=True, capture_output=True, text=True)
    return f"Values from {name} at revision {head.stdout.strip()[:12]}, {licence}. Layout by Dualtrack."


def proofs(repository: str, kind: str) -> list[list[Any]]:
    """Return every proof case of a kind as one row: name, numbers, hashes, proof, whether it must be refused."""
    listing = subprocess.run(
        ["git", "-C", repository, "ls-tree", "-r", "--name-only", "HEAD", f"testdata/{kind}"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    fields = (
        ("leafIdx", "treeSize", "leafHash", "root") if kind == "inclusion" else ("size1", "size2", "root1", "root2")
    )
    rows: list[list[Any]] = []
    for path in listing:
        case = json.loads(show(repository, path))
        name = path.removeprefix(f"testdata/{kind}/").removesuffix(".json")
        rows.append([name, *(case[field] for field in fields), case["proof"] or [], case["wantErr"]])
    return rows


def reference_tree(repository: str) -> dict[str, Any]:
    """Return leaves, node hashes by level, and roots by size of the eight-leaf reference tree, in hexadecimal."""
    source = show(repository, "testonly/constants.go").decode()

    def body(function: str) -> str:
        return source.split(f"func {function}(", 1)[1].split("\n}", 1)[0]

    levels = re.split(r"\}, \{", body("NodeHashes"))
    empty = re.findall(r'hd\("([0-9a-f]*)"\)', body("EmptyRootHash"))
    return {
        "leaves": re.findall(r'hd\("([0-9a-f]*)"\)', body("LeafInputs")),
        "nodes": [re.findall(r'hd\("([0-9a-f]*)"\)', level) for level in levels],
        "roots": empty + re.findall(r'hd\("([0-9a-f]*)"\)', body("RootHashes")),
    }


def tessera_log(repository: str) -> dict[str, Any]:
    """Return the public key, the entry bundle (hexadecimal) and the 16 checkpoints of tessera's test log."""
    key = re.search(r'LOG_PUBLIC_KEY="([^"]+)"', show(repository, "testdata/build_log.sh").decode())
    if key is None:
        raise SystemExit("the test log's public key was not found")
    return {
        "key": key[1],
        "bundle": show(repository, "testdata/log/tile/entries/000.p/15").hex(),
        "tile": show(repository, "testdata/log/tile/0/000.p/15").hex(),
        "checkpoints": [show(repository, f"testdata/log/checkpoint.{size}").decode() for size in range(16)],
    }


def c2sp_examples(repository: str) -> dict[str, Any]:
    """Return the examples of the specifications: signed note with its key, checkpoint with cosignature, request."""
    note = show(repository, "signed-note.md").decode()
    cosignature = show(repository, "tlog-cosignature.md").decode()
    witness = show(repository, "tlog-witness.md").decode()
    request = re.search(r"Example request body:\n\n((?:(?:    .*)?\n)+)", witness)
    key = re.search(r"^    (example\.com/foo\+\S+)$", note, re.MULTILINE)
    if request is None or key is None:
        raise SystemExit("an example was not found")
    blocks = re.findall(r"```\n(.*?)```", note, re.DOTALL)
    return {
        "note": blocks[-1],
        "note_key": key[1],
        "cosigned_checkpoint": re.findall(r"```\n(.*?)```", cosignature, re.DOTALL)[0],
        "request": re.sub(r"^    ", "", request[1], flags=re.MULTILINE).rstrip("\n") + "\n",
    }


def write(name: str, source: str, values: dict[str, Any]) -> None:
    """Write one file, a row a line where the values are rows."""
    parts = [f'"source": {json.dumps(source)}']
    for key, value in values.items():
        if isinstance(value, list):
            rows = ",\n".join(json.dumps(item, ensure_ascii=False) for item in value)
            parts.append(f"{json.dumps(key)}: [\n{rows}\n]")
        else:
            parts.append(f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}")
    OUT.mkdir(parents=True, exist_ok=True)
    path = OUT / f"{name}.json"
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n", encoding="utf-8")
    print(f"{path.name}: {path.stat().st_size} bytes")


def main() -> None:
    """Write the three files."""
    if len(sys.argv) != len(("script", "merkle", "tessera", "c2sp")):
        raise SystemExit(__doc__)
    merkle, tessera, c2sp = sys.argv[1:]
    cases = {kind: proofs(merkle, kind) for kind in ("inclusion", "consistency")}
    source = attribution(merkle, "github.com/transparency-dev/merkle", "Apache-2.0")
    write("rfc6962", source, cases | reference_tree(merkle))
    write("tessera", attribution(tessera, "github.com/transparency-dev/tessera", "Apache-2.0"), tessera_log(tessera))
    write(
        "c2sp", attribution(c2sp, "github.com/C2SP/C2SP", "CC BY 4.0 (texts), BSD-1-Clause (code)"), c2sp_examples(c2sp)
    )


if __name__ == "__main__":
    main()
