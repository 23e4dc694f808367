# `make` lists what there is. Everything runs in .venv, made on first use from hash-locked requirements.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CODE   := $(wildcard src tests bench docs)
COMPILE := $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-annotate --custom-compile-command "make lock" $(if $(UPGRADE),--upgrade)

export PYTHONPATH := $(CURDIR)/src
# Compiled modules are kept: a run of the tests starts hundreds of processes, and each would compile the tree anew.
unexport PYTHONDONTWRITEBYTECODE
# On every core, which pip does not do; some packages bring files that are no Python of this version.
PRECOMPILE = $(BIN)/python -m compileall -qq -j 0 $(VENV)/lib src || true

# A worker to a core; a thousand cores have nothing to gain, as each worker starts a PostgreSQL of its own.
SPREAD = -n logical --maxprocesses 8 --dist worksteal

.DEFAULT_GOAL := help
.PHONY: help run test e2e soak lint format docs bench lock clean

help: ## List the targets.
	@awk -F ':.*## ' '/^[a-z0-9]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: $(VENV)/.runtime ## Start the server with demo data on 127.0.0.1:8080; its data lives in ./data.
	@$(BIN)/python -m trunkline demo --data-dir data

test: $(VENV)/.dev ## Run the tests, on SQLite and on PostgreSQL.
	$(BIN)/python -m pytest $(SPREAD) -m "not soak and not e2e"

e2e: $(VENV)/.dev ## Run what needs Node or Chromium; what is missing is skipped and named.
	$(BIN)/python -m pytest -m e2e || [ $$? -eq 5 ]

soak: $(VENV)/.dev ## Run the long kills and the long fuzzing.
	$(BIN)/python -m pytest $(SPREAD) -m soak --timeout 0 || [ $$? -eq 5 ]

lint: $(VENV)/.dev ## Check format, style, types, import contracts and generated pages.
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy $(CODE)
	$(BIN)/lint-imports
	$(BIN)/python docs/generate.py --check

format: $(VENV)/.dev ## Format the code and mend what can be mended without asking.
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

docs: $(VENV)/.dev ## Write the generated pages of docs/reference again.
	$(BIN)/python docs/generate.py

bench: $(VENV)/.dev ## Run the side-by-side benchmarks.
	$(BIN)/python -m bench

lock: $(VENV)/.dev ## Resolve the requirements again; UPGRADE=1 takes the newest releases.
	$(BIN)/pip install --quiet uv
	$(COMPILE) requirements/runtime.in --output-file requirements/runtime.txt
	$(COMPILE) requirements/dev.in --constraint requirements/runtime.txt --output-file requirements/dev.txt

clean: ## Remove the virtual environment and every cache; ./data stays.
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis build dist
	find src tests bench docs -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

$(BIN)/pip:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "Trunkline needs Python 3.11 or newer, and \`$(PYTHON)\` is not." >&2; \
		echo "Name another one: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11" >&2; exit 1; }
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); \
		echo "\`$(PYTHON) -m venv\` failed: install the venv module of this Python." >&2; exit 1; }

$(VENV)/.runtime: requirements/runtime.txt | $(BIN)/pip
	@echo "Installing what Trunkline runs on"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	@$(PRECOMPILE)
	@touch $@

$(VENV)/.dev: requirements/dev.txt | $(BIN)/pip
	@echo "Installing what Trunkline is developed with"
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --require-hashes -r $<
	@$(PRECOMPILE)
	@touch $@
