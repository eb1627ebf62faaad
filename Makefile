# The two commands of the README, and what CI runs. They need Python 3.11 or later, pip, make and git.
PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
# Tests start the program many times; where nothing compiled may be kept, each start compiles all of it.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test check test-browser test-ecosystem screenshots bench soak models clean

help: ## list the targets
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/'

$(BIN)/python:
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

.venv/.installed: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[local]'
	@touch $@

.venv/.installed-dev: $(BIN)/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[embed,local,parquet,ui]' --group dev
	@touch $@ .venv/.installed

demo: .venv/.installed ## run the whole job on an embedded model, under 10 minutes on 2 cores
	$(BIN)/autoevol demo

test: .venv/.installed-dev ## run the test suite, on all cores
	$(BIN)/pytest --numprocesses=auto --dist=loadfile

check: .venv/.installed-dev ## ruff, mypy strict, pyright strict, the layout of the house
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pyright
	$(BIN)/pytest tests/test_layout.py

.venv-browser/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-browser
	.venv-browser/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-browser/bin/python -m pip install --quiet --editable '.[ui]' --group browser
	@touch $@

test-browser: .venv-browser/.installed ## open every page in the system's Chromium
	.venv-browser/bin/python -m pytest tests/browser --timeout=200

screenshots: .venv-browser/.installed ## take the pictures of the documentation anew
	.venv-browser/bin/python -m tests.browser.screenshots

.venv-ecosystem/.installed: pyproject.toml
	$(PYTHON) -m venv .venv-ecosystem
	.venv-ecosystem/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-ecosystem/bin/python -m pip install --quiet --editable '.[frames,hub,mlflow,otel,parquet,wandb]' --group ecosystem
	@touch $@

test-ecosystem: .venv-ecosystem/.installed ## DSPy, trackers and trainers' readers themselves
	.venv-ecosystem/bin/python -m pytest tests/ecosystem --timeout=300

bench: .venv/.installed-dev ## measure the gateway on the simulated provider, about 25 minutes (benchmarks/README.md)
	$(BIN)/python -m benchmarks.gateway all

soak: .venv/.installed-dev ## kill a job of 2,000 calls at 21 random moments and compare what comes out
	$(BIN)/python -m benchmarks.gateway kill

models: .venv/.installed-dev ## fetch the small embedded model that the marked tests use
	$(BIN)/autoevol models pull smollm2-135m

clean: ## remove the environment and what builds left
	rm -rf .venv .venv-browser .venv-ecosystem build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
