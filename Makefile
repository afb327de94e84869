# Everything a newcomer needs. Each target makes the virtual environment when it is missing.
.DEFAULT_GOAL := help
SHELL := /bin/bash

PYTHON ?= python3.11
VENV ?= .venv
BIN := $(VENV)/bin
# stages run as `python -m stages.…`: the environment's python comes first
export PATH := $(CURDIR)/$(BIN):$(PATH)
export DVC_NO_ANALYTICS := 1

.PHONY: help install repro test test-fast check format docs clean

help: ## show this help
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $@

install: $(VENV)/.installed ## set up the virtual environment in .venv

repro: install ## set up, then run the pipeline: data → models → metrics/metrics.json
	$(BIN)/dvc repro
	$(BIN)/gwangye scores
	@echo "The whole run as one page: metrics/report.html"

test: install ## set up (a browser too, if apt-get may), then run all tests
	bash .ci/browser
	$(BIN)/python -m pytest -n 2 --dist loadscope --no-loadscope-reorder

test-fast: install ## set up, then run the tests without DVC, training and browsers: under a minute
	$(BIN)/python -m pytest -n 2 -m "not pipeline and not slow and not browser"

check: install ## set up, then check formatting, lint, types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

format: install ## set up, then format and fix what can be fixed
	$(BIN)/ruff check --fix-only .
	$(BIN)/ruff format .

docs: install ## set up, then write the generated pages of docs/
	$(BIN)/python docs/generate.py

clean: ## remove the virtual environment and caches (DVC's cache stays)
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache build *.egg-info
