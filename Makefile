# Everything runs in .venv inside this folder. `make demo` needs python3.11 with venv and pip, and nothing else.
#
#   make install      the product with what the demo needs, pinned by hash
#   make demo         install, show the installed size, run the demo
#   make test         install the developers' tools too, run every test
#   make check        formatter, linter, types, layers, packs as pinned, house rules
#   make docs         say where the pages are and run what they promise
#   make bench-smoke  every benchmark, small, to see that it runs
#
# Another interpreter: make demo PYTHON=python3.12

PYTHON ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST_FLAGS ?= -n 2 --dist worksteal

.PHONY: help install demo test check check-style check-types check-layers check-house docs bench-smoke clean
.DELETE_ON_ERROR:

help:
	@sed -n 's/^#   //p' Makefile

install: $(VENV)/.demo

demo: $(VENV)/.demo
	@$(BIN)/python scripts/installed_size.py --extra models --extra web --extra research --megabytes-max 600
	$(BIN)/dualtrack demo

test: $(VENV)/.dev
	$(BIN)/python -m pytest $(PYTEST_FLAGS)

# Four parts that know nothing of each other, so that `make -j 2 check` has them side by side.
check: check-style check-types check-layers check-house

check-style: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .

check-types: $(VENV)/.dev
	$(BIN)/mypy

check-layers: $(VENV)/.dev
	$(BIN)/lint-imports --no-logo

check-house: $(VENV)/.dev
	$(BIN)/python scripts/pin_packs.py --check
	$(BIN)/python scripts/compile_locale.py --check
	$(BIN)/python -m pytest -q tests/test_house.py tests/test_house_files.py

docs: $(VENV)/.dev
	@echo "The pages are in docs/; begin with docs/index.md. Their promises are run now:"
	$(BIN)/python -m pytest -q tests/docs

bench-smoke: $(VENV)/.dev
	$(BIN)/python scripts/bench_smoke.py

clean:
	rm -rf $(VENV) dist build

# The stamps below make each step run once, and again when what it read has changed.

$(VENV)/.made:
	@test -n "$(PYTHON)" || { echo "No Python found. Debian: apt install python3 python3-venv"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make demo PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)
	@touch $@

# Dependencies are checked against their hashes. pip cannot hash a local folder, so the project comes in a second step,
# with the build tool from the same lock.
$(VENV)/.demo: constraints-demo.txt pyproject.toml | $(VENV)/.made
	@echo "Installing the pinned packages into $(VENV); the first time takes a minute or two."
	$(PIP) install --require-hashes -r constraints-demo.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

# Not compiled: Python compiles what is used when it is first used, which is a small part of these.
$(VENV)/.dev: constraints.txt pyproject.toml | $(VENV)/.demo
	@echo "Installing the developers' tools into $(VENV)."
	$(PIP) install --no-compile --require-hashes -r constraints.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@
