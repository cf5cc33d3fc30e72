#!/bin/sh
# Makes a throw-away environment with LiteLLM's proxy, for `python benchmarks/runtime_http.py --litellm DIR`.
#
#     sh benchmarks/litellm_env.sh DIR [PYTHON]
#
# LiteLLM's version and the digest of its wheel (Linux, x86-64) are fixed here. What it needs beside itself is resolved now,
# written with its digests to DIR/requirements.txt, and installed from that file with --require-hashes.
set -eu

VERSION=1.106.2
DIGEST=cb1a2a1e55a4a8350ae2167525dc0d06f59b078cd685fb3e0f5419f02da5420e

[ $# -ge 1 ] || { echo "usage: litellm_env.sh DIR [PYTHON]" >&2; exit 2; }
dir=$1
python=${2:-python3}
"$python" -m venv "$dir"
"$dir/bin/python" -m pip install --quiet --dry-run --ignore-installed --only-binary :all: \
    --report "$dir/report.json" "litellm[proxy]==$VERSION" uvloop httptools
"$dir/bin/python" - "$dir" "$DIGEST" <<'PROGRAM'
import json
import sys
from pathlib import Path

folder, digest = Path(sys.argv[1]), sys.argv[2]
lines = {}
for item in json.loads((folder / "report.json").read_text(encoding="utf-8"))["install"]:
    name, version = item["metadata"]["name"], item["metadata"]["version"]
    lines[name.lower()] = (f"{name}=={version}", item["download_info"]["archive_info"]["hashes"]["sha256"])
if lines["litellm"][1] != digest:
    sys.exit(f"the wheel of litellm has digest {lines['litellm'][1]}, expected {digest}")
text = "".join(f"{name} --hash=sha256:{found}\n" for name, found in lines.values())
(folder / "requirements.txt").write_text(text, encoding="utf-8")
print(f"{len(lines)} distributions resolved")
PROGRAM
"$dir/bin/python" -m pip install --quiet --no-deps --only-binary :all: --require-hashes -r "$dir/requirements.txt"
"$dir/bin/python" -m pip check || true
echo "ready: $dir/bin/litellm"
