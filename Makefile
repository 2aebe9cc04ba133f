# make setup · dev · test · lint · bench · docs · assets: each sets up what it needs.
#
# Needs Python 3.11 (with venv) and make; everything else is brought here: `.venv` is built from the lock file.

PYTHON ?= python3
BIN := .venv/bin
UV := $(shell sed -n 's/^ *"\(uv==[0-9.]*\)".*/\1/p' pyproject.toml)

# Nothing of the caller's own Python may leak into ours.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV

.PHONY: setup dev test lint bench docs assets
.DELETE_ON_ERROR:

setup: .venv/.stamp

.venv/.stamp: pyproject.toml uv.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "SigID needs Python 3.11 or newer; name one with PYTHON=")'
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv && test "uv==$$($(BIN)/uv --version | cut -d' ' -f2)" = "$(UV)" || $(BIN)/python -m pip install --quiet --disable-pip-version-check "$(UV)"
	@$(BIN)/uv sync --frozen --quiet --python $(BIN)/python
	@touch $@

dev: setup
	@exec $(BIN)/sigid dev

# PostgreSQL, Chromium and the Node packages come first; what cannot be had is named, and its tests are skipped
# (in CI a skip fails). One worker per core, two at most: each has servers of its own.
test: setup
	@tests/prepare
	@$(BIN)/python -m pytest -n $$(n=$$(getconf _NPROCESSORS_ONLN); echo $$((n < 2 ? n : 2))) --dist loadgroup $(ARGS)

lint: setup
	@$(BIN)/ruff format --check --quiet . || { echo "ruff format: run '$(BIN)/ruff format .'"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(if $(CI),$(BIN)/uv lock --check --quiet)

# Beside SigID it needs PostgreSQL, Go for the load generator, and Node for the server that it is compared with.
bench: setup
	@tests/prepare postgresql golang-go
	@$(BIN)/python -m bench $(if $(QUICK),--quick)

# docs/status.md: every promise, and the test that shows it. docs/conformance.md: every module of OpenID's plans.
docs: setup
	@$(BIN)/python -m tests.status
	@$(BIN)/python -m tests.conformance.page

# The files of others that pages serve (font, htmx), fetched anew at the versions that tools/assets.py pins.
assets: setup
	@$(BIN)/python -m tools.assets
