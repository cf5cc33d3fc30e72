#!/usr/bin/env bash
# Write constraints.txt (everything) and constraints-demo.txt (what `make demo` needs), both with hashes.
#
#     scripts/lock.sh              keep the locked versions that still fit pyproject.toml
#     scripts/lock.sh --upgrade    take the newest ones that are at least a week old
#
# One lock serves Python 3.11 to 3.13. The index is the default one, whatever this machine is set to use, and no address
# is written. The tool that solves lives in a scratch environment and leaves nothing behind.
set -euo pipefail
cd "$(dirname "$0")/.."

UV_VERSION=0.13.9
python=${PYTHON:-python3.11}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

"$python" -m venv "$scratch/venv"
"$scratch/venv/bin/pip" install --quiet "uv==$UV_VERSION"
unset UV_INDEX UV_DEFAULT_INDEX UV_INDEX_URL UV_EXTRA_INDEX_URL UV_FIND_LINKS UV_CONSTRAINT UV_OVERRIDE

# pip cannot hash-check a local folder, so the project itself is installed without isolation: the build tool is locked too.
"$python" -c 'import tomllib
print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], "editables", sep="\n")' >"$scratch/build.in"

options=(--quiet --no-config --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links
  --custom-compile-command scripts/lock.sh --cache-dir "$scratch/cache")
if [ "${1:-}" = --upgrade ]; then
  options+=(--upgrade --exclude-newer "$(date -u -d '7 days ago' +%Y-%m-%d)")
fi

compile() { "$scratch/venv/bin/uv" pip compile "${options[@]}" "$@"; }

compile pyproject.toml "$scratch/build.in" --all-extras --group dev --output-file constraints.txt
cp constraints.txt "$scratch/all.txt"
rm -f constraints-demo.txt
compile pyproject.toml "$scratch/build.in" --extra models --extra evidence --extra web --extra research --constraint "$scratch/all.txt" \
  --output-file constraints-demo.txt

# The comments name the scratch folder where a package comes from the build list; what remains must name no place at all.
sed -i -e "s#$scratch/build.in#the build#" -e "/$(basename "$scratch")/d" constraints.txt constraints-demo.txt
if grep -nE 'https?://|file:|--index|--extra|--find' constraints.txt constraints-demo.txt | grep -v '^[^:]*:[0-9]*: *#'; then
  echo "an address stands in a lock" >&2
  exit 1
fi
grep -c == constraints.txt constraints-demo.txt
