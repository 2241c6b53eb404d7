# `make demo` hears the demo clip with the bundled model; `make test` runs the tests.
# Both need python3 (3.11 or newer) with venv, and nothing else.
# `make model DATA=/path/to/gtzan` trains and exports the bundled model again.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := pyproject.toml edge_runtime/__init__.py

.PHONY: demo test lint format model clean

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

# DATA holds the clips and tracks.csv (columns id, genre, split, path).
model: $(VENV)/.dev
	$(BIN)/edge-genre train $(DATA) --model seed-cnn --split $(DATA)/tracks.csv \
		--gain-db 15 --learning-rate 3e-4 --out runs/bundled --overwrite
	$(BIN)/edge-genre export runs/bundled --format tflite --quantize auto \
		--out edge_runtime/bundled/genre.tflite --name seed-cnn-gtzan --model-version 1.0 \
		--licence "Apache-2.0 (see MODEL_CARD.md: the training music has no licence of its own)" \
		--attribution "Trained on part of GTZAN (Tzanetakis and Cook, 2002)"
	sed -e '/\.png)$$/d' -e '/^## Training$$/d' runs/bundled/report.md > edge_runtime/bundled/TRAINING_REPORT.md

clean:
	rm -rf $(VENV) build dist

$(VENV)/.made:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "edge-genre needs Python 3.11 or newer; try: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv --clear $(VENV)
	touch $@

$(VENV)/.demo: $(VENV)/.made $(DEPENDENCIES)
	$(BIN)/python -m pip install --quiet --editable ".[live]"
	touch $@

$(VENV)/.dev: $(VENV)/.made $(DEPENDENCIES)
	$(BIN)/python -m pip install --quiet --editable ".[dev]"
	touch $@ $(VENV)/.demo
