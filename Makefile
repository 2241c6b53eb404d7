# `make demo` classifies the demo clip with the default model; `make test` runs the tests.
# Both need python3 (3.11 or newer) with venv, and nothing else.
# `make setup` is for those who change the code: it adds the git hooks of .pre-commit-config.yaml.
# `make models DATA=/path/to/gtzan MORE=/path/to/other/music` trains and exports again what ships;
# `pip download --no-deps musicnn==0.1.0` gets TEACHER.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEPENDENCIES := pyproject.toml workstation/pyproject.toml workstation/hatch_build.py edge_runtime/version.py

.PHONY: demo setup format lint test test-all test-bare bench docs mutants test-arm64 test-armhf
.PHONY: models tiny base plus seed-cnn clean

demo: $(VENV)/.demo
	$(BIN)/edge-genre listen --input demo --speed 4

setup: $(VENV)/.dev
	git rev-parse --git-dir >/dev/null 2>&1 && $(BIN)/pre-commit install || true

# Quick, and right on any machine: what a missing system package makes impossible is skipped.
PYTEST = $(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder

test: $(VENV)/.dev
	$(PYTEST) -m "not slow"

# Real trainings and long property tests, too.
test-all: $(VENV)/.dev
	HYPOTHESIS_PROFILE=ci $(PYTEST)

# As an ordinary user, where no system package of the tests can be found. Needs root on Linux.
test-bare: $(VENV)/.dev
	tests/bare.sh $(PYTEST) -m "not slow" -p no:cacheprovider

# The kernels beside their peers, compared with the last run on this machine (.benchmarks/ keeps them);
# JSON=FILE writes one down.
bench: $(VENV)/.dev
	$(BIN)/python -m pytest benchmarks/test_kernels.py --benchmark-autosave --benchmark-compare \
		--benchmark-columns=median,iqr,ops --benchmark-sort=name $(if $(JSON),--benchmark-json=$(JSON))

# What is generated is up to date, what the pages point to is there, and the site can be built: open
# build/site/index.html.
docs: $(VENV)/.dev
	$(BIN)/python -m benchmarks.report.performance_page --check
	$(BIN)/python -m pytest -q tests/test_docs.py
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet --site-dir build/site

# Small faults put into the modules that [tool.mutmut] names: do the quick tests notice? SAMPLE faults a
# module, of MODULES alone if that is given; minutes each. `make mutants MODULES=edge_runtime.decoder`
mutants: $(VENV)/.dev
	$(BIN)/python -m benchmarks.mutants --sample $(or $(SAMPLE),25) $(MODULES)

# Our wheel on an emulated ARM: right or wrong, never how fast. Needs root on Debian, ten minutes.
test-arm64 test-armhf: test-%: $(VENV)/.dev
	PYTHON=$(BIN)/python benchmarks/arm/run.sh $* benchmarks/results/$*.log

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# DATA holds the clips and SPLIT (columns id, genre, split, path); MORE is a folder of any other music.
TEACHER ?= musicnn-0.1.0-py3-none-any.whl
SPLIT ?= $(DATA)/tracks-more.csv
TRAIN = $(BIN)/edge-genre train $(DATA) --split $(SPLIT) --overwrite
EXPORT = $(BIN)/edge-genre export --format tflite
MORE_MUSIC = $(if $(MORE),--more-music $(MORE))
OF_MUSICNN = --licence "Apache-2.0, with parts under ISC (THIRD_PARTY.md; see also the card: the training music has no licence of its own)" \
	--attribution "Begins with MusiCNN (Pons and Serra, 2019; copyright Music Technology Group, Universitat Pompeu Fabra, ISC licence); styles taught by YAMNet (Plakal and Ellis, 2019; Apache-2.0); last layer trained on part of GTZAN (Tzanetakis and Cook, 2002)"

REFIT = $(BIN)/edge-genre refit --split $(SPLIT) --overwrite

OF_BOTH = --licence "Apache-2.0, with parts under ISC (THIRD_PARTY.md; see also the card: the training music has no licence of its own)" \
	--attribution "Begins with MusiCNN (Pons and Serra, 2019; copyright Music Technology Group, Universitat Pompeu Fabra, ISC licence) and YAMNet (Plakal and Ellis, 2019; copyright The TensorFlow Authors, Apache-2.0); last layer trained on part of GTZAN (Tzanetakis and Cook, 2002)"

models: tiny base plus seed-cnn

tiny: $(VENV)/.dev
	$(TRAIN) --model tiny --teacher $(TEACHER) $(MORE_MUSIC) --out runs/tiny
	$(EXPORT) runs/tiny --quantize dynamic --out edge_runtime/bundled/tiny.tflite --name tiny --model-version 1.2 $(OF_MUSICNN)

base: $(VENV)/.dev
	$(TRAIN) --model base --teacher $(TEACHER) $(MORE_MUSIC) --out runs/base
	$(REFIT) runs/base $(DATA) $(MORE_MUSIC) --out runs/base-all
	$(EXPORT) runs/base-all --quantize dynamic --out edge_runtime/bundled/base.tflite --name base --model-version 0.5 $(OF_MUSICNN)

plus: $(VENV)/.dev
	$(TRAIN) --model plus --teacher $(TEACHER) $(MORE_MUSIC) --out runs/plus
	$(REFIT) runs/plus $(DATA) $(MORE_MUSIC) --out runs/plus-all
	$(EXPORT) runs/plus-all --quantize dynamic --out edge_runtime/bundled/plus.tflite --name plus --model-version 0.1 $(OF_BOTH)

seed-cnn: $(VENV)/.dev
	$(TRAIN) --model seed-cnn --gain-db 15 --learning-rate 3e-4 --out runs/seed-cnn
	$(EXPORT) runs/seed-cnn --quantize auto --out edge_runtime/bundled/seed-cnn.tflite \
		--name seed-cnn-gtzan --model-version 1.0 \
		--licence "Apache-2.0 (see the card: the training music has no licence of its own)" \
		--attribution "Trained on part of GTZAN (Tzanetakis and Cook, 2002)"
	sed -e '/\.png)$$/d' -e '/^## Training$$/d' runs/seed-cnn/report.md > edge_runtime/bundled/SEED_CNN_REPORT.md

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
	$(BIN)/python -m pip install --quiet --editable ".[dev]" --editable ./workstation
	touch $@ $(VENV)/.demo
