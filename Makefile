# Set-up happens once: .venv is made again only when the lock changes.
PYTHON ?= python3
VENV := .venv
STAMP := $(VENV)/.lock-installed

.PHONY: setup test style unit lock columns clean

setup: $(STAMP)

$(STAMP): envs/requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; name one with make PYTHON=python3.x")'
	test -x $(VENV)/bin/python || $(PYTHON) -m venv $(VENV)
	$(VENV)/bin/python -m pip install --quiet --requirement envs/requirements.lock
	touch $@

# Everything: style, unit tests, whole-pipeline runs.
test: setup style
	$(VENV)/bin/python -m pytest

style: setup
	$(VENV)/bin/ruff check .
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/snakefmt --check Snakefile workflow/rules
	PATH="$(CURDIR)/$(VENV)/bin:$$PATH" $(VENV)/bin/snakemake --lint
	PYTHONPATH=workflow/scripts $(VENV)/bin/lint-imports
	$(VENV)/bin/mypy

# Only the fast tests, without whole-pipeline runs and the SLURM cluster.
unit: setup
	$(VENV)/bin/python -m pytest -m "not pipeline and not cluster"

# Resolve envs/requirements.in afresh, in an environment of its own.
lock:
	rm -rf .venv-lock && $(PYTHON) -m venv .venv-lock
	.venv-lock/bin/python -m pip install --quiet --requirement envs/requirements.in
	(echo '# Made by `make lock` from requirements.in; edit that file, not this one.'; \
	 .venv-lock/bin/python -m pip freeze --exclude setuptools | sed 's/+cpu$$//') > envs/requirements.lock
	rm -rf .venv-lock

# The page about columns, from their dictionary.
columns: setup
	$(VENV)/bin/python workflow/scripts/describe_columns.py --output docs/columns.md

clean:
	rm -rf results/* .snakemake
