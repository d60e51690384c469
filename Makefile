# Everything installs itself into .venv on first use, and again when pyproject.toml changes.
# Needed: Python 3.11 or newer. Beside it with another Python:  make test PYTHON=python3.13 VENV=.venv-3.13

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help demo test check fix docs serve acceptance fuzz

help:  ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(READY)  ## play a session through the gateway and show what it saved; no key, no network
	$(BIN)/tierwise demo

test: $(READY)  ## run the tests
	$(BIN)/pytest -m "not acceptance" -n 2

check: $(READY)  ## lint, format, types, imports, generated files: all that must be clean
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/mypy tools
	$(BIN)/lint-imports
	$(BIN)/python tools/reference.py --check
	$(BIN)/python tools/compile_prices.py --check
	$(BIN)/python tools/clients_table.py --check

fix: $(READY)  ## mend what ruff can mend, and format
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

docs: $(READY)  ## write docs/reference from the code
	$(BIN)/python tools/reference.py

serve: $(READY)  ## start the gateway on the built-in simulator
	$(BIN)/tierwise serve --upstream simulator

acceptance: $(READY)  ## run the real clients, from npm, against gateway and simulator
	$(BIN)/pytest -m acceptance tests/acceptance -n 2 --reruns 1 -rR --acceptance-report tests/acceptance/report.json
	$(BIN)/python tools/clients_table.py --check

FUZZ_SECONDS ?= 60
fuzz: $(READY)  ## feed every reader of files and prompts with made-up text (FUZZ_SECONDS=60 each)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]'
	for target in skill body prose config prompt; do \
	  $(BIN)/python fuzz/fuzz.py $$target $(FUZZ_SECONDS) -verbosity=0 -print_final_stats=1 || exit 1; done

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "tierwise needs Python 3.11 or newer; \`$(PYTHON)\` is $$($(PYTHON) --version 2>&1)."; \
	  echo "Name one that is: make PYTHON=python3.13 …"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,dev]'
	@touch $@
