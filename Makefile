# Two commands do everything on a fresh machine with Python 3.11+: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
APP := $(VENV)/.app-installed
DEV := $(VENV)/.dev-installed
PEERS := .venv-bench
BENCH := $(PEERS)/.installed

.DEFAULT_GOAL := help
.PHONY: help demo test check lint types imports docs bench accuracy clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "deltarule needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V 2>&1). Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(APP): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[app]'
	@touch $@

$(DEV): pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@ $(APP)

demo: $(APP)  ## set up, train on a real table, print the result
	$(BIN)/python examples/demo.py

test: $(DEV)  ## set up, run every test
	PYTHONWARNDEFAULTENCODING=1 $(BIN)/python -m pytest -n auto --dist worksteal

lint: $(DEV)  ## style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(DEV)  ## pyright, strict on src
	$(BIN)/pyright

imports: $(DEV)  ## each room imports only from rooms above it
	$(BIN)/lint-imports

check: lint types imports test  ## everything that must be green before a commit

docs: $(DEV)  ## make the pages that are read off the program: docs/options.md, docs/public-names.md
	$(BIN)/python docs/make.py

$(BENCH): pyproject.toml benchmarks/requirements.txt
	$(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --requirement benchmarks/requirements.txt --editable .
	@touch $@

bench: $(BENCH)  ## set up the peers (two gigabytes), measure speed beside them, renew docs/performance.md
	$(PEERS)/bin/python benchmarks/speed.py --write docs/performance.md
	$(PEERS)/bin/python benchmarks/neighbours.py --write docs/performance.md
	$(PEERS)/bin/python benchmarks/costs.py --write docs/performance.md
	$(PEERS)/bin/python benchmarks/estimators.py --write docs/performance.md
	$(PEERS)/bin/python benchmarks/products.py --write docs/performance.md
	$(PEERS)/bin/python benchmarks/explaining.py --write docs/performance.md
	$(PEERS)/bin/python benchmarks/bins.py --write docs/performance.md

accuracy: $(BENCH)  ## set up the peers, measure accuracy beside them (a day for all), renew docs/accuracy.md
	$(PEERS)/bin/python benchmarks/accuracy.py --report docs/accuracy.md

clean:  ## remove what make made
	rm -rf $(VENV) $(PEERS) .pytest_cache .hypothesis .ruff_cache .import_linter_cache demo
