# `make demo` hears the demo clip with the bundled model; `make test` runs the tests.
# Both need python3 (3.11 or newer) with venv, and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := pyproject.toml edge_runtime/__init__.py

.PHONY: demo test lint format clean

demo: $(VENV)/.demo
	$(BIN)/edge-genre listen --input demo --speed 4

test: $(VENV)/.dev
	$(BIN)/python -m pytest

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "edge-genre needs Python 3.11 or newer; try: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.demo: $(BIN)/python $(DEPENDENCIES)
	$(BIN)/python -m pip install --quiet --editable ".[live]"
	touch $@

$(VENV)/.dev: $(BIN)/python $(DEPENDENCIES)
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@ $(VENV)/.demo
