# Set-up happens once: .venv is made again only when the lock changes.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.lock-installed

.DEFAULT_GOAL := help
.PHONY: help setup test style types rules unit columns keys pictures lock clean
# What is run is said in a line of its own; `make --trace` shows the rest.
.SILENT:

help: ## these lines
	echo "make TARGET, where TARGET is one of:"
	sed -n 's/^\([a-z]*\):.*## \(.*\)/  \1\t\2/p' $(MAKEFILE_LIST) | expand -t 12

setup: $(STAMP) ## .venv with the packages of envs/requirements.lock; once
	echo "$(VENV) is ready"

$(STAMP): envs/requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with make PYTHON=python3.x")'
	echo "setting up $(VENV): some 2 GB of packages, minutes"
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --requirement envs/requirements.lock
	touch $@

test: setup style ## everything: style, unit tests, whole-pipeline runs, a cluster
	echo "all tests"
	$(VENV)/bin/python -m pytest

style: setup ## ruff, snakefmt, snakemake --lint, import-linter, mypy
	$(MAKE) --no-print-directory -j2 types rules

# The types take longest: what else is checked is checked beside them.
types: setup
	echo "mypy"
	$(VENV)/bin/mypy

rules: setup
	echo "ruff"
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	echo "snakefmt"
	$(VENV)/bin/snakefmt --check Snakefile workflow/rules
	echo "snakemake --lint"
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/snakemake --lint
	echo "import-linter"
	PYTHONPATH=workflow/scripts $(VENV)/bin/lint-imports

unit: setup ## the tests without whole-pipeline runs and the cluster
	echo "tests without whole-pipeline runs and the cluster"
	$(VENV)/bin/python -m pytest -m "not pipeline and not cluster"

pictures: setup ## those of README and docs that are stale
	$(VENV)/bin/python docs/made/draw_pictures.py

# In an environment of its own.
lock: ## envs/requirements.in resolved anew
	echo "resolving envs/requirements.in"
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --requirement envs/requirements.in
	(echo '# Made by `make lock` from requirements.in; edit that file, not this one.'; \
	 .venv-lock/bin/python -m pip freeze --exclude setuptools | sed 's/+cpu$$//') > envs/requirements.lock
	rm -rf .venv-lock

columns: setup ## docs/columns.md, from the dictionary of columns
	$(VENV)/bin/python workflow/scripts/describe_columns.py --output docs/columns.md

keys: setup ## config/README.md, from config.yaml and its schema
	$(VENV)/bin/python workflow/scripts/describe_config.py --output config/README.md

clean: ## results/ and Snakemake's notes away
	echo "removing results and .snakemake"
	rm -rf results/* .snakemake
