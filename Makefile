# The two commands of the README, and what CI runs. They need Python 3.11 or later, pip, make and git.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin

.PHONY: help demo test check models clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(BIN)/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

.venv/.installed: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[local]'
	@touch $@

.venv/.installed-dev: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[local,parquet]' --group dev
	@touch $@ .venv/.installed

demo: .venv/.installed ## run the whole job on an embedded model, under 10 minutes on 2 cores
	$(BIN)/autoevol demo

test: .venv/.installed-dev ## run the test suite
	$(BIN)/pytest

check: .venv/.installed-dev ## ruff, mypy strict, pyright strict, the layout of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/pytest tests/test_layout.py

models: .venv/.installed-dev ## fetch the small embedded model that the marked tests use
	$(BIN)/autoevol models pull smollm2-135m

clean: ## remove the environment and what builds left
	rm -rf .venv build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
