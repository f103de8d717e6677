# The two commands: `make demo`, then `make ui`. Set-up runs once and is reused.
PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
export RADIOGENOMICS_HOME ?= $(CURDIR)/.radiogenomics
SIMULATED := $(RADIOGENOMICS_HOME)/simulated
PATIENTS ?= 160
SEED ?= 1
STAMP := $(VENV)/.installed

.PHONY: demo ui test check format bench screenshot study-evaluation study-survival study-missing-modalities study-drafts study-robustness study-embeddings study-fusion-weights study-learners study-prespecified results clean help

help:
	@echo "make demo        simulate a cohort and materialise everything (6 to 11 minutes on 2 cores)"
	@echo "make ui          Dagster's UI with plots and reports, on 127.0.0.1"
	@echo "make test        the tests"
	@echo "make check       ruff, mypy, import-linter"
	@echo "make bench       speed, as ratios within one run"
	@echo "make study-evaluation  the evaluation against known truth: docs/study_evaluation.md (about 30 minutes)"
	@echo "make study-survival  the same for times to an event: docs/study_survival.md (about 2 minutes)"
	@echo "make results     the public cohorts, evaluated: docs/results.md (needs RADIOGENOMICS_DATA, about 25 minutes)"
	@echo "make study-missing-modalities  what a missing modality costs: docs/study_missing_modalities.md (about 5 minutes)"
	@echo "make study-robustness  which features survive on real CTs: docs/robustness.md (needs RADIOGENOMICS_DATA, about 40 minutes)"
	@echo "make study-embeddings  what networks add to radiomics: docs/study_embeddings.md (about an hour; sarcomas too with RADIOGENOMICS_DATA)"
	@echo "make study-drafts  draft contours against drawn ones: docs/draft_contours.md (needs RADIOGENOMICS_DATA, about 10 minutes)"
	@echo "make study-fusion-weights  how late fusion weighs its modalities: docs/study_fusion_weights.md (about 5 minutes)"
	@echo "make study-learners  which learner speaks for a modality: docs/study_learners.md (a few minutes)"
	@echo "make study-prespecified  what naming predictors beforehand is worth: docs/study_prespecified.md (a few minutes)"
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
	$(BIN)/python -m pytest -n 2 --dist loadfile --no-loadscope-reorder

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

study-evaluation: $(STAMP)
	$(BIN)/radiogenomics study-evaluation

study-survival: $(STAMP)
	$(BIN)/radiogenomics study-evaluation --part survival

PUBLIC := nsclc_radiogenomics nsclc_pd1_msk_2018 sts_metastasis
results: $(STAMP)
	for cohort in $(PUBLIC); do $(BIN)/radiogenomics run pipelines/cohorts/$$cohort.yaml || exit; done
	$(BIN)/radiogenomics results-page

study-missing-modalities: $(STAMP)
	$(BIN)/radiogenomics study-missing-modalities

study-robustness: $(STAMP)
	$(BIN)/radiogenomics study-robustness $${RADIOGENOMICS_DATA:?name the folder that holds the public data}

study-embeddings: $(STAMP)
	$(BIN)/radiogenomics study-embeddings

study-drafts: $(STAMP)
	$(BIN)/radiogenomics study-drafts $${RADIOGENOMICS_DATA:?name the folder that holds the public data}

study-fusion-weights: $(STAMP)
	$(BIN)/radiogenomics study-fusion-weights

study-learners: $(STAMP)
	$(BIN)/radiogenomics study-learners

study-prespecified: $(STAMP)
	$(BIN)/radiogenomics study-prespecified

screenshot: $(STAMP)
	$(BIN)/python docs/screenshot.py

clean:
	rm -rf $(VENV) build *.egg-info
