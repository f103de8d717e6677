# The two commands: `make demo`, then `make ui`. Set-up runs once and is reused.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
export RADIOGENOMICS_HOME ?= $(CURDIR)/.radiogenomics
SIMULATED := $(RADIOGENOMICS_HOME)/simulated
PATIENTS ?= 160
SEED ?= 1
STAMP := $(VENV)/.installed

.PHONY: demo ui test check format bench screenshot clean help

help:
	@echo "make demo        simulate a cohort and materialise everything (under 8 minutes on 2 cores)"
	@echo "make ui          Dagster's UI with plots and reports, on 127.0.0.1"
	@echo "make test        the tests"
	@echo "make check       ruff, mypy, import-linter"
	@echo "make bench       speed, as ratios within one run"
	@echo "make screenshot  the README's pictures, by headless Chromium"

$(STAMP): pyproject.toml constraints.txt
	@command -v $(PYTHON) >/dev/null || { echo "$(PYTHON) not found: install Python 3.11 or later, or call make PYTHON=python3"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade pip
	$(BIN)/python -m pip install --quiet --editable ".[dev,dask,postgres]" --constraint constraints.txt
	@touch $(STAMP)

$(SIMULATED)/cohort.yaml: | $(STAMP)
	$(BIN)/radiogenomics simulate $(SIMULATED) --patients $(PATIENTS) --seed $(SEED)

demo: $(STAMP) $(SIMULATED)/cohort.yaml
	$(BIN)/radiogenomics run pipelines/cohorts/simulated.yaml
	@echo
	@echo "Next: make ui"

ui: $(STAMP)
	$(BIN)/radiogenomics ui

test: $(STAMP)
	$(BIN)/python -m pytest -n 2 --dist loadfile

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(STAMP)
	$(BIN)/python -m tests.bench

screenshot: $(STAMP)
	$(BIN)/python docs/screenshot.py

clean:
	rm -rf $(VENV) build *.egg-info
